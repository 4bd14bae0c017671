"""What an entry of the gallery works with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import TrompeError
from ..experiments import EXPERIMENTS, Value
from ..experiments.store import Store
from ..figures import FIGURES, draw
from ..figures.style import saved
from ..measures import evaluate
from ..recipes import RECIPES
from ..runs.run import Run
from ..terminal import note
from ..text import reason_of
from .table import Item, Picture

QUICK_IMAGES = 1000
"""Test images that the quick gallery measures on, at most."""

ACRONYMS = ("elbo", "iwae", "kl", "psnr", "ssim")


@dataclass(frozen=True)
class Work:
    """Where runs and values are kept, and how large things are made.

    Attributes:
        quick: everything in small.
    """

    store: Store
    quick: bool

    def figure(self, name: str, *runs: Run, caption: str | None = None, **options: Any) -> Picture:
        """A figure of the table, of these runs; `options` are those of `figures.draw`.

        Args:
            caption: by default the figure's own.
        """
        row = FIGURES[name]
        content = draw(name, runs, **options)
        own = row.caption_of(runs[0])
        return Picture(f"{name}{content.suffix}", content, f"{row.title}. {own}", own if caption is None else caption)

    def values(self, run: Run, measure: str, names: Sequence[str], **options: Any) -> Iterator[Value]:
        """Values of a measure of a run, taken once, each beside what was published of its recipe.

        Args:
            names: of the values, among those of the measure.
            options: of `evaluate`.
        """
        if self.quick:
            options["limit"] = min(options.get("limit") or QUICK_IMAGES, QUICK_IMAGES)
        key = [run.digest, measure, options]
        found = self.store.value(measure, key, lambda: evaluate(run, measures=measure, **options).to_json()["values"])
        recipe = run.record.recipe.name
        published = {one.value: one.published for one in RECIPES[recipe].figures} if recipe in RECIPES else {}
        for name in names:
            yield Value(f"{recipe}: {words(name)}", found[name], "", published.get(name))

    def possible(self, run: Run, measure: str, names: Sequence[str], **options: Any) -> Iterator[Value]:
        """The same, where what the measure needs is at hand; else a note says why not."""
        try:
            yield from self.values(run, measure, names, **options)
        except TrompeError as error:
            note(f"{measure} is left out: {reason_of(error)}")

    def experiment(self, name: str) -> Iterator[Item]:
        """An experiment's figure and values."""
        row = EXPERIMENTS[name]
        found = row.run(row.quick if self.quick else row.options(), self.store)
        yield Picture(f"{name}.png", saved(found.figure), f"{row.title}. {row.caption}", found.protocol)
        yield from found.values


def words(name: str) -> str:
    """The name of a value as text."""
    return " ".join(word.upper() if word in ACRONYMS else word for word in name.split("_"))
