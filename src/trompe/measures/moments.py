"""Mean and covariance of features, and the files that hold them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
from jaxtyping import Float
from scipy.linalg.lapack import dpstrf

from ..data.samples import Samples
from ..errors import TrompeError
from ..files import read_npz, write_bytes
from ..text import printable
from .features import Features, extract
from .neighbors import Vectors, check_features

CHUNK = 1000
TOLERANCE = 1e-4
"""Part of the largest value by which a covariance may differ from its transpose, or from the product of its factor;
rounding to float32 costs a hundredth of it.
"""
PROTOCOL = pydantic.TypeAdapter(dict[str, str | int | float | bool | None])


@dataclass(frozen=True)
class Moments:
    """Mean and covariance (divided by `count - 1`) of features, in float64, and the protocol they were taken by. A
    count of 0 is one that is not known.

    Raises:
        TrompeError: they are no mean and covariance: of other shapes, not finite, or not symmetric.
    """

    mean: Float[np.ndarray, " width"]
    covariance: Float[np.ndarray, "width width"]
    count: int
    protocol: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if reason := no_moments(self.mean, self.covariance, self.count):
            raise TrompeError(f"{reason}: no moments", hint="take them by `moments_of`, or read them from a file")

    @property
    def fingerprint(self) -> str:
        """A hash of the values."""
        return hashlib.sha256(self.mean.tobytes() + self.covariance.tobytes()).hexdigest()[:32]


def moments_of(vectors: Vectors, protocol: dict[str, Any] | None = None) -> Moments:
    """Moments of features, which are centered in float64, some at a time, before they are multiplied, so that a mean
    far from zero costs no digits.

    Raises:
        TrompeError: they are of fewer than two images, or not finite.
    """
    check_features(vectors=vectors)
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


def factor(covariance: Float[np.ndarray, "width width"]) -> Float[np.ndarray, "width rank"]:
    """`L` with `covariance = L L'`, by Cholesky with pivoting, which stops where a singular matrix ends.

    Raises:
        TrompeError: something is left where it stops: the matrix has negative eigenvalues.
    """
    lower, pivots, rank, _ = dpstrf(covariance, lower=1)
    result = np.zeros((len(covariance), rank))
    result[pivots - 1] = np.tril(lower)[:, :rank]
    last = pivots[rank:] - 1
    left = np.abs(covariance[np.ix_(last, last)] - result[last] @ result[last].T).max(initial=0)
    if not left <= TOLERANCE * np.abs(covariance).max(initial=0):
        raise TrompeError("a covariance with negative eigenvalues is none", hint="take the moments anew")
    return result


def no_moments(mean: np.ndarray, covariance: np.ndarray, count: int) -> str | None:
    """What keeps arrays from being the mean and covariance of this many features, or `None`. That no eigenvalue is
    negative is found where the covariance is factored.
    """
    if mean.ndim != 1 or not len(mean) or covariance.shape != mean.shape * 2:
        return f"a mean of {mean.shape} with a covariance of {covariance.shape}"
    if mean.dtype != np.float64 or covariance.dtype != np.float64:
        return f"a mean of {mean.dtype} with a covariance of {covariance.dtype}, not float64"
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        return "values not finite"
    if np.diagonal(covariance).min() < 0:
        return "a negative variance"
    if np.abs(covariance - covariance.T).max() > TOLERANCE * np.abs(covariance).max():
        return "a covariance that is not symmetric"
    return None if 0 <= count < 2**53 else f"a count of {count}"


def moments_in(source: str | Path) -> Moments | None:
    """The moments in a file, or `None` where it is no `.npz` of moments, but of images, by the names of its arrays."""
    path, names = Path(source), set[str]()
    if path.suffix == ".npz":
        with suppress(OSError, ValueError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            names.update(archive.namelist())
    return read_moments(path) if names & {"mean.npy", "mu.npy"} else None


def read_moments(path: Path) -> Moments:
    """Moments that `save_moments` wrote, or the `mu` and `sigma` of other tools, which come without a protocol.

    Raises:
        TrompeError: the file holds none.
    """
    kept = read_npz(path)
    try:
        mean = floats(kept, "mu" if "mu" in kept else "mean")
        covariance = floats(kept, "sigma") if "mu" in kept else symmetric(floats(kept, "covariance_upper"), mean.size)
        count = kept.get("count", np.array(0))
        if count.ndim or count.dtype.kind not in "iu":
            raise ValueError(f"a count of {count.dtype} {count.shape}")
        protocol = PROTOCOL.validate_json(str(kept["protocol"]), strict=True) if "protocol" in kept else {}
        if reason := no_moments(mean, covariance, int(count)):
            raise ValueError(reason)
        factor(covariance)
    except (ValueError, MemoryError, TrompeError) as error:
        reason = "a protocol that is none" if isinstance(error, pydantic.ValidationError) else str(error).split("\n")[0]
        raise TrompeError(
            f"`{path}` holds no moments: {reason}",
            hint="they are `.npz` with mean, covariance_upper and count, or with mu and sigma",
        ) from error
    known = {printable(name): printable(one) if isinstance(one, str) else one for name, one in protocol.items()}
    return Moments(mean, covariance, int(count), known)


def floats(kept: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in kept:
        raise ValueError(f"there is no array `{name}`")
    if kept[name].dtype.kind not in "fiu":
        raise ValueError(f"`{name}` is of {kept[name].dtype}")
    return kept[name].astype(np.float64)


def symmetric(upper: np.ndarray, width: int) -> Float[np.ndarray, "width width"]:
    """The matrix of which these are the rows from the diagonal on."""
    if upper.shape != (width * (width + 1) // 2,):
        raise ValueError(f"a mean of {width} with `covariance_upper` of {upper.shape}")
    result = np.zeros((width, width))
    result[np.triu_indices(width)] = upper
    return result + np.triu(result, 1).T
