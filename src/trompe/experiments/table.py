"""The experiments by name. An experiment is one decorated function of its options and a store: it trains what it needs,
and returns a figure with the values that stand behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from matplotlib.figure import Figure

from ..recipes import Published
from ..registry import Registry
from .store import Store


@dataclass(frozen=True)
class Value:
    """A measured value.

    Attributes:
        name: what it is of, in words.
        unit: with the conditions that belong to it.
    """

    name: str
    value: float
    unit: str = ""
    published: Published | None = None


@dataclass(frozen=True)
class Finding:
    """What an experiment found.

    Attributes:
        values: to print, and to stand beside the figure.
        protocol: how they were measured, in a sentence or two.
        numbers: all that was drawn, as JSON.
    """

    figure: Figure
    values: tuple[Value, ...]
    protocol: str
    numbers: dict[str, Any] = field(default_factory=dict)


Run = Callable[[Any, Store], Finding]


@dataclass
class Experiment:
    """A row of the table; called with the function that runs it, it registers itself.

    Attributes:
        title: a heading.
        caption: what is to be seen, in two sentences.
        options: a frozen dataclass, whose fields are the flags of `trompe experiment NAME`.
        quick: options with which it takes about half a minute.
        minutes: that the default options take on two cores.
        run: the function.
    """

    name: str
    title: str
    caption: str
    options: type[Any]
    quick: Any
    _: KW_ONLY
    minutes: float
    run: Run = field(init=False)

    def __call__(self, run: Run) -> Run:
        self.run = run
        EXPERIMENTS.add(self.name, self)
        return run


EXPERIMENTS: Registry[Experiment] = Registry("experiment", "trompe experiment")
experiment = Experiment
"""The decorator."""
