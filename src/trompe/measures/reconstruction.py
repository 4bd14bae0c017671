"""What comes back: errors of reconstruction, and whether a model merely learned to copy."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import as_floats
from ..model import Model
from ..nets import MLPEncoder
from ..rng import Stream, numpy_generator
from ..run import Run

HOLED = 2000
TOGETHER = 500
HOLES = 0.3
"""So many pictures, some at a time, lose this share of their pixels to see what passes."""


def squared_errors(model: Model, images: Tensor, labels: Tensor | None) -> Float[Tensor, " batch"]:
    """Squared error of each reconstruction, summed over the picture in grey levels of [0, 1]; a linear output is taken
    as it is, as for the published figures of PCA.
    """
    difference = expected(model, images, labels) - images
    return difference.square().flatten(1).sum(1).double()


def squared_error(run: Run, data: ImageData) -> float:
    """The mean of `squared_errors` over pictures."""
    return float(run.apply(squared_errors, data).mean())


def copying(run: Run, data: ImageData, seed: int = 0) -> float:
    """How much of what is wrong with a picture the reconstruction passes on: 30 % of the pixels of the first pictures
    are set to zero, and the squared change of the reconstruction is compared with that of the picture. The identity,
    which an over-complete autoencoder may learn, passes on all of it, 1; what restores pictures, nothing. So does what
    ignores its input: read it beside the squared error.
    """
    passed, given = 0.0, 0.0
    for start in range(0, min(HOLED, len(data)), TOGETHER):
        part = data.take(slice(start, min(start + TOGETHER, HOLED)))
        holes = np.stack(
            [
                numpy_generator(seed, Stream.MEASURE, start + i).random(part.images[0].size) < HOLES
                for i in range(len(part))
            ]
        )
        holed = np.where(holes.reshape(part.images.shape), 0, part.images).astype(np.uint8)
        labels = None if run.model.num_classes == 0 else part.labels
        whole, changed = (run.apply(expected, images, labels).double() for images in (part.images, holed))
        passed += float((changed - whole).square().sum())
        given += float((as_floats(torch.from_numpy(holed)) - part.images_as_floats()).double().square().sum())
    return passed / max(given, 1e-12)


def expected(model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
    return model.expected(model.encode(images, labels), labels)


def standardised(run: Run) -> float | None:
    """The square of the one number that standardised pictures are divided by, where the model has one."""
    encoder = run.model.encoder
    if isinstance(encoder, MLPEncoder) and encoder.standardise is not None:
        return float(encoder.standardise.scale) ** 2
    return None
