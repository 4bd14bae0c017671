"""The entries of the gallery by their keys. An entry is one decorated function: what it needs trained, what is to be
seen in it, the commands that make it alone; it yields pictures, values and runs to explore.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from ..experiments import Value
from ..recipes import Recipe, recipe
from ..registry import Registry

PARTS = {
    "A": "Autoencoders",
    "B": "Discriminative and generative models",
    "C": "Generative adversarial networks",
    "D": "Variational autoencoders",
    "E": "Color constancy",
}
"""The parts of the lecture, by the first letter of an entry's key."""


@dataclass(frozen=True)
class Training:
    """A run that an entry needs.

    Attributes:
        recipe: by name.
        minutes: that training it takes, on two cores.
        changes: of the recipe, as `Recipe.with_` takes them,
        quick: and further ones in the quick gallery.
        name: by which figures call the run; by default the recipe's.
    """

    recipe: str
    minutes: float
    changes: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def made(self, quick: bool) -> Recipe:
        """The recipe to train."""
        changed = recipe(self.recipe).with_(**{**self.changes, **(self.quick if quick else {})})
        return replace(changed, name=self.name or self.recipe)


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes:
        name: of its file, with the suffix.
        caption: below it, in a sentence; where it is empty the entry's text says all.
        alt: what it shows, for those who do not see it.
    """

    name: str
    content: bytes
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Page:
    """A page of its own to play with, in one file."""

    name: str
    content: bytes
    title: str


@dataclass(frozen=True)
class Explored:
    """A run, by its name among the entry's, that the gallery's explorer opens in this view."""

    run: str
    view: str
    title: str


Item = Picture | Page | Explored | Value
Make = Callable[..., Iterator[Item]]


@dataclass
class Entry:
    """A row of the table; called with the function that makes it, it registers itself.

    Attributes:
        key: its place in the lecture: `A1`.
        title: a heading.
        see: what is to be seen, in two sentences.
        commands: what makes it without the gallery.
        source: the published figure that it follows.
        runs: what it needs trained; the function takes each, opened, by its name here.
        experiments: that it shows, by their names.
        minutes: that it takes beside its trainings and experiments, on two cores; in the quick gallery it takes
            seconds.
        protocol: of its values.
        make: the function, which takes a `Work` and the runs.
    """

    key: str
    title: str
    see: str
    _: KW_ONLY
    commands: tuple[str, ...]
    source: str = ""
    runs: Mapping[str, Training] = field(default_factory=dict)
    experiments: tuple[str, ...] = ()
    minutes: float = 0.2
    protocol: str = ""
    make: Make = field(init=False)

    def __call__(self, make: Make) -> Make:
        self.make = make
        ENTRIES.add(self.key, self)
        return make


ENTRIES: Registry[Entry] = Registry("gallery entry", "trompe gallery --plan", "gallery entries")
entry = Entry
"""The decorator."""
