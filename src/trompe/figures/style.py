"""One visual language for every figure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..display.grid import Pixels

INK = "#22252a"
FAINT = "#8a9099"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#6b4c3b", "#5c6570", "#c5a900")
"""The first six are Okabe & Ito's, distinct to color-blind readers too."""
DPI = 160


def panels(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure of this size in inches and its array of axes, outside pyplot's global state."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    made = Figure(figsize=(width, height), layout=layout, dpi=DPI, facecolor="white")
    return made, made.subplots(rows, columns, squeeze=False)


def dress(axes: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    """Titles and labels, and as few lines as will do."""
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(which="both", labelsize=8, colors=FAINT, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    return axes


def class_colors(count: int) -> list[str] | np.ndarray:
    """A color for each class."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    return hsv_to_rgb([(place / count, 0.75, 0.8) for place in range(count)])


def pixels_of(made: Figure) -> Pixels:
    """A figure as a frame of an animation, at half the resolution."""
    canvas = FigureCanvasAgg(made)
    made.set_dpi(DPI // 2)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
