"""How diverse samples are, cheaply: for a look at every sample grid of a training."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

SIDE = 8
"""Samples are compared as thumbnails, so that noise does not count as diversity."""


def sample_diversity(
    samples: Float[Tensor, "count channels *spatial"], real: Float[Tensor, "twice channels *spatial"]
) -> dict[str, float]:
    """Of samples against twice as many real ones: `samples/diversity`, the mean distance between two of them, and
    `samples/mode_coverage`, how many real samples are the nearest to one of them; both relative to what real samples
    would have, about 1 for a perfect model.
    """
    half = len(real) // 2
    if half < 2:
        return {}
    one, other, thumbnails = (thumbnail(part) for part in (real[:half], real[half : 2 * half], samples[:half]))
    distance, real_distance = (float(torch.pdist(part).mean()) for part in (thumbnails, one))
    covered, real_covered = (len(torch.cdist(part, one).argmin(1).unique()) for part in (thumbnails, other))
    return {"samples/diversity": distance / max(real_distance, 1e-12), "samples/mode_coverage": covered / real_covered}


def thumbnail(images: Float[Tensor, "count channels *spatial"]) -> Float[Tensor, "count values"]:
    shrink: Any = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[images.ndim - 2]
    sizes = [min(SIDE, side) for side in images.shape[2:]]
    return shrink(images.float(), sizes[0] if len(sizes) == 1 else sizes).flatten(1)
