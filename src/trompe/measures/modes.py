"""Whether a model finds every mode of data whose modes are known (Srivastava et al. 2017; Metz et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

HIGH_QUALITY = 3.0
"""Deviations from a mode within which a sample belongs to it."""


@dataclass(frozen=True)
class ModeCoverage:
    """Modes that have a sample, of how many; the share of samples that belong to any; and the divergence, in nats, of
    the samples' law over modes from the uniform one.
    """

    modes_found: int
    modes: int
    high_quality: float
    mode_kl: float


def gaussian_modes(
    points: Float[np.ndarray, "count 2"], centres: Float[np.ndarray, "modes 2"], deviation: float
) -> ModeCoverage:
    """Coverage of a mixture of equal Gaussians: a sample is of high quality if it lies within three deviations of the
    nearest centre, and a mode is found if it has one such sample.
    """
    distances = np.linalg.norm(points[:, None] - centres, axis=2)
    good = distances.min(1) <= HIGH_QUALITY * deviation
    return _coverage(distances.argmin(1)[good], len(centres), float(good.mean()))


def digit_modes(digits: Int[np.ndarray, "count channels"], classes: int = 10) -> ModeCoverage:
    """Coverage of stacked digits, by the class that a classifier finds in each channel: `classes ** channels` modes."""
    places = classes ** np.arange(digits.shape[1])
    return _coverage(digits @ places, classes ** digits.shape[1], 1.0)


def _coverage(found: Int[np.ndarray, " good"], modes: int, high_quality: float) -> ModeCoverage:
    counts = np.bincount(found, minlength=modes)
    law = counts[counts > 0] / max(len(found), 1)
    divergence = float((law * np.log(law * modes)).sum()) if len(found) else float(np.log(modes))
    return ModeCoverage(int((counts > 0).sum()), modes, high_quality, divergence)
