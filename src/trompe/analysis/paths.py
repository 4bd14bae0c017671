"""Paths between latents, and latents near one."""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..core.model import Model
from ..rng import Stream, normal

NEAR = 0.25
"""Distance of nearby latents, in standard deviations of the noise behind them."""
EDGE = 1 - 1e-4
"""Of a uniform prior: its very ends are infinitely far away in the noise."""


def between(
    first: Float[Tensor, "1 latent"], last: Float[Tensor, "1 latent"], steps: int, path: Literal["linear", "spherical"]
) -> Float[Tensor, "steps latent"]:
    """Latents from one to another, both among them: in a straight line, or by the great circle between their directions
    while the length goes evenly from the one's to the other's (White 2016).
    """
    places = torch.linspace(0, 1, steps)[:, None]
    if path == "linear":
        return torch.lerp(first, last, places)
    lengths = torch.lerp(first.norm(), last.norm(), places)
    one, other = (torch.nn.functional.normalize(end) for end in (first, last))
    angle = torch.arccos((one * other).sum().clamp(-1, 1))
    if angle.sin() < 1e-4:  # one direction, or opposite ones, between which no arc is the shortest
        return torch.lerp(first, last, places)
    arc = (torch.sin((1 - places) * angle) * one + torch.sin(places * angle) * other) / torch.sin(angle)
    return lengths * arc


def near(model: Model, latent: Float[Tensor, "1 latent"], count: int) -> Float[Tensor, "count latent"]:
    """`count` latents around one."""
    noise = NEAR * normal((count, latent.shape[1]), 0, Stream.SAMPLE)
    return model.latents_from_noise(noise_from_latents(model, latent) + noise)


def noise_from_latents(model: Model, latents: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The standard normal noise from which the prior makes these latents, or the nearest that it has."""
    return math.sqrt(2) * torch.erfinv(latents.clamp(-EDGE, EDGE)) if model.prior == "uniform" else latents
