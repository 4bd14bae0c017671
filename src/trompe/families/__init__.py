"""Families: functions from options to phases, and the values their models have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ..data.arrays import ImageData
from ..model import Model
from ..options import FamilyOptions
from ..phases import Phase
from . import aae, autoencoder, bigan, denoising, gan, pca, stacked, vae, vae_gan


@dataclass(frozen=True)
class Family:
    """How a family trains, which networks its models have beside a decoder, and what of a new one is set from data."""

    phases: Callable[[Any], tuple[Phase, ...]]
    fit: Callable[[Model, Any, ImageData], None] | None = None
    encodes: bool = True
    discriminates: Literal["images", "pairs", "codes"] | None = None
    """What its discriminator sees, if it has one."""


FAMILIES: dict[str, Family] = {
    "autoencoder": Family(autoencoder.phases),
    "denoising": Family(denoising.phases),
    "stacked": Family(stacked.phases, fit=stacked.tie),
    "pca": Family(pca.phases, fit=pca.fit),
    "vae": Family(vae.phases),
    "gan": Family(gan.phases, encodes=False, discriminates="images"),
    "bigan": Family(bigan.phases, discriminates="pairs"),
    "vae-gan": Family(vae_gan.phases, discriminates="images"),
    "aae": Family(aae.phases, discriminates="codes"),
}


def family_of(options: FamilyOptions) -> Family:
    return FAMILIES[options.kind]


def phases_of(options: FamilyOptions) -> tuple[Phase, ...]:
    return family_of(options).phases(options)
