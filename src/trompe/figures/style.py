"""One visual language for every figure."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..grids import Pixels

INK = "#22252a"
FAINT = "#8a9099"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#6b4c3b", "#5c6570", "#c5a900")
"""The first six are Okabe & Ito's, told apart by colour-blind readers too."""
DPI = 160


def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure of this size in inches and its array of axes, outside pyplot's global state."""
    made = Figure(
        figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06), dpi=DPI, facecolor="white"
    )
    return made, made.subplots(rows, columns, squeeze=False)


def dress(axes: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    """Titles and labels, and as few lines as will do."""
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=FAINT, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    return axes


def class_colours(count: int) -> list[str] | np.ndarray:
    """A colour for each class."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    hues = np.arange(count) / count
    return hsv_to_rgb(np.stack([hues, np.full(count, 0.75), np.full(count, 0.8)], axis=1))


def pixels_of(made: Figure) -> Pixels:
    """A figure as a frame of an animation, at half the resolution."""
    canvas = FigureCanvasAgg(made)
    made.set_dpi(DPI // 2)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def figure_png(made: Figure) -> bytes:
    content = io.BytesIO()
    made.savefig(content, format="png", dpi=DPI)
    return content.getvalue()
