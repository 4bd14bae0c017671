"""The Frechet distance between Gaussians fitted to features (Heusel et al. 2017), and the moments it is made of."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg.lapack import dpstrf

from ..errors import TrompeError
from ..files import read_npz, write_bytes

Vectors = Float[np.ndarray, "count width"]


@dataclass(frozen=True)
class Moments:
    """Mean and covariance (divided by `count - 1`) of features, in float64, and the protocol they were taken by."""

    mean: Float[np.ndarray, " width"]
    covariance: Float[np.ndarray, "width width"]
    count: int
    protocol: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A hash of the numbers."""
        return hashlib.sha256(self.mean.tobytes() + self.covariance.tobytes()).hexdigest()[:32]


def moments_of(chunks: Iterable[Vectors], protocol: dict[str, Any] | None = None) -> Moments:
    """Moments of features that come in chunks, each centred by itself before it is added (Chan et al. 1983), so that
    a mean far from zero costs no digits.

    Raises:
        TrompeError: they are of fewer than two pictures.
    """
    count, mean, scatter = 0, np.zeros(0), np.zeros((0, 0))
    for chunk in chunks:
        block = chunk.astype(np.float64)
        centre = block.mean(0)
        block -= centre
        within = block.T @ block
        if count == 0:
            count, mean, scatter = len(block), centre, within
            continue
        total, apart = count + len(block), centre - mean
        mean = mean + apart * (len(block) / total)
        scatter = scatter + within + np.outer(apart, apart) * (count * len(block) / total)
        count = total
    if count < 2:
        raise TrompeError(f"a covariance of {count} pictures", hint="give at least two")
    return Moments(mean, scatter / (count - 1), count, protocol or {})


def frechet_distance(first: Moments, second: Moments) -> float:
    """`|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`, in squared units of the features.

    The last trace is the sum of the square roots of the eigenvalues of `S1 S2`, which are the singular values of
    `L1' L2` for any factors `S = L L'`. They are taken as such: nothing is squared, and singular covariances, of fewer
    pictures than features, lose no digits.

    Raises:
        TrompeError: the moments are of features of different widths.
    """
    if first.mean.shape != second.mean.shape:
        raise TrompeError(
            f"moments of {len(first.mean)} features against {len(second.mean)}", hint="take both by one network"
        )
    left, right = factor(first.covariance), factor(second.covariance)
    common = float(torch.linalg.svdvals(torch.from_numpy(left.T @ right)).sum()) if left.size and right.size else 0.0
    apart = float(np.square(first.mean - second.mean).sum())
    return max(0.0, apart + float(np.trace(first.covariance) + np.trace(second.covariance)) - 2 * common)


def factor(covariance: Float[np.ndarray, "width width"]) -> Float[np.ndarray, "width rank"]:
    """`L` with `covariance = L L'`, by Cholesky with pivoting, which stops where a singular matrix ends."""
    lower, pivots, rank, _ = dpstrf(covariance, lower=1)
    result = np.zeros((len(covariance), rank))
    result[pivots - 1] = np.tril(lower)[:, :rank]
    return result


# Moments in files


def save_moments(path: Path, moments: Moments) -> None:
    """Write moments as `.npz`: `mean`, `covariance_upper` (row by row), `count`, and `protocol` as JSON."""
    content = io.BytesIO()
    np.savez(
        content,
        mean=moments.mean,
        covariance_upper=moments.covariance[np.triu_indices(len(moments.mean))],
        count=moments.count,
        protocol=json.dumps(moments.protocol),
    )
    write_bytes(path, content.getvalue())


def holds_moments(path: Path) -> bool:
    """Whether a file is an `.npz` of moments, and not of pictures."""
    return bool({"mean", "mu"} & set(read_npz(path)))


def read_moments(path: Path) -> Moments:
    """Moments that `save_moments` wrote, or the `mu` and `sigma` of other tools, which come without a protocol.

    Raises:
        TrompeError: the file holds none.
    """
    kept = read_npz(path)
    try:
        if {"mu", "sigma"} <= set(kept):
            mean, covariance = kept["mu"].astype(np.float64), kept["sigma"].astype(np.float64)
        else:
            mean, covariance = kept["mean"].astype(np.float64), unfolded(kept["covariance_upper"], len(kept["mean"]))
        if covariance.shape != mean.shape * 2 or not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise ValueError(f"a mean of {mean.shape} with a covariance of {covariance.shape}, or numbers not finite")
        protocol = json.loads(str(kept["protocol"])) if "protocol" in kept else {}
        return Moments(mean, covariance, int(kept.get("count", 0)), protocol)
    except (ValueError, KeyError, TypeError) as error:
        raise TrompeError(
            f"`{path}` holds no moments: {error}",
            hint="they are `.npz` with mean, covariance_upper and count, or with mu and sigma",
        ) from error


def unfolded(upper: Float[np.ndarray, " triangle"], width: int) -> Float[np.ndarray, "width width"]:
    """The symmetric matrix of this upper triangle, which is given row by row."""
    matrix = np.zeros((width, width))
    matrix[np.triu_indices(width)] = upper
    return matrix + np.triu(matrix, 1).T
