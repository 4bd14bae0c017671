"""Families: functions from options to phases, and the values their models have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model import PosteriorKind, PriorKind
from ..options import FamilyOptions
from ..phases import Phase
from . import autoencoder, vae


@dataclass(frozen=True)
class Family:
    """How a family trains, and how its models' codes are to be read."""

    phases: Callable[[Any], tuple[Phase, ...]]
    posterior: PosteriorKind
    prior: PriorKind | None


FAMILIES: dict[str, Family] = {
    "autoencoder": Family(autoencoder.phases, posterior="point", prior=None),
    "vae": Family(vae.phases, posterior="gaussian", prior="normal"),
}


def family_of(options: FamilyOptions) -> Family:
    return FAMILIES[options.kind]


def phases_of(options: FamilyOptions) -> tuple[Phase, ...]:
    return family_of(options).phases(options)
