"""The figures by name. A figure is one decorated function: its name, title and caption, what it requires of a model,
and the formats it comes in. It returns a matplotlib figure, an array of pixels, or an iterator of either: an animation.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from ..data.samples import Samples
from ..display.grid import Pixels, gif, png
from ..errors import TrompeError
from ..registry import Registry
from ..runs.capabilities import lacking
from ..runs.run import Run
from .style import DPI, pixels_of

Frame = Figure | Pixels
Drawn = Frame | Iterator[Frame]
STATIC = (".png", ".pdf", ".svg")
PIXELS = (".png",)
ANIMATED = (".gif",)
HELD = 8
"""Frames for which an animation's last one is held."""


@dataclass(frozen=True)
class Request:
    """What a figure is drawn of.

    Attributes:
        runs: one, or several that are compared.
        source: samples to draw it with, or their name as `Run.data` takes it; by default the first run's test samples.
        seed: of samples.
        suffix: of the file, one of the figure's formats.
    """

    runs: tuple[Run, ...]
    source: Samples | str | None = None
    seed: int = 0
    suffix: str = ".png"

    @property
    def run(self) -> Run:
        return self.runs[0]

    @cached_property
    def data(self) -> Samples:
        return self.source if isinstance(self.source, Samples) else self.run.data(self.source)


Draw = Callable[[Request], Drawn]


@dataclass
class FigureRow:
    """A row of the table; called with the function that draws it, it registers itself.

    Attributes:
        title: a heading.
        caption: what is to be seen, of this run.
        requires: capabilities of the model (`runs.capabilities`).
        suffixes: the kinds of file it comes in, the usual one first.
        compares: whether it takes several runs.
        in_report: whether it stands in a run's report.
        seconds: for which a frame of an animation is shown.
        missing: why a run lacks what the figure needs beside capabilities, or `None`.
        draw: the function.
    """

    name: str
    title: str
    caption: str | Callable[[Run], str]
    _: KW_ONLY
    requires: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = STATIC
    compares: bool = False
    in_report: bool = False
    seconds: float = 0.25
    missing: Callable[[Run], str | None] = lambda run: None
    draw: Draw = field(init=False)

    def __call__(self, draw: Draw) -> Draw:
        self.draw = draw
        FIGURES.add(self.name, self)
        return draw

    def unmet(self, run: Run) -> str | None:
        """Why this figure cannot be drawn of a run, or `None` where it can."""
        return lacking(run.predictor, self.requires) or self.missing(run)

    def caption_of(self, run: Run) -> str:
        return self.caption if isinstance(self.caption, str) else self.caption(run)


FIGURES: Registry[FigureRow] = Registry("figure", "trompe figure")
figure = FigureRow
"""The decorator."""


def draw(
    name: str, runs: Sequence[Run], source: Samples | str | None = None, *, seed: int = 0, suffix: str | None = None
) -> bytes:
    """A figure as the bytes of its file, of the figure's usual format by default; for the arguments see `Request`.

    Raises:
        TrompeError: no figure has this name, or it cannot be drawn of these runs.
    """
    row = FIGURES[name]
    if len(runs) > 1 and not row.compares:
        several = ", ".join(other for other, one in FIGURES.items() if one.compares)
        wrong = f"the figure `{name}` is of one run, and {len(runs)} were given"
        raise TrompeError(wrong, hint=f"compare by {several}")
    for run in runs:
        if reason := row.unmet(run):
            possible = ", ".join(other for other, one in FIGURES.items() if one.unmet(run) is None)
            wrong = f"the figure `{name}` cannot be drawn of `{run.folder}`: {reason}"
            raise TrompeError(wrong, hint=f"of this run there are: {possible or 'none'}")
    request = Request(tuple(runs), source, seed, suffix or row.suffixes[0])
    return encoded(row.draw(request), request.suffix, row.seconds)


def encoded(drawn: Drawn, suffix: str, seconds: float) -> bytes:
    """What was drawn as the bytes of a file, each frame of an animation shown for this many seconds."""
    if isinstance(drawn, Figure):
        content = io.BytesIO()
        drawn.savefig(content, format=suffix.removeprefix("."), dpi=DPI)
        return content.getvalue()
    if isinstance(drawn, np.ndarray):
        return png(drawn)
    frames = [pixels_of(frame) if isinstance(frame, Figure) else frame for frame in drawn]
    return gif(frames + frames[-1:] * HELD, seconds)
