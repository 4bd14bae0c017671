"""A recipe: everything that decides what a run becomes, as one tree of frozen dataclasses.

It is made by a Python function (`trompe.recipes`), changed by flags or `dataclasses.replace`, and recorded as JSON,
which is read back strictly (`trompe.rules`). Fields left at `None` are settled when a run is made, and recorded
settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import tyro

from .data import DataOptions, PatchOptions
from .families import (
    AAEOptions,
    AutoencoderOptions,
    BiGANOptions,
    DenoisingOptions,
    FamilyOptions,
    GANOptions,
    PCAOptions,
    StackedOptions,
    VAEGANOptions,
    VAEOptions,
)
from .nets import ConvOptions, MLPOptions, NetsOptions
from .numbers import Precision, Strict
from .train import EvaluateOptions, TrainOptions

__all__ = [
    "AAEOptions",
    "AutoencoderOptions",
    "BiGANOptions",
    "ConvOptions",
    "DataOptions",
    "DenoisingOptions",
    "EvaluateOptions",
    "FamilyOptions",
    "GANOptions",
    "MLPOptions",
    "NetsOptions",
    "PCAOptions",
    "PatchOptions",
    "Precision",
    "Recipe",
    "StackedOptions",
    "TrainOptions",
    "VAEGANOptions",
    "VAEOptions",
]


@dataclass(frozen=True)
class Recipe(Strict):
    """Data, networks, family, training and evaluation."""

    name: tyro.conf.Suppress[str]
    data: DataOptions = field(default_factory=DataOptions)
    nets: NetsOptions = field(default_factory=MLPOptions)
    family: FamilyOptions = field(default_factory=VAEOptions)
    train: TrainOptions = field(default_factory=TrainOptions)
    evaluate: EvaluateOptions = field(default_factory=EvaluateOptions)
