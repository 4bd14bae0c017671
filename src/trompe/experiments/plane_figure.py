"""The figure of `classes-in-the-plane`: a row for each model, a column for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from ..data.sources.synthetic import REACH
from ..figures.style import COLORS, FAINT, INK, class_colors, panels

DENSITY = LinearSegmentedColormap.from_list("density", ["white", "#dfe4ea", "#9aa3b0", INK])
BELOW = 8.0
"""Nats below the highest density, from which on it is drawn white."""
QUESTIONS = ("Which class?", "How likely is a point at all?", "What would new ones look like?")

Plane = Float[np.ndarray, "count 2"]
Labels = Int[np.ndarray, " count"]
Field = Float[np.ndarray, "side side classes"]


@dataclass(frozen=True)
class Row:
    """What is drawn of one model.

    Attributes:
        name: with its kind below.
        probabilities: p(y | x) over the view, from the lowest row up.
        shifted: the same under other class frequencies, or `None` of a model that they leave as it is.
        log_density: log p(x) over the view, or `None` where there is none.
        drawn: points drawn from it, with their classes.
        words: below each question, what it answers in a few words.
    """

    name: str
    probabilities: Field
    shifted: Field | None
    log_density: Float[np.ndarray, "side side"] | None
    drawn: tuple[Plane, Labels] | None
    words: tuple[str, str, str, str]


def drawn(
    rows: Sequence[Row], seen: tuple[Plane, Labels], later: tuple[Plane, Labels], odd: Plane, what: str
) -> Figure:
    """The figure.

    Args:
        seen: points that were learned from, to show.
        later: points under the other class frequencies.
        odd: a point far from all others.
        what: the last question.
    """
    made, axes = panels(12.8, 3.45 * len(rows), len(rows), len(QUESTIONS) + 1)
    for panel, question in zip(axes[0], (*QUESTIONS, what), strict=True):
        panel.set_title(question, fontsize=13, color=INK, pad=9)
    for across, row in zip(axes, rows, strict=True):
        for panel, words in zip(across, row.words, strict=True):
            framed(panel, words)
        across[0].set_ylabel(row.name, fontsize=13, color=INK, labelpad=9)
        field(across[0], row.probabilities)
        points(across[0], *seen)
        mark(across[0], odd)
        boundary(across[0], row.probabilities)
        if row.log_density is None or row.drawn is None:
            for panel in across[1:3]:
                panel.text(0, 0, "no answer", fontsize=15, color=FAINT, ha="center", va="center")
        else:
            top = float(np.percentile(row.log_density, 99.8))  # not of one noisy point
            show(across[1], row.log_density, cmap=DENSITY, vmin=top - BELOW, vmax=top)
            mark(across[1], odd)
            points(across[2], *row.drawn)
        field(across[3], row.probabilities if row.shifted is None else row.shifted)
        points(across[3], *later)
        boundary(across[3], row.probabilities, dashed=row.shifted is not None)
        if row.shifted is not None:
            boundary(across[3], row.shifted)
    return made


def framed(axes: Axes, words: str) -> None:
    """A square view of the plane, with words below."""
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color("#d9dce0")
    axes.set_xlabel(words, fontsize=11, color=INK, labelpad=6)


def show(axes: Axes, values: np.ndarray, **options: object) -> None:
    extent = (-REACH, REACH, -REACH, REACH)
    axes.imshow(values, origin="lower", extent=extent, interpolation="bilinear", **options)  # type: ignore[arg-type]


def field(axes: Axes, probabilities: Field) -> None:
    """The classes' colors, mixed by their probabilities, paler than points."""
    colors = np.array([to_rgb(one) for one in class_colors(probabilities.shape[2])])
    show(axes, 1 - 0.38 * (1 - probabilities @ colors).clip(0, 1))


def boundary(axes: Axes, probabilities: Field, *, dashed: bool = False) -> None:
    """Where two classes are equally probable."""
    side, classes = np.linspace(-REACH, REACH, len(probabilities)), probabilities.shape[2]
    for label in range(classes if classes > 2 else 1):
        others = np.delete(probabilities, label, 2).max(2)
        margin = probabilities[..., label] - others
        if margin.min() < 0 < margin.max():
            style = "dashed" if dashed else "solid"
            axes.contour(side, side, margin, [0.0], colors=INK, linewidths=1.4, linestyles=style)


def points(axes: Axes, places: Plane, labels: Labels) -> None:
    colors = class_colors(max(2, int(labels.max()) + 1))
    of_each = [colors[label] for label in labels]
    axes.scatter(places[:, 0], places[:, 1], s=7, c=of_each, linewidths=0, alpha=0.85, zorder=2)


def mark(axes: Axes, odd: Plane) -> None:
    axes.scatter(odd[:, 0], odd[:, 1], s=70, marker="X", c=COLORS[2], edgecolors="white", linewidths=0.8, zorder=4)
