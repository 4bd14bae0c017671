"""Learning curves: the error of classifiers against the number of examples they learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from .style import INK, PlainLogFormatter, log_scale

BAND = (10.0, 90.0)
"""Percentiles of the splits."""


def curve(
    axes: Axes,
    sizes: Sequence[int],
    errors: Float[np.ndarray, "splits sizes"],
    color: str,
    label: str,
    style: str = "solid",
) -> None:
    """The mean over splits, in percent, in a band of most of them."""
    percent = 100 * np.maximum(errors, 1e-4)
    axes.plot(
        sizes, percent.mean(0), color=color, label=label, linewidth=1.8, linestyle=style, marker="o", markersize=3
    )
    low, high = np.percentile(percent, BAND, axis=0)
    axes.fill_between(sizes, low, high, color=color, alpha=0.13, linewidth=0)


def log_axes(axes: Axes) -> None:
    """Both axes logarithmic, with plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PlainLogFormatter())
    axes.xaxis.set_minor_formatter(PlainLogFormatter(minor_thresholds=(1.0, 0.4)))
    log_scale(axes)


def remark(axes: Axes, lines: Sequence[tuple[str, str]]) -> None:
    """Lines of text, each in a color, where falling curves leave room: at the upper right."""
    for row, (text, color) in enumerate(lines):
        place = (0.99, 0.98 - 0.085 * row)
        axes.text(*place, text, color=color or INK, fontsize=9, ha="right", va="top", transform=axes.transAxes)
