"""What is done to samples inside a step: corruption of a denoising autoencoder's input, and differentiable augmentation
of what a discriminator sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from ..options.names import AugmentationName, CorruptionName
from ..rng import Noise

SHIFTED = 0.125
CUT = 0.5
"""Shares of a side: how far images are shifted at most, and how long the side of what is cut out is."""
GRAY = 0.5
"""What comes in from outside, and what is put where something is cut out: the middle of the scale."""


def corrupted(
    x: Float[Tensor, "batch *shape"], corruption: CorruptionName, level: float, noise: Noise
) -> tuple[Float[Tensor, "batch *shape"], Bool[Tensor, "batch *shape"]]:
    """A corrupted copy, and the mask of what was corrupted (Vincent et al. 2010, section 3.3).

    `masking` sets a share `level` of the values to 0; `salt-and-pepper` sets them to 0 or 1, each as likely; `gaussian`
    adds noise of standard deviation `level` to all of them.
    """
    if corruption == "gaussian":
        return x + level * noise.normal(*x.shape[1:]), torch.ones_like(x, dtype=torch.bool)
    chance = noise.uniform(*x.shape[1:])
    mask = chance < level
    if corruption == "masking":
        return x.masked_fill(mask, 0), mask
    return torch.where(mask, (chance < 0.5 * level).to(x.dtype), x), mask


# Differentiable augmentation (Zhao et al. 2020, *Differentiable augmentation for data-efficient GAN training*)


def augmented(images: Tensor, kinds: Sequence[AugmentationName], noise: Noise) -> Tensor:
    """Images changed by each kind in turn; a gradient flows through all of them."""
    for kind in kinds:
        images = AUGMENTATIONS[kind](images, noise)
    return images


def color(images: Tensor, noise: Noise) -> Tensor:
    """Brightness by up to a quarter of the range, saturation and contrast by up to twice and a half."""
    each = (1,) * (images.ndim - 1)
    images = images + 0.5 * (noise.uniform(*each) - 0.5)
    images = torch.lerp(images.mean(1, keepdim=True), images, 2 * noise.uniform(*each))
    mean = images.flatten(1).mean(1).view(-1, *each)
    return torch.lerp(mean, images, 0.5 + noise.uniform(*each))


def translation(images: Tensor, noise: Noise) -> Tensor:
    """By whole pixels along each axis, gray coming in."""
    for axis in range(2, images.ndim):
        most = max(1, round(SHIFTED * images.shape[axis]))
        by = noise.integers(-most, most + 1, 1)
        padded = F.pad(images.movedim(axis, -1), (most, most), value=GRAY)
        places = torch.arange(images.shape[axis], device=images.device) + most + by
        shape = (len(images), *(1,) * (images.ndim - 2), images.shape[axis])
        index = places.view(shape).expand(*padded.shape[:-1], images.shape[axis])
        images = padded.gather(-1, index).movedim(-1, axis)
    return images


def cutout(images: Tensor, noise: Noise) -> Tensor:
    """A box of half the side set to gray, anywhere."""
    inside = torch.ones(len(images), *(1,) * (images.ndim - 1), dtype=torch.bool, device=images.device)
    for axis in range(2, images.ndim):
        length = images.shape[axis]
        half = max(1, round(CUT * length)) / 2
        center = noise.uniform(1) * length
        near = (torch.arange(length, device=images.device) + 0.5 - center).abs() <= half
        shape = [1] * images.ndim
        shape[0], shape[axis] = len(images), length
        inside = inside & near.view(shape)
    return images.masked_fill(inside, GRAY)


AUGMENTATIONS: dict[AugmentationName, Callable[[Tensor, Noise], Tensor]] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}
