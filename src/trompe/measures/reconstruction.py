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

SHUFFLED = 2000
"""Pictures that are shuffled to see what passes."""


def squared_errors(model: Model, images: Tensor, labels: Tensor | None) -> Float[Tensor, " batch"]:
    """Squared error of each reconstruction, summed over the picture in grey levels of [0, 1]; a linear output is taken
    as it is, as for the published figures of PCA.
    """
    difference = model.expected(model.encode(images, labels), labels) - images
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
    """The share of a picture's own variation that comes back of pictures whose pixels are shuffled, each by its own
    order: 1 for the identity, which returns whatever it is given, and 0 for a model that knows its own kind alone.
    """
    part = data.take(slice(0, SHUFFLED))
    flat = part.images.reshape(len(part), -1)
    order = np.stack(
        [numpy_generator(seed, Stream.MEASURE, place).permutation(flat.shape[1]) for place in range(len(flat))]
    )
    shuffled = np.take_along_axis(flat, order, 1).reshape(part.images.shape)
    labels = None if run.model.num_classes == 0 else part.labels
    error = float(run.apply(squared_errors, shuffled, labels).mean())
    levels = as_floats(torch.from_numpy(shuffled)).flatten(1).double()
    variation = float((levels - levels.mean(1, keepdim=True)).square().sum(1).mean())
    return max(0.0, 1 - error / max(variation, 1e-12))


def standardised(run: Run) -> float | None:
    """The square of the one number that standardised pictures are divided by, where the model has one."""
    decoder = run.model.decoder
    if isinstance(decoder, MLPDecoder) and decoder.standardise is not None:
        return float(decoder.standardise.scale) ** 2
    return None
