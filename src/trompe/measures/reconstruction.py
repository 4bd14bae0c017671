"""What comes back: errors of reconstruction, and whether a model merely learned to copy."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import as_floats
from ..model import Model
from ..nets import MLPDecoder
from ..rng import Stream, numpy_generator
from ..run import Run

HOLED = 2000
HOLES = 0.3
"""So many pictures lose this share of their pixels to see what passes."""


def squared_errors(model: Model, images: Tensor, labels: Tensor | None) -> Float[Tensor, " batch"]:
    """Squared error of each reconstruction, summed over the picture in grey levels of [0, 1]; a linear output is taken
    as it is, as for the published figures of PCA.
    """
    difference = expected(model, images, labels) - images
    return difference.square().flatten(1).sum(1).double()


def squared_error(run: Run, data: ImageData) -> float:
    """The mean of `squared_errors` over pictures."""
    return float(run.apply(squared_errors, data).mean())


def mean_variance(data: ImageData) -> float:
    """The variance of a pixel over the pictures, averaged over the pixels, in grey levels of [0, 1]."""
    return float(
        np.mean([(row / 255).var(0).mean() for row in np.array_split(data.images.reshape(len(data), -1), 64, 1)])
    )


def copying(run: Run, data: ImageData, seed: int = 0) -> float:
    """How much of what is wrong with a picture the reconstruction passes on: 30 % of the pixels of the first pictures
    are set to zero, and the squared change of the reconstruction is compared with that of the picture. The identity,
    which an over-complete autoencoder may learn, passes on all of it, 1; what restores pictures, nothing.
    """
    part = data.take(slice(0, HOLED))
    flat = part.images.reshape(len(part), -1)
    holes = np.stack([numpy_generator(seed, Stream.MEASURE, i).random(flat.shape[1]) < HOLES for i in range(len(flat))])
    holed = np.where(holes, 0, flat).astype(np.uint8).reshape(part.images.shape)
    labels = None if run.model.num_classes == 0 else part.labels
    whole, changed = (run.apply(expected, images, labels) for images in (part.images, holed))
    given = (as_floats(torch.from_numpy(holed)) - part.images_as_floats()).square().sum()
    return float((changed - whole).square().sum() / given.clamp(min=1e-12))


def expected(model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
    return model.expected(model.encode(images, labels), labels)


def standardised(run: Run) -> float | None:
    """The square of the one number that standardised pictures are divided by, where the model has one."""
    decoder = run.model.decoder
    if isinstance(decoder, MLPDecoder) and decoder.standardise is not None:
        return float(decoder.standardise.scale) ** 2
    return None
