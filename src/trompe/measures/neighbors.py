"""Nearest neighbors by brute force: exact, and in blocks that fit memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from ..errors import TrompeError
from ..terminal import tracked

VALUES = 20_000_000
"""Distances held at a time."""
CANDIDATES = 4
"""For a nearest neighbor, found in float32 and measured again."""
ROWS = 2000
LARGEST = 1e15
"""Squares of larger features leave float32."""

Vectors = Float[np.ndarray, "_ _"]
"""Features, a row per image; `check_features` compares their widths."""


def squared_distances(first: Vectors, second: Vectors) -> Iterator[tuple[slice, Float[Tensor, "block other"]]]:
    """Squared Euclidean distances in blocks of rows of `first`. Both sets are centered, so that the difference of large
    numbers costs few digits; what is less than their rounding is 0, so that equal rows are at no distance.
    """
    center = torch.from_numpy(second.mean(0, dtype=np.float64)).double()
    others = torch.from_numpy(second).double() - center
    lengths = others.square().sum(1)
    unresolved = 16 * second.shape[1] ** 0.5 * torch.finfo(torch.float64).eps
    rows = max(1, VALUES // len(second))
    with tracked("distances between features", len(first)) as advance:
        for start in range(0, len(first), rows):
            part = torch.from_numpy(first[start : start + rows]).double() - center
            squares = torch.addmm(lengths.expand(len(part), -1), part, others.T, alpha=-2)
            own = part.square().sum(1, keepdim=True)
            squares += own
            yield slice(start, start + len(part)), squares.masked_fill_(squares <= unresolved * own, 0)
            advance(len(part))


def check_features(**sets: Vectors) -> None:
    """Refuse features that no measure can be taken of, by the names of their sets.

    Raises:
        TrompeError: a set is no array `(count, width)`, its widths are others than those of the set before it, or
            some of its rows are not finite numbers of less than 1e15.
    """
    widths: list[int] = []
    for name, vectors in sets.items():
        if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
            shape = getattr(vectors, "shape", None)
            given = type(vectors).__name__ if shape is None else f"{type(vectors).__name__} {tuple(shape)}"
            raise TrompeError(f"`{name}` is {given}", hint="give an array of numbers, one row per image")
        widths.append(vectors.shape[1])
        if widths[-1] != widths[0]:
            raise TrompeError(
                f"{widths[0]} features an image against {widths[-1]}",
                hint="are the images of one size and color? `--size` brings them to one",
            )
        bad = sum(
            int((~(np.abs(vectors[start : start + ROWS].astype(np.float64)) < LARGEST)).any(1).sum())
            for start in range(0, len(vectors), ROWS)
        )
        if bad:
            raise TrompeError(
                f"{bad:,} of the {len(vectors):,} rows of `{name}` hold features that are not finite, or beyond "
                f"{LARGEST:g}",
                hint="look at the network they come from, and at its inputs",
            )


def nearest(
    first: Vectors, second: Vectors, *, but: Int[np.ndarray, " count"] | None = None
) -> tuple[Float[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """The distance of each row of `first` to its nearest row of `second`, and which that is: the nearest few are found
    in float32, and measured in float64 as differences, so that a copy is at 0.

    Args:
        but: of each row of `first`, the row of `second` that is itself, and no neighbor.
    """
    check_features(first=first, second=second)
    candidates = min(CANDIDATES + (but is not None), len(second))
    search = NearestNeighbors(n_neighbors=candidates, algorithm="brute").fit(second)
    distances, places = np.empty(len(first)), np.empty(len(first), np.int64)
    with tracked("nearest neighbors", len(first)) as advance:
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
            advance(len(first[rows]))
    return distances, places


def radii(vectors: Vectors, neighbors: int) -> tuple[Float[Tensor, " count"], Float[Tensor, " count"]]:
    """The squared distance of each row to its `neighbors`-th nearest other row, and how many rows equal it, itself
    among them.
    """
    reach, equal = torch.empty(2, len(vectors), dtype=torch.float64)
    for rows, squares in squared_distances(vectors, vectors):
        equal[rows] = (squares == 0).sum(1).double()
        squares.diagonal(rows.start).fill_(torch.inf)
        reach[rows] = squares.topk(neighbors, dim=1, largest=False).values[:, -1]
    return reach, equal
