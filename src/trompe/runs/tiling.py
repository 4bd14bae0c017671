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
    corners = [(top, left) for top in starts(image.shape[1], size[0]) for left in starts(image.shape[2], size[1])]
    tiles = torch.stack([image[:, top : top + size[0], left : left + size[1]] for top, left in corners])
    labels = label and label * len(tiles)
    total, count = torch.zeros_like(image), torch.zeros_like(image[:1])
    for (top, left), tile in zip(corners, predictor.reconstruct(tiles, labels), strict=True):
        total[:, top : top + size[0], left : left + size[1]] += tile
        count[:, top : top + size[0], left : left + size[1]] += 1
    return total / count


def starts(length: int, size: int) -> list[int]:
    """Where tiles begin, so that they cover the length, the last one flush with its end."""
    count = 1 + -(-(length - size) // max(1, size // OVERLAP))
    return sorted({int(start) for start in np.round(np.linspace(0, length - size, count))})
