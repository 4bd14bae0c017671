"""Nearest neighbours by brute force: exact, and in blocks that fit memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import TrompeError

NUMBERS = 20_000_000
"""Distances held at a time."""
CANDIDATES = 4
"""Of a nearest neighbour, found in float32 and measured again."""

Vectors = Float[np.ndarray, "count width"]


def squared_distances(
    first: Vectors, second: Vectors, precision: torch.dtype = torch.float64
) -> Iterator[tuple[slice, Float[Tensor, "block other"]]]:
    """Squared Euclidean distances in blocks of rows of `first`. Both sets are centred, so that the difference of large
    numbers costs few digits.

    Raises:
        TrompeError: the sets have features of different widths.
    """
    check_widths(first, second)
    centre = torch.from_numpy(second.mean(0, dtype=np.float64)).to(precision)
    others = torch.from_numpy(second).to(precision) - centre
    lengths = others.square().sum(1)
    rows = max(1, NUMBERS // len(second))
    for start in range(0, len(first), rows):
        part = torch.from_numpy(first[start : start + rows]).to(precision) - centre
        squares = torch.addmm(lengths.expand(len(part), -1), part, others.T, alpha=-2)
        squares += part.square().sum(1, keepdim=True)
        yield slice(start, start + len(part)), squares.clamp_min_(0)


def check_widths(first: Vectors, second: Vectors) -> None:
    if first.shape[1] != second.shape[1]:
        raise TrompeError(
            f"{first.shape[1]} features a picture against {second.shape[1]}",
            hint="are the pictures of one size and colour? `--size` brings them to one",
        )


def nearest(
    first: Vectors, second: Vectors, *, but: Int[np.ndarray, " count"] | None = None
) -> tuple[Float[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """The distance of each row of `first` to its nearest row of `second`, and which that is: the nearest few are found
    in float32, and measured in float64 as differences, so that a copy is at 0.

    Args:
        but: of each row of `first`, the row of `second` that is itself, and no neighbour.
    """
    distances, places = np.empty(len(first)), np.empty(len(first), np.int64)
    for rows, squares in squared_distances(first, second, torch.float32):
        if but is not None:
            squares[torch.arange(len(squares)), torch.from_numpy(but[rows])] = torch.inf
        few = squares.topk(min(CANDIDATES, squares.shape[1]), largest=False)
        exact = np.empty(few.indices.shape)
        for place, candidates in enumerate(few.indices.T.numpy()):
            difference = first[rows].astype(np.float64) - second[candidates]
            exact[:, place] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
        exact[few.values.isinf().numpy()] = np.inf
        best = exact.argmin(1)
        distances[rows] = exact[np.arange(len(best)), best]
        places[rows] = few.indices.numpy()[np.arange(len(best)), best]
    return distances, places


def radii(vectors: Vectors, neighbours: int) -> Float[np.ndarray, " count"]:
    """The squared distance of each row to its `neighbours`-th nearest other row."""
    result = np.empty(len(vectors))
    for rows, squares in squared_distances(vectors, vectors):
        squares.diagonal(rows.start).fill_(torch.inf)
        result[rows] = squares.topk(neighbours, dim=1, largest=False).values[:, -1].numpy()
    return result
