"""The figures by name. A figure is one decorated function: its name, title and caption, what it requires of a model,
and the formats it comes in. It returns a matplotlib figure, an array of pixels, or an iterator of either: an animation.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..data.samples import Samples
from ..display.grid import Pixels, gif, png
from ..display.video import mp4
from ..errors import TrompeError
from ..registry import Registry
from ..runs.capabilities import lacking
from ..runs.run import Run
from .style import DPI, full_page, pixels_of, saved

Frame = Figure | Pixels
Drawn = Frame | Iterator[Frame]
STATIC = (".png", ".pdf", ".svg")
ANIMATED = (".gif", ".mp4")
HELD = 8
"""Frames for which an animation's last one is held."""
FASTEST, LARGEST_SCALE = 50, 8
MIME = {
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
DATES = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
"""Left out, so that a figure drawn twice is the same file."""


@dataclass(frozen=True)
class Request:
    """What a figure is drawn of.

    Attributes:
        runs: one, or several that are compared.
        source: samples to draw it with, or their name as `Run.data` takes it; by default the first run's test samples.
        seed: of samples.
        suffix: of the file, one of the figure's formats.
        count: of images, where a figure takes it; by default its own.
        label: the class, by number, that a class-conditional model draws; by default each figure's own choice.
    """

    runs: tuple[Run, ...]
    source: Samples | str | None = None
    seed: int = 0
    suffix: str = ".png"
    count: int | None = None
    label: int | None = None

    @property
    def run(self) -> Run:
        return self.runs[0]

    @cached_property
    def data(self) -> Samples:
        return self.data_of(self.run)

    def data_of(self, run: Run) -> Samples:
        return self.source if isinstance(self.source, Samples) else run.data(self.source)

    @cached_property
    def snapshots(self) -> list[Run]:
        """The run at each snapshot that it keeps, in order, up to the step that it was opened at."""
        return self.run.at_snapshots()

    def labels(self, count: int) -> list[int] | None:
        """The class that was asked for, for each of this many images."""
        return None if self.label is None else [self.label] * count


Draw = Callable[[Request], Drawn]


class ShownFile(bytes):
    """The bytes of a figure's file, which a notebook shows as what they are."""

    suffix: str

    @staticmethod
    def of(content: bytes, suffix: str) -> ShownFile:
        made = ShownFile(content)
        made.suffix = suffix
        return made

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        kind = MIME[self.suffix]
        return {kind: self.decode() if kind == "image/svg+xml" else base64.b64encode(self).decode()}


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
        options: which of `count` and `class` it takes.
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
    options: tuple[str, ...] = ()
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
    name: str,
    runs: Run | str | Path | Sequence[Run | str | Path],
    source: Samples | str | None = None,
    *,
    seed: int = 0,
    suffix: str | None = None,
    count: int | None = None,
    label: int | None = None,
    fps: float | None = None,
    scale: int = 1,
) -> ShownFile:
    """A figure as the bytes of its file, of the figure's usual format by default; for the arguments see `Request`.

    Args:
        runs: one run or several, or their folders.
        fps: frames per second of an animation; by default the figure's own.
        scale: how many times as many pixels along each side.

    Raises:
        TrompeError: no figure has this name, or it cannot be drawn of these runs, or does not take an argument.
    """
    row, given = FIGURES[name], [runs] if isinstance(runs, Run | str | Path) else runs
    opened = [one if isinstance(one, Run) else Run(one) for one in given]
    if len(opened) > 1 and not row.compares:
        several = ", ".join(other for other, one in FIGURES.items() if one.compares)
        wrong = f"the figure `{name}` is of one run, and {len(opened)} were given"
        raise TrompeError(wrong, hint=f"compare by {several}")
    for run in opened:
        if reason := row.unmet(run):
            possible = ", ".join(other for other, one in FIGURES.items() if one.unmet(run) is None)
            wrong = f"the figure `{name}` cannot be drawn of `{run.folder}`: {reason}"
            raise TrompeError(wrong, hint=f"of this run there are: {possible or 'none'}")
    request = Request(tuple(opened), source, seed, suffix or row.suffixes[0], count, label)
    check(row, request, fps, scale)
    content = encoded(row.draw(request), request.suffix, 1 / fps if fps else row.seconds, scale)
    return ShownFile.of(content, request.suffix)


def check(row: FigureRow, request: Request, fps: float | None, scale: int) -> None:
    """Refuse what a figure does not take.

    Raises:
        TrompeError: an argument is out of its range, or of another kind of figure or model.
    """
    for option, given in (("count", request.count), ("class", request.label)):
        if given is not None and option not in row.options:
            others = ", ".join(name for name, one in FIGURES.items() if option in one.options)
            wrong = f"the figure `{row.name}` takes no {'number of images' if option == 'count' else 'class'}"
            raise TrompeError(wrong, hint=f"leave it out; those that do: {others}")
    if request.count is not None and request.count < 1:
        raise TrompeError(f"cannot draw {request.count} images", hint="give a number of at least 1")
    classes = min((run.model.num_classes for run in request.runs if run.model.num_classes), default=0)
    if request.label is not None and not 0 <= request.label < classes:
        wrong = f"there is no class {request.label} of {classes}" if classes else "this model is not class-conditional"
        raise TrompeError(wrong, hint="leave the class out" if not classes else f"give one from 0 to {classes - 1}")
    if fps is not None and (request.suffix not in ANIMATED or not 0 < fps <= FASTEST):
        wrong = f"{fps:g} frames a second of a `{request.suffix}` file"
        raise TrompeError(wrong, hint=f"give up to {FASTEST}, for an animation ({', '.join(ANIMATED)})")
    if not 1 <= scale <= LARGEST_SCALE:
        raise TrompeError(f"cannot draw at {scale} times the size", hint=f"give a scale from 1 to {LARGEST_SCALE}")


def encoded(drawn: Drawn, suffix: str, seconds: float, scale: int = 1) -> bytes:
    """What was drawn as the bytes of a file, each frame of an animation shown for this many seconds."""
    if isinstance(drawn, np.ndarray) and suffix != ".png":
        drawn = full_page(drawn)
    if isinstance(drawn, Figure):
        return saved(drawn, suffix.removeprefix("."), dpi=DPI * scale, metadata=DATES.get(suffix))
    if isinstance(drawn, np.ndarray):
        return png(scaled(drawn, scale))
    frames = [pixels_of(one, scale) if isinstance(one, Figure) else scaled(one, scale) for one in drawn]
    return (mp4 if suffix == ".mp4" else gif)(frames + frames[-1:] * HELD, seconds)


def scaled(pixels: Pixels, scale: int) -> Pixels:
    return pixels.repeat(scale, 0).repeat(scale, 1)
