"""Changes to pictures that a discriminator sees, differentiable, so that a generator learns through them (Zhao et al.
2020, *Differentiable augmentation for data-efficient GAN training*).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFTED = 0.125
CUT = 0.5
"""Shares of a side: how far pictures are shifted at most, and how long the side of what is cut out is."""
GREY = 0.5
"""What comes in from outside, and what is put where something is cut out: the middle of the scale."""


def augmented(images: Tensor, kinds: Sequence[str]) -> Tensor:
    """Pictures changed by each kind in turn; what is random is drawn from the global generator."""
    for kind in kinds:
        images = KINDS[kind](images)
    return images


def colour(images: Tensor) -> Tensor:
    """Brightness by up to a quarter of the grey scale, saturation and contrast by up to twice and a half."""
    each = (len(images), *(1,) * (images.ndim - 1))
    images = images + 0.5 * (drawn(each, images) - 0.5)
    images = torch.lerp(images.mean(1, keepdim=True), images, 2 * drawn(each, images))
    mean = images.flatten(1).mean(1).view(each)
    return torch.lerp(mean, images, 0.5 + drawn(each, images))


def shift(images: Tensor) -> Tensor:
    """By whole pixels along each axis, grey coming in."""
    for axis in range(2, images.ndim):
        most = max(1, round(SHIFTED * images.shape[axis]))
        by = torch.randint(-most, most + 1, (len(images), 1), device=images.device)
        moved = F.pad(images.movedim(axis, -1), (most, most), value=GREY)
        places = torch.arange(images.shape[axis], device=images.device) + most + by
        shape = (len(images), *(1,) * (images.ndim - 2), images.shape[axis])
        index = places.view(shape).expand(*moved.shape[:-1], images.shape[axis])
        images = moved.gather(-1, index).movedim(-1, axis)
    return images


def cutout(images: Tensor) -> Tensor:
    """A box of half the side set to grey, anywhere."""
    inside = torch.ones(len(images), *(1,) * (images.ndim - 1), dtype=torch.bool, device=images.device)
    for axis in range(2, images.ndim):
        length = images.shape[axis]
        half = max(1, round(CUT * length)) / 2
        centre = torch.rand(len(images), 1, device=images.device) * length
        near = (torch.arange(length, device=images.device) + 0.5 - centre).abs() <= half
        shape = [1] * images.ndim
        shape[0], shape[axis] = len(images), length
        inside = inside & near.view(shape)
    return images.masked_fill(inside, GREY)


def drawn(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.rand(shape, device=like.device)


KINDS: dict[str, Callable[[Tensor], Tensor]] = {"colour": colour, "shift": shift, "cutout": cutout}
