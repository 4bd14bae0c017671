"""Which code makes this picture: by descent from several starts, by the encoder, or by descent from the encoder's code.

Zhu et al. 2016, *Generative visual manipulation on the natural image manifold* (the three ways, section 4.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from .codes import to_noise
from .data.batches import as_floats
from .errors import TrompeError
from .model import Model
from .progress import tracked
from .run import Labels, Run

Method = Literal["encoder", "descent", "both"]

RATE = 0.1
TOGETHER = 256
"""Codes that descend at a time."""
DEVIATION = 0.1
"""Of the noise, in grey levels, under which a picture is taken for one of a code's: with the prior it makes the descent
one to the most probable code, and keeps codes where samples come from."""


@dataclass(frozen=True)
class Inversion:
    """The codes found for pictures by one method, the pictures that they make, and the way there.

    Attributes:
        errors: the mean squared error of a grey level, of each picture before each step and after the last, of the
            start that is best at that time.
    """

    codes: Float[Tensor, "count latent"]
    images: Float[Tensor, "count channels *spatial"]
    errors: Float[Tensor, "steps count"]


def methods_of(run: Run) -> tuple[Method, ...]:
    """The methods that there are networks for."""
    found: tuple[Method, ...] = () if run.model.encoder is None else ("encoder", "both")
    return found if run.model.prior is None else ("descent", *found)


def invert(
    run: Run,
    images: Any,
    labels: Labels | None = None,
    *,
    method: Method,
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
) -> Inversion:
    """Find a code for each picture.

    Args:
        images: float in [0, 1] or uint8, `(count, channels, height, width)`.
        labels: a class each, of a class-conditional model.
        method: `descent` from `starts` codes of the prior, `encoder`, or `both`: descent from the encoder's code.

    Raises:
        TrompeError: the model has not what the method needs, or the pictures do not fit it.
    """
    if method not in methods_of(run):
        known = ", ".join(methods_of(run)) or "none"
        raise TrompeError(f"this model cannot be inverted by `{method}`", hint=f"by {known}")
    if starts < 1 or steps < 0:
        raise TrompeError(f"{starts} starts of {steps} steps find nothing", hint="give at least one start")
    pictures, chosen = run.pictures(images, labels)
    pictures = as_floats(pictures) if pictures.dtype == torch.uint8 else pictures.float()
    if method == "descent":
        first = run.model.codes_from(run.noise(starts, seed)).expand(len(pictures), -1, -1)
    else:
        first = run.encode(pictures, chosen)[:, None]
    steps = 0 if method == "encoder" else steps
    size = max(1, TOGETHER // first.shape[1])
    found = []
    with tracked(f"inverting by {method}", len(pictures)) as advance:
        for start in range(0, len(pictures), size):
            part = slice(start, start + size)
            of_part = None if chosen is None else chosen[part].to(run.device)
            found.append(
                descended(run.model, pictures[part].to(run.device), of_part, first[part].to(run.device), steps)
            )
            advance(len(found[-1][0]))
    codes = first[:, 0].cpu() if method == "encoder" else torch.cat([part for part, _ in found]).cpu()
    return Inversion(codes, run.decode(codes, chosen), torch.cat([way for _, way in found], 1).cpu())


def descended(
    model: Model,
    images: Float[Tensor, "count channels *spatial"],
    labels: Tensor | None,
    first: Float[Tensor, "count starts latent"],
    steps: int,
) -> tuple[Float[Tensor, "count latent"], Float[Tensor, "steps count"]]:
    """The best of each picture's codes after so many steps of Adam from its first ones, and the way there.

    The descent is in the standard normal numbers behind the codes, so that those of a uniform prior stay within it.
    """
    count, starts, _ = first.shape
    where = to_noise(model, first.flatten(0, 1)).detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([where], RATE)
    repeated = None if labels is None else labels.repeat_interleave(starts)
    target = images.repeat_interleave(starts, 0)
    ways = []
    for step in range(steps + 1):
        with torch.enable_grad():
            made = model.expected(model.codes_from(where), repeated)
            error = (made - target).square().flatten(1)
            shown = (made.detach().clamp(0, 1) - target).square().flatten(1)
            ways.append(shown.mean(1).view(count, starts))
            if step == steps:
                break
            prior = 0.5 * where.square().sum(1) if model.prior is not None else where.new_zeros(())
            (error.sum(1) / (2 * DEVIATION**2) + prior).sum().backward()
        optimiser.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimiser.step()
        optimiser.zero_grad()
    best = ways[-1].argmin(1)
    found = model.codes_from(where.detach()).view(first.shape)[torch.arange(count), best]
    return found, torch.stack([way.min(1).values for way in ways])
