"""Whether a model copies its training pictures: held-out pictures say what is honest."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from .neighbours import nearest

PROBED = 5000
"""Training pictures, at most, that say where an honest picture's nearest neighbour is."""
SURE = 3.0
"""Standard errors from which on an excess is called copying,"""
NOTABLE = 0.02
"""and the least share of copies that is."""

Vectors = Float[np.ndarray, "count width"]
Images = UInt8[np.ndarray, "count channels *spatial"]


@dataclass(frozen=True)
class Memorisation:
    """What samples owe to single training pictures.

    Attributes:
        copied_share: how much more often a sample's nearest picture is a training one, not a held-out one, than for
            an honest picture: about 0 for an honest model, 1 for one that only copies.
        standard_error: of `copied_share`.
        distance_ratio: a sample's distance to the training pictures over that to the held-out ones, in the median, over
            the same of an honest picture: about 1 for an honest model, small for copies.
        nearest: of each sample, which training picture is nearest.
        distances: of each sample to that one.
        closeness: the same over the distance to the nearest held-out picture.
    """

    copied_share: float
    standard_error: float
    distance_ratio: float
    nearest: Int[np.ndarray, " samples"]
    distances: Float[np.ndarray, " samples"]
    closeness: Float[np.ndarray, " samples"]

    @property
    def copies(self) -> bool:
        """Whether this model copies, as far as these samples can tell."""
        return self.copied_share > max(NOTABLE, SURE * self.standard_error)


def memorisation(samples: Vectors, train: Vectors, held_out: Vectors, *, seed: int = 0) -> Memorisation:
    """Measure copying in a space of features.

    What an honest picture's neighbours are is asked of training pictures themselves, each set aside in turn: the share
    `h` whose nearest other picture is a training one. It is about the training set's share of both sets where they are
    of one kind, and more where the held-out ones are of another kind, of other people say. If a share `c` of the
    samples are copies, the share nearest to a training picture is `c + (1 - c) h`, which tells `c`, however good or
    bad the samples look. (A close kin of the two-sample tests of Lopez-Paz & Oquab 2017 and Meehan et al. 2020, with
    the size of the effect.)

    Args:
        seed: draws the training pictures that are asked, where there are more than 5,000.

    Raises:
        TrompeError: a set has fewer than two pictures.
    """
    if min(map(len, (samples, train, held_out))) < 2:
        raise TrompeError("copying cannot be told from fewer than two pictures a set", hint="give more")
    asked = numpy_generator(seed, Stream.MEASURE, len(train)).permutation(len(train))[:PROBED]
    honest, honest_closeness = _drawn(nearest(train[asked], train, but=asked)[0], nearest(train[asked], held_out)[0])
    distances, places = nearest(samples, train)
    share, closeness = _drawn(distances, nearest(samples, held_out)[0])
    room = max(1 - honest, 1 / len(asked))  # where no training picture is nearer to a held-out one, little can be told
    error = math.sqrt(_variance(share, len(samples)) + _variance(honest, len(asked)))
    return Memorisation(
        copied_share=(share - honest) / room,
        standard_error=error / room,
        distance_ratio=float(np.median(closeness) / max(float(np.median(honest_closeness)), 1e-12)),
        nearest=places,
        distances=distances,
        closeness=closeness,
    )


def _drawn(
    distances: Float[np.ndarray, " count"], others: Float[np.ndarray, " count"]
) -> tuple[float, Float[np.ndarray, " count"]]:
    """The share of pictures that are nearer to training pictures than to others, ties by halves, and how near."""
    share = float(np.mean(distances < others) + 0.5 * np.mean(distances == others))
    return share, np.where(distances == others, 1.0, distances / np.maximum(others, 1e-12))


def _variance(share: float, count: int) -> float:
    """Of a share of so many; never none, however even the outcome (a count more on either side)."""
    smoothed = (share * count + 1) / (count + 2)
    return smoothed * (1 - smoothed) / count


def exact_copies(samples: Images, train: Images) -> int:
    """Samples that are a training picture to the bit, as it is or mirrored."""
    known = {picture_hash(picture) for picture in train}
    return sum(picture_hash(one) in known or picture_hash(one[..., ::-1]) in known for one in samples)


def repeated(samples: Images) -> int:
    """Samples that are an earlier sample to the bit: what a collapsed model makes."""
    return len(samples) - len({picture_hash(picture) for picture in samples})


def picture_hash(picture: UInt8[np.ndarray, "channels *spatial"]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16).digest()
