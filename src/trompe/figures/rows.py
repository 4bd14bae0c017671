"""Rows of images, each with its name on the left."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..display.grid import Images, image_grid, padded
from .style import INK, panels

Row = tuple[str, Float[Tensor, "_count channels *spatial"]]


def drawn(rows: Sequence[Row]) -> Figure:
    """Rows of images, a shorter one ending in white."""
    columns = max(len(images) for _, images in rows)
    longest = max(len(line) for name, _ in rows for line in name.split("\n"))
    most = 1 + max(name.count("\n") for name, _ in rows)
    made, axes = panels(0.3 + 0.1 * longest + 0.66 * columns, max(0.8, 0.2 * most) * len(rows), len(rows), 1)
    for panel, (name, images) in zip(axes[:, 0], rows, strict=True):
        show_images(panel, padded(images, columns), columns, name)
    return made


def show_images(axes: Axes, images: Images, columns: int, name: str = "") -> None:
    """A grid of images without axes, its name on the left."""
    axes.set_ylabel(name, fontsize=9, color=INK, rotation=0, ha="right", va="center")
    axes.imshow(image_grid(images, columns), interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
