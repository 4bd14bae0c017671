"""Samples of any kind as pixels: images, videos and voxels in a grid, points of the plane as a scatter."""

from __future__ import annotations

import numpy as np

from ..data.samples import Format
from .grid import BACKGROUND, Images, Pixels, image_grid

CANVAS = 448
INK = 40


def shown(samples: Images, data: Format, columns: int | None = None) -> Pixels:
    """Samples in [0, 1] as their kind is shown."""
    return scatter(samples) if data.kind == "points" else image_grid(samples, columns)


def scatter(points: Images) -> Pixels:
    """Points whose two coordinates in [0, 1] are across and up."""
    places = (points.flatten(1).clamp(0, 1).numpy() * (CANVAS - 3)).round().astype(int)
    canvas = np.full((CANVAS, CANVAS, 3), BACKGROUND, np.uint8)
    for down, along in np.ndindex(3, 3):
        canvas[CANVAS - 3 - places[:, 1] + down, places[:, 0] + along] = INK
    return canvas
