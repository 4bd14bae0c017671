"""Recipes by name, and what is known of each: its command, its cost, and the figures to expect."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

from ..options.data import DataOptions
from ..registry import Registry
from .tree import Recipe

YOURS = DataOptions(source="")
"""The data of a recipe for any images, which `--data` must name."""


@dataclass(frozen=True)
class Published:
    """A published value, by which protocol it was measured, and where it stands."""

    value: float
    protocol: str
    source: str

    def __str__(self) -> str:
        return f"{self.value:g}, {self.protocol} ({self.source})"


@dataclass(frozen=True)
class Figure:
    """What to expect of a value that `trompe evaluate` prints.

    Attributes:
        value: the name of the measured value, as `elbo`.
        expected: what we measured; `None` where it has not been run to its end.
        unit: of both, and the conditions of ours where they are not the defaults.
    """

    value: str
    expected: float | None
    unit: str
    published: Published | None = None

    def __str__(self) -> str:
        ours = "not yet measured" if self.expected is None else f"{self.expected:g} {self.unit}"
        theirs = f"; published {self.published}" if self.published else ""
        return f"{self.value.replace('_', ' ')}: {ours}{theirs}"


@dataclass(frozen=True)
class NamedRecipe:
    """A row of the table."""

    name: str
    about: str
    command: str
    cost: str
    figures: tuple[Figure, ...]
    make: Callable[[], Recipe]

    @property
    def summary(self) -> str:
        return self.about.splitlines()[0]

    def __str__(self) -> str:
        cost = [f"Cost: {self.cost}"] * bool(self.cost)
        expected = [f"Expect {figure}" for figure in self.figures]
        return "\n".join([self.about, "", f"Command: {self.command}", *cost, *expected])


RECIPES: Registry[NamedRecipe] = Registry("recipe", "trompe recipes")


def named(
    *figures: Figure, command: str = "", cost: str = "", name: str = ""
) -> Callable[[Callable[[], Recipe]], Callable[[], Recipe]]:
    """Register a function that makes a recipe, by default under its own name; its docstring says what it is.

    Args:
        figures: what to expect of it.
        command: how to train it.
        cost: of training, on two CPU cores unless it says otherwise.
    """

    def registered(function: Callable[[], Recipe]) -> Callable[[], Recipe]:
        key = name or function.__name__.replace("_", "-")

        @wraps(function)
        def make() -> Recipe:
            return replace(function(), name=key)

        known = command or f"trompe train {key} --out runs/{key}"
        RECIPES.add(key, NamedRecipe(key, inspect.getdoc(function) or "", known, cost, figures, make))
        return make

    return registered
