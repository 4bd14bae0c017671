"""What a denoising autoencoder's input suffers (Vincent et al. 2010, section 3.3)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..names import CorruptionName


def corrupt(
    x: Float[Tensor, "*shape"], corruption: CorruptionName, level: float
) -> tuple[Float[Tensor, "*shape"], Bool[Tensor, "*shape"]]:
    """A corrupted copy, and which numbers were hit. The noise is the global generator's.

    `masking` sets a share `level` of the numbers to 0; `salt-and-pepper` sets them to 0 or 1, each as likely;
    `gaussian` adds noise of deviation `level` to all of them.
    """
    if corruption == "gaussian":
        return x + level * torch.randn_like(x), torch.ones_like(x, dtype=torch.bool)
    chance = torch.rand_like(x)
    hit = chance < level
    if corruption == "masking":
        return x.masked_fill(hit, 0), hit
    return torch.where(hit, (chance < 0.5 * level).to(x.dtype), x), hit
