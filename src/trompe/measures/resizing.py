"""How images are brought to a network's size: figures depend on it (Parmar et al. 2022), so it is in the protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..options.names import ResizeName

bilinear = partial(F.interpolate, mode="bilinear", align_corners=False)
"""Bilinear between the centers of pixels, without smoothing where it shrinks: as in pytorch-fid."""
antialiased = partial(F.interpolate, mode="bicubic", align_corners=False, antialias=True)
"""Bicubic, smoothed where it shrinks, not rounded: Pillow's filter, as in clean-fid (Parmar et al. 2022)."""


def tensorflow(images: Float[Tensor, "batch channels h w"], side: int) -> Float[Tensor, "batch channels side side"]:
    """Bilinear, the grid laid against the upper left corner: what the network's own graph did, as in StyleGAN."""
    for axis in (2, 3):
        length = images.shape[axis]
        place = torch.arange(side, device=images.device) * (length / side)
        low = place.floor().long()
        share = (place - low).view(-1, 1) if axis == 2 else place - low
        upper = images.index_select(axis, (low + 1).clamp_max(length - 1))
        images = torch.lerp(images.index_select(axis, low), upper, share)
    return images


RESIZES: dict[ResizeName, Callable[[Tensor, int], Tensor]] = {
    "bilinear": bilinear,
    "antialiased": antialiased,
    "tensorflow": tensorflow,
}


def resized(images: Tensor, side: int | None, resize: ResizeName) -> Tensor:
    if side is None or tuple(images.shape[2:]) == (side, side):
        return images
    return RESIZES[resize](images, side)


def in_color(images: Tensor) -> Tensor:
    return images.expand(-1, 3, *images.shape[2:]) if images.shape[1] == 1 else images
