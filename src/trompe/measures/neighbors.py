"""Nearest neighbors by brute force: exact, and in blocks that fit memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from ..errors import TrompeError

VALUES = 20_000_000
"""Distances held at a time."""
CANDIDATES = 4
"""For a nearest neighbor, found in float32 and measured again."""
ROWS = 2000

Vectors = Float[np.ndarray, "_ _"]
"""Features, a row per image; `check_widths` compares their widths."""


def squared_distances(first: Vectors, second: Vectors) -> Iterator[tuple[slice, Float[Tensor, "block other"]]]:
    """Squared Euclidean distances in blocks of rows of `first`. Both sets are centered, so that the difference of large
    numbers costs few digits.

    Raises:
        TrompeError: the sets have features of different widths.
    """
    check_widths(first, second)
    center = torch.from_numpy(second.mean(0, dtype=np.float64)).double()
    others = torch.from_numpy(second).double() - center
    lengths = others.square().sum(1)
    rows = max(1, VALUES // len(second))
    for start in range(0, len(first), rows):
        part = torch.from_numpy(first[start : start + rows]).double() - center
        squares = torch.addmm(lengths.expand(len(part), -1), part, others.T, alpha=-2)
        squares += part.square().sum(1, keepdim=True)
        yield slice(start, start + len(part)), squares.clamp_min_(0)


def check_widths(first: Vectors, second: Vectors) -> None:
    if first.shape[1] != second.shape[1]:
        raise TrompeError(
            f"{first.shape[1]} features an image against {second.shape[1]}",
            hint="are the images of one size and color? `--size` brings them to one",
        )


def nearest(
    first: Vectors, second: Vectors, *, but: Int[np.ndarray, " count"] | None = None
) -> tuple[Float[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """The distance of each row of `first` to its nearest row of `second`, and which that is: the nearest few are found
    in float32, and measured in float64 as differences, so that a copy is at 0.

    Args:
        but: of each row of `first`, the row of `second` that is itself, and no neighbor.
    """
    check_widths(first, second)
    candidates = min(CANDIDATES + (but is not None), len(second))
    search = NearestNeighbors(n_neighbors=candidates, algorithm="brute").fit(second)
    distances, places = np.empty(len(first)), np.empty(len(first), np.int64)
    for start in range(0, len(first), ROWS):
        rows = slice(start, start + ROWS)
        found = search.kneighbors(first[rows], return_distance=False)
        differences = [first[rows].astype(np.float64) - second[candidate] for candidate in found.T]
        exact = np.stack([np.sqrt(np.einsum("nd,nd->n", one, one)) for one in differences], 1)
        if but is not None:
            exact[found == but[rows, None]] = np.inf
        best = exact.argmin(1)[:, None]
        distances[rows] = np.take_along_axis(exact, best, 1)[:, 0]
        places[rows] = np.take_along_axis(found, best, 1)[:, 0]
    return distances, places


def radii(vectors: Vectors, neighbors: int) -> Float[np.ndarray, " count"]:
    """The squared distance of each row to its `neighbors`-th nearest other row."""
    result = np.empty(len(vectors))
    for rows, squares in squared_distances(vectors, vectors):
        squares.diagonal(rows.start).fill_(torch.inf)
        result[rows] = squares.topk(neighbors, dim=1, largest=False).values[:, -1].numpy()
    return result
