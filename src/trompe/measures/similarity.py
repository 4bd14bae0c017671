"""How like its original a reconstruction is, beyond the squared error."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

WINDOW, DEVIATION = 11, 1.5
STABLE = (0.01, 0.03)
"""Wang et al.'s K1 and K2."""
LEAST_ERROR = 1e-10
"""A perfect copy counts as having this mean squared error, 100 dB."""

Images = Float[Tensor, "batch channels *spatial"]


def peak_signal_to_noise(images: Images, others: Images) -> Float[Tensor, " batch"]:
    """`-10 log10` of the mean squared error of grey levels in [0, 1]: in decibels, higher is better."""
    error = (images.double() - others.double()).square().flatten(1).mean(1)
    return -10 * error.clamp_min(LEAST_ERROR).log10()


def window_for(image_shape: tuple[int, ...]) -> int | None:
    """The side of the window for pictures `(channels, *spatial)`: 11, or the largest odd one that fits; `None` where
    nothing does.
    """
    side = min(WINDOW, *image_shape[1:])
    side -= 1 - side % 2
    return side if side >= 3 else None


def structural_similarity(images: Images, others: Images, window: int = WINDOW) -> Float[Tensor, " batch"]:
    """Mean structural similarity (Wang et al. 2004) of grey levels in [0, 1]: Gaussian window of deviation 1.5,
    population covariances, windows wholly inside the picture, each channel by itself; 1 for a perfect copy.
    """
    first, second = images.double(), others.double()
    mean, other_mean, square, other_square, product = (
        _blurred(one, window) for one in (first, second, first**2, second**2, first * second)
    )
    low, high = (constant**2 for constant in STABLE)
    variances = square - mean**2 + other_square - other_mean**2
    covariance = product - mean * other_mean
    similarity = (2 * mean * other_mean + low) * (2 * covariance + high)
    similarity /= (mean**2 + other_mean**2 + low) * (variances + high)
    return similarity.flatten(1).mean(1)


def _blurred(images: Images, window: int) -> Images:
    """The Gaussian mean over windows, one axis after another."""
    offsets = torch.arange(window, dtype=images.dtype, device=images.device) - window // 2
    weights = (-0.5 * (offsets / DEVIATION) ** 2).exp()
    weights /= weights.sum()
    for axis in range(2, images.ndim):
        moved = images.movedim(axis, -1)
        lines = F.conv1d(moved.reshape(-1, 1, moved.shape[-1]), weights.view(1, 1, -1))
        images = lines.view(*moved.shape[:-1], -1).movedim(-1, axis)
    return images
