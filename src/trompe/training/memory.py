"""How much memory a training takes, found before it is taken."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..condition import Condition
from ..core.model import Model
from ..data.samples import Format
from ..errors import TrompeError
from ..options.nets import ConvOptions
from ..recipes.build import build_model
from ..recipes.tree import Recipe

FLOAT = 4
"""Bytes of a weight, of its gradient, and of each number that an optimizer keeps of it."""


def check_weights(recipe: Recipe, data: Format, device: torch.device) -> None:
    """Refuse a recipe whose weights and optimizers cannot fit, before any of them is allocated.

    Raises:
        TrompeError: they take more than the device has free.
    """
    if isinstance(recipe.nets, ConvOptions):  # of shapes alone it takes torch's compiler seconds, and it adds little
        recipe = replace(recipe, nets=replace(recipe.nets, spectral_norm=False))
    try:
        with torch.device("meta"):
            needed = bytes_of(build_model(recipe, data), recipe)
    except TrompeError:
        raise
    except Exception as error:
        if "overflow" not in str(error):
            return  # a network of a user's own that needs values to be built
        needed = math.inf
    refuse_above(free_memory(device), needed)


def check_memory(model: Model, recipe: Recipe, data: Format, device: torch.device) -> str:
    """What memory a training takes, in words.

    Raises:
        TrompeError: it takes more than the device has free.
    """
    weights, value = bytes_of(model, recipe), 2 if recipe.train.precision == "bfloat16" else FLOAT
    activations = float(value * recipe.train.batch * activations_of(model, data)) if recipe.family.phases() else 0.0
    refuse_above(free_memory(device), weights, activations)
    stated = f"about {in_bytes(weights)} of weights and optimizer state"
    return f"{stated}, at least {in_bytes(activations)} of activations" if activations else stated


def bytes_of(model: Model, recipe: Recipe) -> float:
    """Bytes of weights, gradients and averaged weights, and of the two numbers that a phase's Adam keeps of each."""
    phases, weights = recipe.family.phases(), sum(weight.numel() for weight in model.parameters())
    trained = sum(weight.numel() for phase in phases for weight in phase.parameters(model).values())
    copies = 1 + bool(phases) + bool(recipe.train.ema)
    return float(FLOAT * (copies * weights + 2 * trained))


def refuse_above(free: float, weights: float, activations: float = 0.0) -> None:
    """Raise an error if there is not enough memory."""
    if weights + activations > free:
        parts = f"weights, gradients and optimizer state take about {in_bytes(weights)}"
        parts += f", activations at least {in_bytes(activations)}" if activations else ""
        raise TrompeError(
            f"there is not enough memory for that: {parts}, and {in_bytes(free)} are free",
            hint="ask for smaller images (`--size`), batches (`--train.batch`) or networks (`--nets.widths`)",
        )


@torch.no_grad()
def activations_of(model: Model, data: Format) -> int:
    """Values that the layers of all networks give for one sample, which a gradient needs: a lower bound of what a step
    keeps; 0 for networks that cannot say.
    """
    counted: list[int] = []

    def count(module: nn.Module, inputs: object, output: object) -> None:
        counted.append(output.numel() if isinstance(output, Tensor) else 0)

    device, networks = model.device, model.networks
    hooks = [one.register_forward_hook(count) for one in model.modules() if not any(one.children())]
    images, given = torch.zeros(1, *data.shape, device=device), model.condition_shape
    condition = Condition(
        torch.zeros(1, dtype=torch.int64, device=device),
        None if given is None else torch.zeros(1, *given, device=device),
    )
    latents = torch.zeros(1, *model.latent_shape, device=device)
    model.eval()
    with suppress(Exception):  # a network of a user's own may take none of this
        if "encoder" in networks:
            model.posterior(images if not model.lifts else condition.images, condition)  # type: ignore[arg-type]
        if "decoder" in networks:
            model.decoder_parameters(latents, condition)
        if "discriminator" in networks:
            model.discriminator_logits(images, condition, latents)
    model.train()
    for hook in hooks:
        hook.remove()
    return sum(counted)


def free_memory(device: torch.device) -> float:
    """Bytes that are free on a device, or infinitely many where the system does not say."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return math.inf
    found = [math.inf]
    with suppress(OSError, ValueError, IndexError):
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(1024.0 * int(lines["MemAvailable"].split()[0]))
    with suppress(OSError, ValueError):  # of a container
        found.append(float(Path("/sys/fs/cgroup/memory.max").read_text()))
    with suppress(OSError, ValueError, AttributeError):
        found.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    return min(found)


def in_bytes(count: float) -> str:
    """A size as people say it: `1.2 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return "more than 1,000,000 TB" if count > 1e6 else f"{count:,.3g} TB"
