"""Distances of samples from data, in a space of features: Frechet distance, kernel distance, precision and recall with
density and coverage, and the Inception Score.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import rel_entr

from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from ..terminal import note
from .moments import Moments, factor, moments_of
from .neighbors import Vectors, check_features, radii, squared_distances
from .requirements import SAMPLED
from .table import Measured, Subject, measure

ABOUT_DATA = ("data", "fingerprint", "size")
"""What moments say of their images, not of how they were taken."""
BLOCK = 1000
FEWEST_BLOCKS = 5
NEIGHBORS = 5
PARTS = 10
"""Of the samples, over which the Inception Score is averaged,"""
FEWEST_OF_A_PART = 10
"""and as many images each at least: the score of a part is at most the number of its images."""


def frechet_distance(first: Moments, second: Moments) -> float:
    """`|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`, in squared units of the features.

    The last trace is the sum of the square roots of the eigenvalues of `S1 S2`, which are the singular values of
    `L1' L2` for any factors `S = L L'`. They are taken as such: nothing is squared, and singular covariances, of fewer
    images than features, lose no digits.

    Raises:
        TrompeError: the moments are of features of different widths, or a covariance is none.
    """
    if first.mean.shape != second.mean.shape:
        raise TrompeError(
            f"moments of {len(first.mean)} features against {len(second.mean)}", hint="take both by one network"
        )
    left, right = factor(first.covariance), factor(second.covariance)
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        product = torch.from_numpy(left.T @ right)
        apart = float(np.square(first.mean - second.mean).sum())
        total = float(np.trace(first.covariance) + np.trace(second.covariance))
    finite = bool(product.isfinite().all())
    common = float(torch.linalg.svdvals(product).sum()) if finite and product.numel() else 0.0
    distance = apart + total - 2 * common
    if not (finite and math.isfinite(distance)):
        raise TrompeError("moments too large for a Frechet distance in float64", hint="scale the features down")
    return max(0.0, distance)


@measure(
    "fid",
    "Frechet distance of samples from data; FID in Inception features",
    SAMPLED,
    {"frechet_distance": "of samples from data; FID, where the features are Inception's; lower is better"},
    default_for_samples=True,
    fewest=2,
)
def fid(subject: Subject) -> Measured:
    reference = subject.data if isinstance(subject.data, Moments) else moments_of(subject.of_data.vectors)
    distance = frechet_distance(moments_of(subject.of_samples.vectors), reference)
    fewest = min(len(subject.samples), reference.count or len(subject.samples))
    if fewest <= len(reference.mean):
        note(
            f"{fewest:,} images span fewer directions than {len(reference.mean):,} features have: this Frechet "
            "distance is mostly bias, and not to be quoted"
        )
    protocol = subject.sample_protocol() | {"against": reference.count}
    if isinstance(subject.data, Moments):
        known = {name: value for name, value in reference.protocol.items() if name not in ABOUT_DATA}
        if known and known != subject.space.protocol:
            raise TrompeError(
                f"the moments are by another protocol: {known}", hint="measure by theirs, or take the moments anew"
            )
        protocol["reference_protocol"] = "as here" if known else "not recorded"
    return Measured({"frechet_distance": distance}, protocol)


@dataclass(frozen=True)
class KernelDistance:
    """The mean over blocks, its standard error, and how many images of each set a block has."""

    distance: float
    standard_error: float
    blocks: int
    block: int


def kernel_distance(first: Vectors, second: Vectors, *, seed: int = 0) -> KernelDistance:
    """The squared maximum mean discrepancy under `(x . y / width + 1)^3`, unbiased for any number of images.

    The sets are taken to be independent. Each is shuffled by the seed in its own way and cut into blocks of up to
    1,000 that share no image, so that their values are independent and the error of their mean is what it says;
    blocks drawn with replacement would understate it.

    Raises:
        TrompeError: there are fewer than ten images on a side, or features are not finite.
    """
    check_features(first=first, second=second)
    count = min(len(first), len(second))
    block = min(BLOCK, count // FEWEST_BLOCKS)
    if block < 2:
        raise TrompeError(f"a kernel distance of {count} images", hint="give at least ten on either side")
    blocks = count // block
    sides = []
    for side, one in enumerate((first, second)):
        order = numpy_generator(seed, Stream.MEASURE, len(one), side).permutation(len(one))[: blocks * block]
        sides.append(one[order].astype(np.float64).reshape(blocks, block, -1))
    values = list(map(unbiased_discrepancy, *sides))
    return KernelDistance(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(blocks), blocks, block)


def unbiased_discrepancy(first: Float[np.ndarray, "count width"], second: Float[np.ndarray, "other width"]) -> float:
    """Squared maximum mean discrepancy, without the diagonals (Gretton et al. 2012, eq. 3)."""
    left, right, across = (
        (one @ other.T / one.shape[1] + 1) ** 3 for one, other in ((first, first), (second, second), (first, second))
    )
    within = sum((kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)) for kernel in (left, right))
    return float(within - 2 * across.mean())


@measure(
    "kid",
    "kernel distance (KID) of samples from data",
    (*SAMPLED, "images of the data"),
    {
        "kid": "kernel distance of samples from data; 0 for equal distributions",
        "kid_standard_error": "standard error of the kernel distance",
    },
    default_for_samples=True,
    fewest=10,
)
def kid(subject: Subject) -> Measured:
    found = kernel_distance(subject.of_samples.vectors, subject.of_data.vectors, seed=subject.seed)
    settings = {"against": len(subject.test), "blocks": found.blocks, "block": found.block}
    values = {"kid": found.distance, "kid_standard_error": found.standard_error}
    return Measured(values, subject.sample_protocol() | settings)


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(data: Vectors, samples: Vectors, *, neighbors: int = NEIGHBORS) -> PrecisionRecall:
    """Each set is taken as the balls around its members that reach to their `neighbors`-th nearest other one.

    Precision is the share of samples in the balls of the data, recall the share of data in the balls of the samples;
    density how many balls of the data a sample lies in, over `neighbors`; coverage the share of the data's balls that
    hold a sample. A ball is open, as in the authors' package `prdc`. Where images are equal, and more of them than
    neighbors, their balls have no radius and would hold nothing: such a ball holds what is equal to its center, and
    counts in the density as `neighbors` over the number of equal balls: a set against itself then has all four at 1,
    as any other set.

    Raises:
        TrompeError: one of the sets has not that many neighbors, or features are not finite.
    """
    check_features(data=data, samples=samples)
    if min(len(data), len(samples)) <= neighbors:
        raise TrompeError(
            f"the {neighbors}th neighbor among {min(len(data), len(samples))} images",
            hint=f"give more than {neighbors} on either side",
        )
    (reach, equal), (others_reach, _) = (radii(one, neighbors) for one in (data, samples))
    weights = torch.where(reach > 0, 1.0, neighbors / equal)
    reach, others_reach = (one.clamp_min(torch.finfo(torch.float64).tiny) for one in (reach, others_reach))
    inside = torch.zeros(len(samples), dtype=torch.float64)
    recalled = covered = 0
    for rows, squares in squared_distances(data, samples):
        within = squares < reach[rows, None]
        inside += weights[rows] @ within.double()
        covered += int(within.any(1).sum())
        recalled += int((squares < others_reach).any(1).sum())
    return PrecisionRecall(
        precision=float((inside > 0).double().mean()),
        recall=recalled / len(data),
        density=float(inside.mean()) / neighbors,
        coverage=covered / len(data),
    )


@measure(
    "prdc",
    "precision, recall, density and coverage",
    (*SAMPLED, "images of the data"),
    {
        "precision": "fraction of the samples within the data",
        "recall": "fraction of the data within the samples",
        "density": "of the data around samples; about 1 for equal distributions",
        "coverage": "fraction of the data's neighborhoods that contain a sample",
    },
    default_for_samples=True,
    fewest=NEIGHBORS + 1,
)
def prdc(subject: Subject) -> Measured:
    """Of equally many of both: each set's balls shrink as it grows, so that unlike numbers favor the smaller."""
    both = subject.of_data.vectors, subject.of_samples.vectors
    count = min(map(len, both))
    data, samples = (chosen(one, count, subject.seed, side) for side, one in enumerate(both))
    settings = {"against": len(subject.test), "compared": count, "neighbors": NEIGHBORS}
    return Measured(asdict(precision_recall(data, samples)), subject.sample_protocol() | settings)


def chosen(vectors: Vectors, count: int, seed: int, side: int) -> Vectors:
    """`count` rows, drawn by the seed where there are more."""
    if len(vectors) == count:
        return vectors
    return vectors[numpy_generator(seed, Stream.MEASURE, len(vectors), side).permutation(len(vectors))[:count]]


def inception_score(probabilities: Float[np.ndarray, "count classes"], splits: int = PARTS) -> tuple[float, float]:
    """`exp E KL(p(class | sample) | p(class))` (Salimans et al. 2016): the mean over `splits` of the samples, as it is
    quoted, and its standard deviation.

    Raises:
        TrompeError: there are fewer than two samples for each part, where every score is 1, or they are no
            probabilities.
    """
    check_features(probabilities=probabilities)
    if splits < 1 or len(probabilities) < 2 * splits:
        raise TrompeError(
            f"an Inception Score over {splits} parts of {len(probabilities)} images",
            hint="it takes one part or more, and two images of each",
        )
    if probabilities.min() < 0 or np.abs(probabilities.sum(1) - 1).max() > 1e-3:
        raise TrompeError("rows of `probabilities` do not sum to 1", hint="give probabilities, not logits")
    scores = []
    for part in np.array_split(probabilities.astype(np.float64), splits):
        scores.append(np.exp(rel_entr(part, part.mean(0)).sum(1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


@measure(
    "is",
    "Inception Score",
    ("samples", "flat samples", "class outputs"),
    {"inception_score": "higher is better", "inception_score_std": "standard deviation over ten parts of the samples"},
    default_for_samples=True,
    fewest=PARTS * FEWEST_OF_A_PART,
)
def score(subject: Subject) -> Measured:
    probabilities = subject.of_samples.probabilities
    assert probabilities is not None
    mean, deviation = inception_score(probabilities)
    values = {"inception_score": mean, "inception_score_std": deviation}
    return Measured(values, subject.sample_protocol() | {"parts": PARTS})
