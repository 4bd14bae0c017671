"""A recipe: everything that decides what a run becomes, as one tree of frozen dataclasses.

It is made by a Python function, changed by flags or `dataclasses.replace`, and recorded as JSON. Fields left at `None`
are resolved when a run is made, and recorded resolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass
from functools import cache
from typing import Any

from ..families import VAE, Family
from ..options.data import DataOptions
from ..options.nets import MLPOptions, NetsOptions
from ..options.numbers import Strict
from ..options.train import EvaluateOptions, TrainOptions


@dataclass(frozen=True)
class Recipe(Strict):
    """Data, networks, family, training and evaluation."""

    data: DataOptions = field(default_factory=DataOptions)
    nets: NetsOptions = field(default_factory=MLPOptions)
    family: Family = field(default_factory=VAE)
    train: TrainOptions = field(default_factory=TrainOptions)
    evaluate: EvaluateOptions = field(default_factory=EvaluateOptions)
    name: str = ""

    def with_(self, **changes: Any) -> Recipe:
        """The recipe with other values, each checked: `recipe("vae").with_(steps=100, beta=4, data="~/photos")`.

        Args:
            changes: by field, as in `steps`; by dotted name where two parts have it, as in
                `**{"evaluate.importance_samples": 50}`; or a whole part, as in `nets=MLPOptions()`. `data` may be the
                name of a set or a path.

        Raises:
            TrompeError: no field has that name, several have it, or the value is out of range.
        """
        from .changes import changed

        return changed(self, changes)


@cache
def parts_of(nets: type, family: type) -> type:
    """A dataclass with a recipe's parts, of just these networks and this family: what flags and JSON are read by."""
    kinds = {"data": DataOptions, "nets": nets, "family": family, "train": TrainOptions, "evaluate": EvaluateOptions}
    return make_dataclass("Recipe", list(kinds.items()), bases=(Strict,), frozen=True)


def parts(recipe: Recipe) -> Any:
    """A recipe's parts as such a dataclass."""
    values = {part.name: getattr(recipe, part.name) for part in fields(recipe)[:-1]}
    return parts_of(type(recipe.nets), type(recipe.family))(**values)  # type: ignore[arg-type]


def with_parts(name: str, parts: Any) -> Recipe:
    return Recipe(parts.data, parts.nets, parts.family, parts.train, parts.evaluate, name)
