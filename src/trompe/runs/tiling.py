"""A whole image through a model of patches: overlapping tiles, each reconstructed, and their mean."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import TrompeError
from .predictor import Predictor

OVERLAP = 4
"""Tiles that cover a pixel, along each axis."""


def reconstruct_tiled(
    predictor: Predictor, image: Float[Tensor, "channels height width"], label: list[int] | None = None
) -> Float[Tensor, "channels height width"]:
    """An image of any size that holds a patch, reconstructed.

    Args:
        label: its class, alone in a list, where the model is class-conditional.

    Raises:
        TrompeError: it is smaller than a patch.
    """
    size = predictor.model.input_shape[1:]
    if any(length < least for length, least in zip(image.shape[1:], size, strict=True)):
        raise TrompeError(
            f"an image of {image.shape[1]}x{image.shape[2]} holds no patch of {size[0]}x{size[1]}",
            hint="give a larger image",
        )
    tops, lefts = (starts(length, side) for length, side in zip(image.shape[1:], size, strict=True))
    columns = (torch.tensor(lefts)[:, None] + torch.arange(size[1])).flatten()
    total, count = torch.zeros_like(image), torch.zeros_like(image[:1])
    for top in tops:  # a row of tiles at a time: together they are many times the image
        rows = slice(top, top + size[0])
        tiles = image[:, rows].unfold(2, size[1], 1)[:, :, lefts].permute(2, 0, 1, 3)
        found = predictor.reconstruct(tiles.contiguous(), label and label * len(tiles))
        total[:, rows].index_add_(2, columns, found.permute(1, 2, 0, 3).flatten(2))
        count[:, rows].index_add_(2, columns, torch.ones(1, size[0], len(columns)))
    return total / count


def starts(length: int, size: int) -> list[int]:
    """Where tiles begin, so that they cover the length, the last one flush with its end."""
    count = 1 + -(-(length - size) // max(1, size // OVERLAP))
    return sorted({int(start) for start in np.round(np.linspace(0, length - size, count))})
