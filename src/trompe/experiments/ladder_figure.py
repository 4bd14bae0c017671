"""The figure of the ladder: a column for each rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..display.grid import Images, padded
from ..figures.rows import show_images
from ..figures.style import COLORS, FAINT, INK, dress, log_scale, panels
from ..text import counted

SHOWN, SIDE = 4, 4
"""Images in a row, and rows of what comes out."""
ROWS = ("trained on", "gives back", "fed\nsomething\nelse")


@dataclass(frozen=True)
class Found:
    """What a rung shows.

    Attributes:
        name: of what the decoder is fed, in training.
        fed: what it is fed otherwise, in words.
        images: that it was trained on, how many.
        given, back: some of them, and what it gives back.
        error: squared error of what it gives back, per training image.
        unseen_error: the same of held-out images, where it has an encoder.
        out: what comes out when it is fed something else.
        distance: Frechet distance of that from held-out images, in pixels.
    """

    name: str
    fed: str
    images: int
    given: Images
    back: Images
    error: float
    unseen_error: float | None
    out: Images
    distance: float


def drawn(found: Sequence[Found], counts: tuple[int, ...], small: Mapping[int, list[float]], real: float) -> Figure:
    """A column for each rung; below, how far what comes out is from unseen images, and what small decoders store."""
    made, axes = panels(12.0, 8.0)
    axes[0, 0].remove()
    (above,), (below,) = made.subfigures(2, 1, squeeze=False, height_ratios=[5.1, 2.9])  # each with a layout of its own
    rows = above.subplots(3, len(found), height_ratios=[1, 1, SIDE])
    for column, one in enumerate(found):
        for place, (name, images) in enumerate(zip(ROWS, (one.given, one.back, one.out), strict=True)):
            show_images(rows[place, column], padded(images, max(SHOWN, len(images))), SHOWN, "" if column else name)
        rows[0, column].set_title(f"{one.name}\n{counted(one.images, 'image')}", fontsize=10, color=INK)
        error = f"{one.error:.1f}" if one.error >= 0.05 else "below 0.05"
        rows[1, column].set_xlabel(f"squared error {error}", fontsize=9, color=INK)
        rows[2, column].set_xlabel(one.fed, fontsize=9, color=INK)
    panel = below.subplots(1, 2, width_ratios=[3, 2])
    draw_distances(panel[0], found, real)
    draw_storage(panel[1], counts, small)
    return made


def draw_distances(axes: Axes, found: Sequence[Found], real: float) -> None:
    dress(axes, "Distance of what comes out from unseen images", "", "Frechet distance, pixels")
    distances = [one.distance for one in found]
    axes.scatter(range(len(found)), distances, 50, color=COLORS[0])
    for place, value in enumerate(distances):
        axes.annotate(f"{value:.3g}", (place, value), (7, 0), textcoords="offset points", va="center", fontsize=9)
    axes.axhline(real, color=FAINT, linewidth=1, linestyle="--")
    axes.annotate(
        f"training images {real:.3g}", (-0.3, real), (0, 4), textcoords="offset points", fontsize=9, color=INK
    )
    log_scale(axes)
    axes.set(xlim=(-0.35, len(found) - 0.65), ylim=(0.7 * min(real, *distances), 1.8 * max(distances)))
    axes.set_xticks(range(len(found)), [one.name for one in found], fontsize=9, color=INK)
    axes.tick_params(axis="x", length=0)


def draw_storage(axes: Axes, counts: tuple[int, ...], small: Mapping[int, list[float]]) -> None:
    dress(axes, "One-hot vectors and few units: where storing ends", "images to store", "squared error per image")
    for (units, errors), color in zip(small.items(), COLORS, strict=False):
        axes.plot(counts, errors, color=color, marker="o", markersize=4, linewidth=1.5)
        axes.text(counts[-1], errors[-1], f"  {units} units", fontsize=9, color=color, va="center")
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
