"""How fast a GAN trains, as a ratio to a textbook loop of the same networks in the same run.

    python benchmarks/adversarial.py --out docs/results/adversarial.json

The textbook loop is the one that most tutorials show: float32, default memory layout, `torch.optim.Adam`, the
discriminator's gradient on real and on generated images, then the generator's through the whole discriminator. Both
have the networks of `gan-cifar10-lecture`, batches of 64 at 32x32, and take turns. The bound is the fastest product of
two large matrices in trompe's precision on the same machine; a step's products are counted by torch's own counter.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from reporting import command, conditions, record
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import trompe
from trompe.condition import Condition
from trompe.data.batches import Batches
from trompe.data.order import batch_indices
from trompe.device import keep_freed_memory, pick_device
from trompe.recipes.build import build_model, prepare
from trompe.recipes.tree import Recipe
from trompe.training.graphs import GraphedSteps
from trompe.training.resolve import resolved
from trompe.training.state import initial_state
from trompe.training.step import train_step

SHAPE = (3, 32, 32)
SIDE = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="gan-cifar10-lecture")
    parser.add_argument("--steps", type=int, default=20, help="steps per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    device = pick_device(arguments.device)
    machine = conditions()
    recipe = resolved(trompe.recipe(arguments.recipe), device)
    textbook = textbook_loop(recipe, device)
    keep_freed_memory()
    operations = operations_of(stepper(recipe, noise_images(), device, recorded=False))
    step = stepper(recipe, noise_images(), device)
    times: dict[str, list[float]] = {"trompe": [], "textbook": []}
    for turn in range(arguments.rounds + 1):  # the first warms up
        for name, one in (("trompe", step), ("textbook", textbook)):
            seconds = timed(one, arguments.steps, device)
            if turn:
                times[name].append(seconds)
    batch = recipe.train.batch
    rates = {name: batch / float(np.median(one)) for name, one in times.items()}
    bound = product_rate(device, recipe.train.precision)
    entry = {
        "command": command(),
        "machine": machine,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "recipe": arguments.recipe,
        "batch": batch,
        "precision": recipe.train.precision,
        "images_per_second": rates,
        "ratio": rates["trompe"] / rates["textbook"],
        "operations_per_step": operations,
        "bound_operations_per_second": bound,
        "share_of_bound": operations * rates["trompe"] / batch / bound,
    }
    record(entry, arguments.out)


def stepper(recipe: Recipe, data: trompe.Samples, device: torch.device, recorded: bool = True) -> Callable[[], object]:
    """A step of trompe's training, with the gathering of its batch; on a GPU recorded and replayed, as the loop does
    it, or not.
    """
    model, phases = build_model(recipe, data.format), recipe.family.phases()
    prepare(model, recipe, data)
    model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state, batches = initial_state(model, phases, recipe.train), Batches(data, device, recipe.data)
    graphed = GraphedSteps(state, phases, batches, recipe.train) if recorded and device.type == "cuda" else None

    def step() -> object:
        indices = batch_indices(len(batches), recipe.train.batch, recipe.train.seed, state.step)
        if graphed is not None:
            return graphed(indices, gradient_norms=False)
        return train_step(state, phases, batches, indices, recipe.train)

    return step


class Operations(TorchDispatchMode):
    """Counts the operations of matrix products and convolutions, those of second derivatives too, where torch's
    `FlopCounterMode` gives up.
    """

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (count := flop_registry.get(func.overloadpacket)) is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def operations_of(step: Callable[[], object], steps: int = 1) -> float:
    """Operations of a step, the mean over several where penalties are not taken at each."""
    with Operations() as counter:
        for _ in range(steps):
            step()
    return counter.total / steps


def textbook_loop(recipe: Recipe, device: torch.device) -> Callable[[], object]:
    """A step as tutorials write it, non-saturating, on real images that are floats already."""
    data = noise_images()
    model = build_model(recipe, data.format).to(device)
    generator, discriminator = model.network("decoder"), model.network("discriminator")
    rate, betas = recipe.train.learning_rate, (recipe.train.beta1, recipe.train.beta2)
    of_generator = torch.optim.Adam(generator.parameters(), lr=rate, betas=betas)
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=rate, betas=betas)
    images = data.images_as_floats().to(device)
    batch = recipe.train.batch
    ones, zeros = torch.ones(batch, device=device), torch.zeros(batch, device=device)
    classes = Condition(torch.arange(batch, device=device) % 10 if model.num_classes else None)

    def step() -> object:
        real = images[torch.randint(len(images), (batch,), device=device)]
        fake = generator(torch.randn(batch, *model.latent_shape, device=device), classes).sigmoid()
        of_discriminator.zero_grad()
        loss = F.binary_cross_entropy_with_logits(discriminator(real, classes), ones)
        loss = loss + F.binary_cross_entropy_with_logits(discriminator(fake.detach(), classes), zeros)
        loss.backward()
        of_discriminator.step()
        of_generator.zero_grad()
        loss = F.binary_cross_entropy_with_logits(discriminator(fake, classes), ones)
        loss.backward()
        of_generator.step()
        return loss.item()

    return step


def noise_images(shape: tuple[int, ...] = SHAPE, count: int = 5000) -> trompe.Samples:
    images = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    return trompe.Samples(images, "noise", np.arange(count) % 10, tuple("0123456789"))


def timed(step: Callable[[], object], count: int, device: torch.device) -> float:
    """Seconds per step."""
    began = time.perf_counter()
    for _ in range(count):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - began) / count


def product_rate(device: torch.device, precision: str | None) -> float:
    """Operations per second of a product of two square matrices, at best."""
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(SIDE, SIDE, device=device, dtype=kind) for _ in range(2))
    seconds = min(timed(lambda: a @ b, 3, device) for _ in range(4))
    return float(2 * SIDE**3 / seconds)


if __name__ == "__main__":
    main()
