"""One visual language for every figure."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter

from ..display.grid import Pixels
from ..text import printable_lines

INK = "#22252a"
FAINT = "#8a9099"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#6b4c3b", "#5c6570", "#c5a900")
"""The first six are Okabe & Ito's, distinct to color-blind readers too."""
DPI = 160


class ShownFigure(Figure):
    """A figure that a notebook shows whatever matplotlib's backend is, and whose text is shown as it is: a class may be
    named `$$`, which elsewhere begins a formula.
    """

    def draw(self, renderer: Any) -> None:
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_parse_math(False)
            text.set_text(printable_lines(text.get_text()))
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        return saved(self)


def saved(drawn: Figure, kind: str = "png", **options: Any) -> bytes:
    """A figure as the bytes of a file, the same each time."""
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "trompe"}):
        drawn.savefig(content, format=kind, **{"dpi": DPI, **options})
    return content.getvalue()


class PlainLogFormatter(LogFormatter):
    """Ticks of a logarithmic axis as plain numbers."""

    def _num_to_string(self, x: float, vmin: float, vmax: float) -> str:
        return f"{x:g}"


def panels(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure of this size in inches and its array of axes, outside pyplot's global state."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    made = ShownFigure(figsize=(width, height), layout=layout, dpi=DPI, facecolor="white")
    return made, made.subplots(rows, columns, squeeze=False)


def full_page(pixels: Pixels) -> Figure:
    """An image as a figure of its size with nothing around it, for vector formats."""
    height, width, _ = pixels.shape
    made = ShownFigure(figsize=(width / DPI, height / DPI), dpi=DPI)
    axes = made.add_axes((0, 0, 1, 1))
    axes.imshow(pixels, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    return made


def dress(axes: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    """Titles and labels, and as few lines as will do."""
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(which="both", labelsize=8, colors=FAINT, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    return axes


def log_scale(axes: Axes) -> None:
    """A logarithmic vertical axis, for values some of which are above zero."""
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter(PlainLogFormatter())
    axes.yaxis.set_minor_formatter(PlainLogFormatter(minor_thresholds=(1.5, 0.5)))


def class_colors(count: int) -> list[str] | np.ndarray:
    """A color for each class."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    return hsv_to_rgb([(place / count, 0.75, 0.8) for place in range(count)])


def pixels_of(made: Figure, scale: int = 1) -> Pixels:
    """A figure as a frame of an animation, at half the resolution, times the scale."""
    canvas = FigureCanvasAgg(made)
    made.set_dpi(DPI // 2 * scale)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
