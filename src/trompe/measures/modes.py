"""Whether a model finds every mode of data whose modes are known (Srivastava et al. 2017; Metz et al. 2017)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import rel_entr

from ..data.samples import Samples
from ..data.sources.synthetic import DEVIATION, MIXTURES
from ..errors import TrompeError
from .features import extract
from .requirements import modes_of
from .table import Measured, Subject, measure

HIGH_QUALITY = 3.0
"""Deviations from a mode within which a sample belongs to it."""


def gaussian_modes(
    points: Float[np.ndarray, "count 2"], centers: Float[np.ndarray, "modes 2"], deviation: float
) -> dict[str, float]:
    """Coverage of a mixture of equal Gaussians: a sample is of high quality if it lies within three deviations of the
    nearest center, and a mode is found if it has one such sample. The values are those of the measure `modes`.
    """
    distances = np.linalg.norm(points[:, None] - centers, axis=2)
    good = distances.min(1) <= HIGH_QUALITY * deviation
    return _coverage(distances.argmin(1)[good], len(centers), float(good.mean()))


def digit_modes(digits: Int[np.ndarray, "count channels"]) -> dict[str, float]:
    """Coverage of stacked digits, by the class that a classifier finds in each channel: `10 ** channels` modes."""
    places = 10 ** np.arange(digits.shape[1])
    return _coverage(digits @ places, 10 ** digits.shape[1], 1.0)


def _coverage(found: Int[np.ndarray, " good"], modes: int, high_quality: float) -> dict[str, float]:
    counts = np.bincount(found, minlength=modes)
    divergence = rel_entr(counts / len(found), 1 / modes).sum() if len(found) else np.log(modes)
    found_modes = int(np.count_nonzero(counts))
    return {"modes_found": found_modes, "modes": modes, "high_quality": high_quality, "mode_kl": float(divergence)}


@measure(
    "modes",
    "mode coverage, of data whose modes are known",
    ("samples", "known modes"),
    {
        "modes_found": "modes that have a sample",
        "modes": "of this many",
        "high_quality": "fraction of the samples within three standard deviations of a mode",
        "mode_kl": "of the samples' distribution over modes from the uniform one, in nats",
    },
    default=True,
    default_for_samples=True,
)
def mode_coverage(subject: Subject) -> Measured:
    name = modes_of(subject)
    assert name is not None
    if name in MIXTURES:
        points = subject.samples.images.reshape(-1, 2).astype(np.float64)
        coverage = gaussian_modes(points, MIXTURES[name], DEVIATION)
        return Measured(coverage, {"samples": len(subject.samples), "modes_of": name})
    return Measured(stacked_modes(subject), subject.sample_protocol() | {"modes_of": name})


def stacked_modes(subject: Subject) -> dict[str, float]:
    """Each channel's digit, by the classifier."""
    images, digits = subject.samples.images, []
    for channel in range(images.shape[1]):
        probabilities = extract(subject.space, Samples(images[:, channel : channel + 1], "stacks")).probabilities
        if probabilities is None:
            raise TrompeError(
                f"`{subject.space.name}` gives no class probabilities", hint="give a run with a classifier"
            )
        digits.append(probabilities.argmax(1))
    return digit_modes(np.stack(digits, 1))


@measure(
    "class-accuracy",
    "fraction of a conditional model's samples that a classifier assigns to the requested class",
    ("samples", "flat samples", "requested classes"),
    {"class_accuracy": "fraction of the samples that the classifier assigns to the requested class"},
)
def class_accuracy(subject: Subject) -> Measured:
    labels, probabilities = subject.samples.labels, subject.of_samples.probabilities
    assert labels is not None
    assert probabilities is not None
    right = probabilities.argmax(1) == labels
    names = enumerate(subject.samples.class_names)
    by_class = {name: float(right[labels == number].mean()) for number, name in names if (labels == number).any()}
    values = {"class_accuracy": float(right.mean()), "class_accuracy_by_class": by_class}
    return Measured(values, subject.sample_protocol())
