"""Mean and covariance of features, and the files that hold them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ..data.samples import Samples
from ..errors import TrompeError
from ..files import read_npz, write_bytes
from .features import Features, extract
from .neighbors import Vectors

CHUNK = 1000


@dataclass(frozen=True)
class Moments:
    """Mean and covariance (divided by `count - 1`) of features, in float64, and the protocol they were taken by."""

    mean: Float[np.ndarray, " width"]
    covariance: Float[np.ndarray, "width width"]
    count: int
    protocol: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A hash of the values."""
        return hashlib.sha256(self.mean.tobytes() + self.covariance.tobytes()).hexdigest()[:32]


def moments_of(vectors: Vectors, protocol: dict[str, Any] | None = None) -> Moments:
    """Moments of features, which are centered in float64, some at a time, before they are multiplied, so that a mean
    far from zero costs no digits.

    Raises:
        TrompeError: they are of fewer than two images.
    """
    if (count := len(vectors)) < 2:
        raise TrompeError(f"a covariance of {count} images", hint="give at least two")
    mean = vectors.mean(0, dtype=np.float64)
    scatter = np.zeros((len(mean), len(mean)))
    for start in range(0, count, CHUNK):
        centered = vectors[start : start + CHUNK] - mean
        scatter += centered.T @ centered
    return Moments(mean, scatter / (count - 1), count, protocol or {})


def data_moments(space: Features, data: Samples) -> Moments:
    """Moments of samples in a feature space, with both in their protocol."""
    known = {"data": data.name, "fingerprint": data.fingerprint, "size": data.dimensions}
    return moments_of(extract(space, data, keep=True).vectors, space.protocol | known)


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
    """Whether a file is an `.npz` of moments, and not of images."""
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
            mean = kept["mean"].astype(np.float64)
            covariance = np.zeros((len(mean), len(mean)))
            covariance[np.triu_indices(len(mean))] = kept["covariance_upper"]
            covariance += np.triu(covariance, 1).T
        if covariance.shape != mean.shape * 2 or not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise ValueError(f"a mean of {mean.shape} with a covariance of {covariance.shape}, or values not finite")
        protocol = json.loads(str(kept["protocol"])) if "protocol" in kept else {}
        return Moments(mean, covariance, int(kept.get("count", 0)), protocol)
    except (ValueError, KeyError, TypeError) as error:
        raise TrompeError(
            f"`{path}` holds no moments: {error}",
            hint="they are `.npz` with mean, covariance_upper and count, or with mu and sigma",
        ) from error
