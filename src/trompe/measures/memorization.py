"""Whether a model copies its training images: held-out images say what is honest."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int, Num

from ..display.grid import side_by_side
from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from .features import PixelFeatures, extract
from .neighbors import Vectors, check_features, nearest
from .requirements import SAMPLED, shapes_apart
from .table import Measured, Subject, measure

SHOWN_COPIES = 32
PROBED = 5000
"""Training images, at most, that say where an honest image's nearest neighbor is."""
SURE = 3.0
"""Standard errors from which on an excess is called copying,"""
NOTABLE = 0.02
"""and the least excess that is."""
CLOSE = 0.01
"""The share of honest images that counts as close to a training image."""

Images = Num[np.ndarray, "_ _ ..."]


@dataclass(frozen=True)
class Memorization:
    """What samples owe to single training images.

    Attributes:
        memorization_rate: how much more often a sample's nearest image is a training one, not a held-out one, than for
            an honest image: about 0 for an honest model, 1 for one that only copies.
        memorization_standard_error: of `memorization_rate`, if anything too large.
        near_copy_rate: samples that are nearer to a training image than 99 % of honest images are, for their distance
            to held-out ones: about 0.01 for an honest model. It sees few but near copies, `memorization_rate` many and
            remote ones.
        near_copy_standard_error: of `near_copy_rate`.
        distance_ratio: a sample's distance to the training images over that to the held-out ones, in the median, over
            the same of an honest image: about 1 for an honest model, small for copies.
        nearest: of each sample, which training image is nearest.
        distances: of each sample to that one.
        closeness: the same over the distance to the nearest held-out image.
    """

    memorization_rate: float
    memorization_standard_error: float
    near_copy_rate: float
    near_copy_standard_error: float
    distance_ratio: float
    nearest: Int[np.ndarray, " samples"]
    distances: Float[np.ndarray, " samples"]
    closeness: Float[np.ndarray, " samples"]

    @property
    def copies(self) -> bool:
        """Whether this model copies, as far as these samples can tell: clearly, and so much that it is worth a word."""
        near = self.near_copy_rate - CLOSE > max(NOTABLE, SURE * self.near_copy_standard_error)
        return near or self.memorization_rate > max(NOTABLE, SURE * self.memorization_standard_error)


def memorization(samples: Vectors, train: Vectors, held_out: Vectors, *, seed: int = 0) -> Memorization:
    """Measure copying in a space of features.

    What an honest image's neighbors are is asked of training images themselves, each set aside in turn: the share
    `h` whose nearest other image is a training one. It is about the training set's share of both sets where they are
    of one kind, and more where the held-out ones are of another kind, of other people say. If a share `c` of the
    samples are copies, the share nearest to a training image is `c + (1 - c) h`, which tells `c`, however good or
    bad the samples look. Samples that share a nearest image say as little as one: what is far from all images,
    noise for one, has the same few neighbors, and the standard error counts neighbors, not samples. (A close kin of
    the two-sample tests of Lopez-Paz & Oquab 2017 and Meehan et al. 2020, with the size of the effect.)

    Args:
        seed: draws the training images that are asked, where there are more than 5,000.

    Raises:
        TrompeError: a set has fewer than two images, or features that are not finite.
    """
    check_features(samples=samples, train=train, held_out=held_out)
    if min(map(len, (samples, train, held_out))) < 2:
        raise TrompeError("copying cannot be measured with fewer than two images per set", hint="give more")
    asked = numpy_generator(seed, Stream.MEASURE, len(train)).permutation(len(train))[:PROBED]
    honest, usual, honest_weight = _compared(nearest(train[asked], train, but=asked), nearest(train[asked], held_out))
    distances, places = nearest(samples, train)
    share, closeness, weight = _compared((distances, places), nearest(samples, held_out))
    room = max(1 - honest, 1 / len(asked))  # never 0: then no training image is nearer to a held-out one
    spread = math.sqrt(weight + honest_weight)
    return Memorization(
        memorization_rate=(share - honest) / room,
        memorization_standard_error=_deviation(honest, len(asked)) * spread / room,
        near_copy_rate=float(np.mean(closeness < np.quantile(usual, CLOSE))),
        near_copy_standard_error=_deviation(CLOSE, len(asked)) * spread,
        distance_ratio=float(np.median(closeness) / max(float(np.median(usual)), 1e-12)),
        nearest=places,
        distances=distances,
        closeness=closeness,
    )


def _deviation(share: float, count: int) -> float:
    """Of one outcome, where a share was seen among `count`: never 0, however even they were."""
    smoothed = (share * count + 1) / (count + 2)
    return math.sqrt(smoothed * (1 - smoothed))


def _compared(
    train: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray]
) -> tuple[float, Float[np.ndarray, " count"], float]:
    """Of some images: the share that is nearer to training images than to held-out ones, ties by halves; how much
    nearer; and the sum of the squared shares that each neighbor has of them, one over their number if all have
    neighbors of their own.
    """
    (distances, places), (others, other_places) = train, held_out
    share = float(np.mean(distances < others) + 0.5 * np.mean(distances == others))
    neighbors = np.where(distances <= others, places, -1 - other_places)
    _, counts = np.unique(neighbors, return_counts=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        closeness = np.where(distances == others, 1.0, distances / others)
    return share, closeness, float(np.square(counts / len(neighbors)).sum())


@dataclass(frozen=True)
class ExactCopies:
    """Images that equal another to the bit.

    Attributes:
        exact_copies: samples that are a training image, as it is or mirrored.
        held_out_exact_copies: held-out images that are one; some may be, a blank page for one.
        held_out_samples: samples that are a held-out image, which says nothing about copying.
        repeated_samples: samples that are an earlier sample: what a collapsed model generates.
        copies: whether samples have more exact copies than held-out images do.
    """

    exact_copies: int
    held_out_exact_copies: int
    held_out_samples: int
    repeated_samples: int
    copies: bool


def exact_copies(samples: Images, train: Images, held_out: Images) -> ExactCopies:
    """Count samples that are a training image, a held-out image or each other, to the bit."""
    drawn, unseen, known = _hashes(samples), _hashes(held_out), set(_hashes(train))
    found, honest = (
        sum(not known.isdisjoint(both) for both in zip(hashes, _hashes(images[..., ::-1]), strict=True))
        for hashes, images in ((drawn, samples), (unseen, held_out))
    )
    share, others = honest / len(held_out), set(unseen)
    error = _deviation(share, len(held_out)) * math.sqrt(1 / len(samples) + 1 / len(held_out))
    return ExactCopies(
        exact_copies=found,
        held_out_exact_copies=honest,
        held_out_samples=sum(one in others for one in drawn),
        repeated_samples=len(drawn) - len(set(drawn)),
        copies=found / len(samples) - share > SURE * error,
    )


def _hashes(images: Images) -> list[bytes]:
    return [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images]


@measure(
    "memorization",
    "whether samples copy training images",
    (*SAMPLED, "training images"),
    {
        "memorization_rate": "fraction of the samples that copy a training image; about 0 for an honest model",
        "memorization_standard_error": "standard error of the memorization rate",
        "near_copy_rate": "fraction nearer to a training image than 99 % of honest images; 0.01 for an honest model",
        "near_copy_standard_error": "standard error of the near-copy rate",
        "distance_ratio": "to training against held-out images; about 1 for an honest model",
        "exact_copies": "samples that equal a training image bit for bit",
        "held_out_exact_copies": "held-out images that equal a training image bit for bit",
        "held_out_samples": "samples that equal a held-out image bit for bit",
        "repeated_samples": "samples that equal another sample bit for bit",
        "copies": "whether samples are copies of training images",
    },
    default_for_samples=True,
)
def of_samples(subject: Subject, requested: bool = True) -> Measured:
    # all training samples must be in this space: beside a Frechet distance, where it is slow, pixels serve
    space = subject.space if requested or not subject.space.slow else PixelFeatures()
    samples = subject.samples
    train, held_out = subject.own()
    if isinstance(space, PixelFeatures) and (unlike := shapes_apart(samples, train)):
        raise TrompeError(unlike)
    features = subject.of_samples if space is subject.space else extract(space, samples)
    others = [extract(space, part, keep=True).vectors for part in (train, held_out)]
    found = memorization(features.vectors, *others, seed=subject.seed)
    exact = exact_copies(samples.images, train.images, held_out.images)
    order = np.lexsort((found.distances, found.closeness))[:SHOWN_COPIES]
    sources = found.nearest[order]
    image = None
    if samples.image_shape == train.image_shape and samples.images.ndim == 4:
        pair = (samples.take(order).images_as_floats(), train.take(sources).images_as_floats())
        image = side_by_side(*pair, columns=min(8, len(order)))
    rates = {name: value for name, value in vars(found).items() if isinstance(value, float)}
    values = rates | asdict(exact) | {"copies": found.copies or exact.copies}
    values["nearest_copies"] = [
        {"sample": int(one), "source": train.names[source] if train.names else int(source)}
        for one, source in zip(order[:8], sources[:8], strict=True)
    ]
    sets = {
        "train": train.name,
        "train_fingerprint": train.fingerprint,
        "trained_on": len(train),
        "held_out": held_out.name,
        "held_out_count": len(held_out),
    }
    return Measured(values, {**space.protocol, "samples": len(samples), **sets}, image)
