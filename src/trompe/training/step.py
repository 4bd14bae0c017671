"""One step of training: noise, batch, and each active phase's gradient and update."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..core.model import Model
from ..core.phases import Phase, When, training_only
from ..data.batches import Batch, BatchSource
from ..options.train import TrainOptions
from ..ranks import ALONE, Ranks
from ..rng import Draws, seed_step
from .state import State

LAST = 0.01
"""Fraction of the learning rate at the end of a cosine."""


def train_step(
    state: State,
    phases: tuple[Phase, ...],
    source: BatchSource,
    indices: np.ndarray,
    options: TrainOptions,
    *,
    ranks: Ranks = ALONE,
    gradient_norms: bool = False,
) -> dict[str, Float[Tensor, ""]]:
    """Take one step in place, and give the means of every term over the global batch, by name, still on the device.

    Args:
        indices: of the global batch; each rank takes its rows.
        gradient_norms: give those too.
    """
    key, rows = seed_step(options.seed, state.step), ranks.rows(len(indices))
    draws = Draws(key, source.device, len(indices), rows)
    batch = source.prepared(indices[rows], draws, ranks=ranks)
    rates = rates_of(phases, state, options)
    logged = update(state, rates, batch, options, average_decay(options, state.step), gradient_norms=gradient_norms)
    state.step += 1
    return logged


def rates_of(phases: tuple[Phase, ...], state: State, options: TrainOptions) -> dict[Phase, float]:
    """The phases that take part in the next step, and the learning rate of each."""
    taking = (phase for phase in phases if phase.when.active(state.step))
    return {phase: phase.lr_scale * learning_rate(options, state.step, phase.when) for phase in taking}


def update(
    state: State,
    rates: Mapping[Phase, float | Tensor],
    batch: Batch,
    options: TrainOptions,
    decay: float | Tensor,
    *,
    gradient_norms: bool,
) -> dict[str, Float[Tensor, ""]]:
    """Update the weights by each phase in turn, and their moving average.

    Args:
        rates: the phases that take part, and the learning rate of each.
        decay: of the moving average.
    """
    logged: dict[str, Tensor] = {}
    for phase, rate in rates.items():
        optimizer = state.optimizers[phase.name]
        with training_only(state.model, phase.trains):
            with autocast(batch.images.device, options):
                terms = phase.loss(state.model, batch, state.step)
            means = {f"{phase.name}/{name}": batch.share(term) for name, term in terms.items()}
            torch.stack(tuple(means.values())).sum().backward()
            if batch.ranks.size > 1:
                for weight in optimizer.parameters.values():
                    weight.grad = None if weight.grad is None else batch.ranks.sum(weight.grad)
            if options.clip or gradient_norms:
                gradients = [weight.grad for weight in optimizer.parameters.values() if weight.grad is not None]
                norm = torch.nn.utils.get_total_norm(gradients)
                if options.clip:
                    torch.nn.utils.clip_grads_with_norm_(optimizer.parameters.values(), options.clip, norm)
                logged[f"{phase.name}/gradient_norm"] = norm
            optimizer.step(rate)
        logged |= {name: batch.ranks.sum(mean.detach()) for name, mean in means.items()}
    if state.ema is not None:
        update_average(state.ema, state.model, decay)
    return logged


def autocast(device: torch.device, options: TrainOptions) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bfloat16")


def learning_rate(options: TrainOptions, step: int, when: When = When()) -> float:  # noqa: B008 (frozen)
    """A linear rise over the warm-up, then constant, or half a cosine down to a hundredth at the phase's last step, or
    at `decay_steps` for a phase without.
    """
    rise = min(1.0, (step - when.start + 1) / options.warmup) if options.warmup else 1.0
    if options.schedule == "constant":
        return options.learning_rate * rise
    end = when.stop or options.decay_steps or options.steps
    done = min(1.0, (step - when.start) / max(1, end - when.start))
    return options.learning_rate * rise * (LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * done)))


def average_decay(options: TrainOptions, step: int) -> float:
    """The moving average's decay; smaller at first, so that the initial weights are forgotten soon."""
    return min(options.ema, (1 + step) / (10 + step))


@torch.no_grad()
def update_average(average: Model, model: Model, decay: float | Tensor) -> None:
    averages: list[Tensor] = list(average.parameters())
    weights: list[Tensor] = list(model.parameters())
    if isinstance(decay, Tensor):  # there is no fused kernel of `lerp` by a number on the device
        steps = list(torch._foreach_sub(weights, averages))
        torch._foreach_mul_(steps, 1 - decay)
        torch._foreach_add_(averages, steps)
    else:
        torch._foreach_lerp_(averages, weights, 1 - decay)
    for (name, mean), buffer in zip(average.named_buffers(), model.buffers(), strict=True):
        if name.endswith(("running_mean", "running_var")):  # the activations of averaged weights have their own
            mean.lerp_(buffer, 1 - decay)
        else:
            mean.copy_(buffer)
