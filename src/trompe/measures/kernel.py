"""The kernel distance between two sets of features (Binkowski et al. 2018)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from .neighbours import check_widths

BLOCK = 1000
FEWEST_BLOCKS = 5


@dataclass(frozen=True)
class KernelDistance:
    """The mean over blocks, its standard error, and how many pictures of each set a block has."""

    distance: float
    standard_error: float
    blocks: int
    block: int


def kernel_distance(
    first: Float[np.ndarray, "count width"], second: Float[np.ndarray, "other width"], *, seed: int = 0
) -> KernelDistance:
    """The squared maximum mean discrepancy under `(x . y / width + 1)^3`, unbiased for any number of pictures.

    The sets are taken to be independent. Each is shuffled by the seed in its own way and cut into blocks of up to
    1,000 that share no picture, so that their values are independent and the error of their mean is what it says;
    blocks drawn with replacement would understate it.

    Raises:
        TrompeError: there are fewer than ten pictures on a side.
    """
    check_widths(first, second)
    count = min(len(first), len(second))
    block = min(BLOCK, count // FEWEST_BLOCKS)
    if block < 2:
        raise TrompeError(f"a kernel distance of {count} pictures", hint="give at least ten on either side")
    blocks = count // block
    left, right = (_shuffled(one, blocks * block, seed, side) for side, one in enumerate((first, second)))
    values = [
        unbiased_discrepancy(left[start : start + block], right[start : start + block])
        for start in range(0, blocks * block, block)
    ]
    return KernelDistance(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(blocks), blocks, block)


def unbiased_discrepancy(first: Float[np.ndarray, "count width"], second: Float[np.ndarray, "other width"]) -> float:
    """Squared maximum mean discrepancy, without the diagonals (Gretton et al. 2012, eq. 3)."""
    within = 0.0
    for one in (first, second):
        kernel = _kernel(one, one)
        within += (kernel.sum() - np.trace(kernel)) / (len(one) * (len(one) - 1))
    return float(within - 2 * _kernel(first, second).mean())


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _shuffled(vectors: np.ndarray, count: int, seed: int, side: int) -> np.ndarray:
    order = numpy_generator(seed, Stream.MEASURE, len(vectors), side).permutation(len(vectors))[:count]
    return vectors[order].astype(np.float64)
