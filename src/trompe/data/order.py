"""The order of the data: a function of (seed, position in the stream), with nothing to save."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int

from ..rng import Stream, numpy_generator


def batch_indices(count: int, batch: int, seed: int, step: int) -> Int[np.ndarray, " batch"]:
    """Indices of the images of one step.

    The stream is one permutation of the whole set after another; a batch may span two of them, so every image is
    seen once an epoch whatever the batch size, which may even exceed the count.
    """
    position = step * batch
    parts = []
    while batch > 0:
        epoch, start = divmod(position, count)
        part = epoch_order(count, seed, epoch)[start : start + batch]
        parts.append(part)
        position += len(part)
        batch -= len(part)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@lru_cache(maxsize=4)
def epoch_order(count: int, seed: int, epoch: int) -> Int[np.ndarray, " count"]:
    return numpy_generator(seed, Stream.ORDER, epoch).permutation(count)
