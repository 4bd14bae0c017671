"""Families: functions from options to phases, and the values their models have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..data.arrays import ImageData
from ..model import Model, PosteriorKind, PriorKind
from ..options import FamilyOptions
from ..phases import Phase
from . import autoencoder, denoising, gan, pca, stacked, vae


@dataclass(frozen=True)
class Family:
    """How a family trains, how its models' codes are to be read, and what of a new model is set from the data."""

    phases: Callable[[Any], tuple[Phase, ...]]
    posterior: PosteriorKind
    prior: PriorKind | None
    fit: Callable[[Model, Any, ImageData], None] | None = None
    encodes: bool = True
    """Whether its models have an encoder; those that have none have a discriminator."""


FAMILIES: dict[str, Family] = {
    "autoencoder": Family(autoencoder.phases, posterior="point", prior=None),
    "denoising": Family(denoising.phases, posterior="point", prior=None),
    "stacked": Family(stacked.phases, posterior="point", prior=None, fit=stacked.tie),
    "pca": Family(pca.phases, posterior="point", prior=None, fit=pca.fit),
    "gan": Family(gan.phases, posterior="point", prior="normal", encodes=False),
    "vae": Family(vae.phases, posterior="gaussian", prior="normal"),
}


def family_of(options: FamilyOptions) -> Family:
    return FAMILIES[options.kind]


def phases_of(options: FamilyOptions) -> tuple[Phase, ...]:
    return family_of(options).phases(options)
