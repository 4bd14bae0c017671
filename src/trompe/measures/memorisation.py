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
"""and the least excess that is."""
CLOSE = 0.01
"""The share of honest pictures that counts as close to a training picture."""

Vectors = Float[np.ndarray, "count width"]
Images = UInt8[np.ndarray, "count channels *spatial"]


@dataclass(frozen=True)
class Memorisation:
    """What samples owe to single training pictures.

    Attributes:
        copied_share: how much more often a sample's nearest picture is a training one, not a held-out one, than for
            an honest picture: about 0 for an honest model, 1 for one that only copies.
        standard_error: of `copied_share`, if anything too large.
        close_share: samples that are nearer to a training picture than 99 % of honest pictures are, for their distance
            to held-out ones: about 0.01 for an honest model. It sees few but near copies, `copied_share` many and
            remote ones.
        close_standard_error: of `close_share`.
        distance_ratio: a sample's distance to the training pictures over that to the held-out ones, in the median, over
            the same of an honest picture: about 1 for an honest model, small for copies.
        nearest: of each sample, which training picture is nearest.
        distances: of each sample to that one.
        closeness: the same over the distance to the nearest held-out picture.
    """

    copied_share: float
    standard_error: float
    close_share: float
    close_standard_error: float
    distance_ratio: float
    nearest: Int[np.ndarray, " samples"]
    distances: Float[np.ndarray, " samples"]
    closeness: Float[np.ndarray, " samples"]

    @property
    def copies(self) -> bool:
        """Whether this model copies, as far as these samples can tell."""
        return notable(self.copied_share, self.standard_error) or notable(
            self.close_share - CLOSE, self.close_standard_error
        )


def notable(excess: float, standard_error: float) -> bool:
    """Whether something is so much more than for an honest model that it is worth a word."""
    return excess > max(NOTABLE, SURE * standard_error)


def memorisation(samples: Vectors, train: Vectors, held_out: Vectors, *, seed: int = 0) -> Memorisation:
    """Measure copying in a space of features.

    What an honest picture's neighbours are is asked of training pictures themselves, each set aside in turn: the share
    `h` whose nearest other picture is a training one. It is about the training set's share of both sets where they are
    of one kind, and more where the held-out ones are of another kind, of other people say. If a share `c` of the
    samples are copies, the share nearest to a training picture is `c + (1 - c) h`, which tells `c`, however good or
    bad the samples look. Samples that share a nearest picture say as little as one: what is far from all pictures,
    noise for one, has the same few neighbours, and the standard error counts neighbours, not samples. (A close kin of
    the two-sample tests of Lopez-Paz & Oquab 2017 and Meehan et al. 2020, with the size of the effect.)

    Args:
        seed: draws the training pictures that are asked, where there are more than 5,000.

    Raises:
        TrompeError: a set has fewer than two pictures.
    """
    if min(map(len, (samples, train, held_out))) < 2:
        raise TrompeError("copying cannot be told from fewer than two pictures a set", hint="give more")
    asked = numpy_generator(seed, Stream.MEASURE, len(train)).permutation(len(train))[:PROBED]
    honest = _Neighbours.of(nearest(train[asked], train, but=asked), nearest(train[asked], held_out))
    drawn = nearest(samples, train)
    found = _Neighbours.of(drawn, nearest(samples, held_out))
    room = max(1 - honest.share, 1 / len(asked))  # with no training picture nearer to a held-out one little can be told
    weight = found.weight + honest.weight
    return Memorisation(
        copied_share=(found.share - honest.share) / room,
        standard_error=_deviation(honest.share, len(asked)) * math.sqrt(weight) / room,
        close_share=float(np.mean(found.closeness < np.quantile(honest.closeness, CLOSE))),
        close_standard_error=_deviation(CLOSE, len(asked)) * math.sqrt(weight),
        distance_ratio=float(np.median(found.closeness) / max(float(np.median(honest.closeness)), 1e-12)),
        nearest=drawn[1],
        distances=drawn[0],
        closeness=found.closeness,
    )


def _deviation(share: float, count: int) -> float:
    """Of one outcome, where a share was seen among so many: never none, however even they were."""
    smoothed = (share * count + 1) / (count + 2)
    return math.sqrt(smoothed * (1 - smoothed))


@dataclass(frozen=True)
class _Neighbours:
    """Of some pictures: the share that is nearer to training pictures than to held-out ones, ties by halves; how much
    nearer; and the sum of the squared shares that each neighbour has of them, one over their number if all have
    neighbours of their own.
    """

    share: float
    closeness: Float[np.ndarray, " count"]
    weight: float

    @classmethod
    def of(cls, train: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray]) -> _Neighbours:
        (distances, places), (others, other_places) = train, held_out
        share = float(np.mean(distances < others) + 0.5 * np.mean(distances == others))
        neighbours = np.where(distances <= others, places, -1 - other_places)
        _, counts = np.unique(neighbours, return_counts=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            closeness = np.where(distances == others, 1.0, distances / others)
        return cls(share, closeness, float(np.square(counts / len(neighbours)).sum()))


@dataclass(frozen=True)
class ExactCopies:
    """Pictures that are a training picture to the bit, as it is or mirrored: samples, and held-out pictures, some of
    which may be, a blank page for one.
    """

    samples: int
    held_out: int
    copies: bool


def exact_copies(samples: Images, train: Images, held_out: Images) -> ExactCopies:
    """Count them, and say whether samples have more of them than held-out pictures do."""
    known = {picture_hash(picture) for picture in train}
    found, honest = (
        sum(picture_hash(one) in known or picture_hash(one[..., ::-1]) in known for one in images)
        for images in (samples, held_out)
    )
    share = honest / len(held_out)
    error = _deviation(share, len(held_out)) * math.sqrt(1 / len(samples) + 1 / len(held_out))
    return ExactCopies(found, honest, found / len(samples) - share > SURE * error)


def held_out_samples(samples: Images, held_out: Images) -> int:
    """Samples that are a held-out picture to the bit: of such ones nothing can be told."""
    known = {picture_hash(picture) for picture in held_out}
    return sum(picture_hash(one) in known for one in samples)


def repeated(samples: Images) -> int:
    """Samples that are an earlier sample to the bit: what a collapsed model makes."""
    return len(samples) - len({picture_hash(picture) for picture in samples})


def picture_hash(picture: UInt8[np.ndarray, "channels *spatial"]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16).digest()
