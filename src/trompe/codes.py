"""Paths between codes, and codes near one."""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from .model import Model
from .rng import Stream, normal

NEAR = 0.25
"""How far codes near one are from it, in deviations of the noise behind them."""
EDGE = 1 - 1e-4
"""Of a uniform prior: its very ends are infinitely far away in the noise."""


def between(
    first: Float[Tensor, "1 latent"], last: Float[Tensor, "1 latent"], steps: int, path: Literal["linear", "spherical"]
) -> Float[Tensor, "steps latent"]:
    """Codes from one to another, both among them: in a straight line, or by the great circle between their directions
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


def near(model: Model, code: Float[Tensor, "1 latent"], count: int, seed: int = 0) -> Float[Tensor, "count latent"]:
    """So many codes around one."""
    return model.codes_from(to_noise(model, code) + NEAR * normal((count, code.shape[1]), seed, Stream.SAMPLE))


def to_noise(model: Model, codes: Float[Tensor, "count latent"]) -> Float[Tensor, "count latent"]:
    """The standard normal numbers of which the prior makes these codes, or the nearest that it has."""
    return math.sqrt(2) * torch.erfinv(codes.clamp(-EDGE, EDGE)) if model.prior == "uniform" else codes
