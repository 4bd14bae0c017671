"""Rows of pictures, each with its name on the left."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..grids import padded, picture_grid
from .style import INK, figure

Row = tuple[str, Float[Tensor, "count channels *spatial"]]


def drawn(rows: Sequence[Row]) -> Figure:
    """Rows of pictures, a shorter one ending in white."""
    columns = max(len(images) for _, images in rows)
    longest = max(len(line) for name, _ in rows for line in name.split("\n"))
    made, axes = figure(0.3 + 0.08 * longest + 0.66 * columns, 0.8 * len(rows), len(rows), 1)
    for panel, (name, images) in zip(axes[:, 0], rows, strict=True):
        show_pictures(panel, padded(images, columns), columns)
        name_row(panel, name)
    return made


def name_row(axes: Axes, name: str) -> None:
    axes.set_ylabel(name, fontsize=9, color=INK, rotation=0, ha="right", va="center")


def show_pictures(axes: Axes, images: Float[Tensor, "count channels *spatial"], columns: int) -> None:
    """A grid of pictures without axes."""
    axes.imshow(picture_grid(images, columns), interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
