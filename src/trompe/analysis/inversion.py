"""Which latent generates this image: by descent from several starts, by the encoder, or by descent from the encoder's
latent.

Zhu et al. 2016, *Generative visual manipulation on the natural image manifold* (the three ways, section 4.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..condition import Condition
from ..core.model import Model
from ..data.samples import as_floats
from ..display.grid import Images
from ..errors import TrompeError
from ..runs.predictor import Labels, Predictor
from ..terminal import tracked
from .paths import noise_from_latents

Method = Literal["encoder", "descent", "both"]

LEARNING_RATE = 0.1
TOGETHER = 256
"""Latents that descend at a time."""
DEVIATION = 0.1
"""Standard deviation of the pixels around an image of a latent: with the prior it makes the descent one to the most
probable latent, and keeps latents where samples come from."""


@dataclass(frozen=True)
class Inversion:
    """The latents found for images by one method, the images decoded from them, and the way there.

    Attributes:
        errors: the mean squared error of a pixel, of each image before each step and after the last, of the start that
            is best at that time.
    """

    latents: Float[Tensor, "count *latent"]
    images: Images
    errors: Float[Tensor, "steps count"]


def methods_of(predictor: Predictor) -> tuple[Method, ...]:
    """The methods that there are networks for."""
    found: tuple[Method, ...] = ("encoder", "both") if "encoder" in predictor.model.networks else ()
    return found if predictor.model.prior is None else ("descent", *found)


def invert(
    predictor: Predictor,
    images: Any,
    labels: Labels | None = None,
    *,
    method: Method,
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
) -> Inversion:
    """Find a latent for each image.

    Args:
        images: float in [0, 1] or uint8, `(count, channels, height, width)`.
        labels: a class each, of a class-conditional model.
        method: `descent` from `starts` latents of the prior, `encoder`, or `both`: descent from the encoder's latent.

    Raises:
        TrompeError: the model lacks what the method needs, or the images do not fit it.
    """
    model, device = predictor.model, predictor.device
    if method not in methods_of(predictor):
        known = ", ".join(methods_of(predictor)) or "none"
        raise TrompeError(f"this model cannot be inverted by `{method}`", hint=f"by {known}")
    if starts < 1 or steps < 0:
        raise TrompeError(f"{starts} starts of {steps} steps find nothing", hint="give at least one start")
    targets, condition = predictor.prepare(images, labels)
    targets = as_floats(targets)
    if method == "descent":
        noise = predictor.noise(starts, seed)
        first = model.latents_from_noise(noise).expand(len(targets), *noise.shape)
    else:
        first = predictor.encode(targets, condition.labels)[:, None]
    steps = 0 if method == "encoder" else steps
    size = max(1, TOGETHER // first.shape[1])
    found = []
    with tracked(f"inverting by {method}", len(targets)) as advance:
        for start in range(0, len(targets), size):
            rows = slice(start, start + size)
            given = condition[rows].to(device)
            found.append(descended(model, targets[rows].to(device), given, first[rows].to(device), steps))
            advance(len(found[-1][0]))
    latents = first[:, 0].cpu() if method == "encoder" else torch.cat([part for part, _ in found]).cpu()
    errors = torch.cat([way for _, way in found], 1).cpu()
    return Inversion(latents, predictor.decode(latents, condition.labels), errors)


def descended(
    model: Model, images: Images, condition: Condition, first: Float[Tensor, "count starts *latent"], steps: int
) -> tuple[Float[Tensor, "count *latent"], Float[Tensor, "steps count"]]:
    """The best of each image's latents after this many steps of Adam from its first ones, and the way there.

    The descent is in the standard normal noise behind the latents, so that those of a uniform prior stay within it.
    """
    count, starts = first.shape[:2]
    noise = noise_from_latents(model, first.flatten(0, 1)).detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([noise], LEARNING_RATE)
    repeated = condition.repeat_interleave(starts)
    target = images.repeat_interleave(starts, 0)
    ways = []
    for step in range(steps + 1):
        with torch.enable_grad():
            decoded = model.likelihood_mean(model.latents_from_noise(noise), repeated)
            error = (decoded - target).square().flatten(1)
            clamped = (decoded.detach().clamp(0, 1) - target).square().flatten(1)
            ways.append(clamped.mean(1).view(count, starts))
            if step == steps:
                break
            prior = 0.5 * noise.square().sum() if model.prior is not None else 0.0
            (error.sum() / (2 * DEVIATION**2) + prior).backward()
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.step()
        optimizer.zero_grad()
    best = ways[-1].argmin(1)
    found = model.latents_from_noise(noise.detach()).view(first.shape)[torch.arange(count), best]
    return found, torch.stack([way.min(1).values for way in ways])
