"""Training throughput of one VAE on MNIST: trompe, the textbook's loop, pythae, and an upper bound for all of them.

All train the same networks with the same batch and optimizer (`contenders.py` has each), each in its process, in turns,
A B C A B C ..., so that a machine that slows down slows them all. The values are medians over the rounds; a ratio is
taken within each round first. `bound` is the float32 matrix products alone, so it does not bound bfloat16.

`--check` shows that it is the same work: each trains anew for the same number of steps from its own seed, and its
loss on the 10,000 test images (cross-entropy of gray levels plus KL, one latent per image, in nats) joins the table.
All see gray levels from 0 to 1; scaled to [-1, 1] they would all be 1.6 nats worse after 3000 steps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from contenders import BATCH, Contender, by_products, by_pythae, by_textbook, by_trompe
from reporting import conditions, note, paired_ratio, report

from trompe.data.load import load_splits
from trompe.data.samples import Samples

REFERENCES = ("textbook", "pythae", "bound")


def main() -> None:
    arguments = parsed()
    before = conditions() | {"threads": torch.get_num_threads()}
    loaded = load_splits("mnist")
    makers = available(loaded.train, arguments.seed)
    rates = measured(makers, arguments.rounds, arguments.steps, arguments.warm_up)
    values: dict[str, Any] = {
        "rounds": arguments.rounds,
        "steps": arguments.steps,
        "batch": BATCH,
        "images_per_second": {name: median(every) for name, every in rates.items()},
        "ratio": {a: {b: paired_ratio(rates[a], rates[b]) for b in rates} for a in rates},
        "every_round": rates,
    }
    if arguments.check:
        losses = checked(list(makers.values()), loaded.test, arguments.check)
        values |= {"check_steps": arguments.check, "test_loss": losses}
    report(*as_table(values), values, before, arguments.json)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600, help="steps of each contender in a round (default 600)")
    parser.add_argument("--warm-up", type=int, default=100, help="steps of each before the first round (default 100)")
    parser.add_argument(
        "--check", type=int, nargs="?", const=3000, metavar="STEPS", help="compare test losses too, after 3000 steps"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def available(data: Samples, seed: int) -> dict[str, Callable[[], Contender]]:
    """How to make each contender; pythae only where it is installed."""
    makers: dict[str, Callable[[], Contender]] = {
        "trompe": partial(by_trompe, "trompe", data, seed, "float32"),
        "trompe bf16": partial(by_trompe, "trompe bf16", data, seed, "bfloat16"),
        "textbook": partial(by_textbook, data, seed),
    }
    try:
        import_module("pythae.trainers")
        makers["pythae"] = partial(by_pythae, data, seed)
    except ImportError as error:
        note(f"pythae is left out: {error}\nhint: `pip install --no-deps -r benchmarks/requirements.txt`")
    return makers | {"bound": by_products}


# Each contender has a process of its own, so that none gains or loses by what another did to the process.

_contender: Contender


def _make(maker: Callable[[], Contender]) -> None:
    global _contender
    _contender = maker()


def _train(steps: int) -> float:
    began = time.perf_counter()
    _contender.train(steps)
    return time.perf_counter() - began


def measured(
    makers: dict[str, Callable[[], Contender]], rounds: int, steps: int, warm_up: int
) -> dict[str, list[float]]:
    """Images per second of each contender in each round, one at a time, in turns."""
    rates: dict[str, list[float]] = {name: [] for name in makers}
    spawn = get_context("spawn")
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(ProcessPoolExecutor(1, spawn, _make, (maker,))) for name, maker in makers.items()
        }
        for worker in workers.values():
            worker.submit(_train, warm_up).result()
        for number in range(rounds):
            for name, worker in workers.items():
                rates[name].append(steps * BATCH / worker.submit(_train, steps).result())
            latest = ", ".join(f"{name} {every[-1]:,.0f}" for name, every in rates.items())
            note(f"round {number + 1} of {rounds}: {latest}")
    return rates


def checked(makers: Sequence[Callable[[], Contender]], test: Samples, steps: int) -> dict[str, float]:
    """The test loss of each contender that has a model, after this many steps from its own seed."""
    losses = {}
    for contender in (make() for make in makers):
        if contender.encode is not None:
            contender.train(steps)
            losses[contender.name] = mean_test_loss(contender, test)
            note(f"test loss of {contender.name} after {steps} steps: {losses[contender.name]:.2f}")
    return losses


@torch.inference_mode()
def mean_test_loss(contender: Contender, test: Samples) -> float:
    """Minus the evidence lower bound per image, in float32, with the same noise for all."""
    assert contender.encode is not None
    assert contender.decode is not None
    generator = torch.Generator().manual_seed(0)
    total = 0.0
    for images in test.images_as_floats().split(1000):
        mean, log_variance = contender.encode(images)
        latents = mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=generator)
        logits = contender.decode(latents).flatten(1)
        cross_entropy = F.binary_cross_entropy_with_logits(logits, images.flatten(1), reduction="sum")
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        total += float(cross_entropy + kl)
    return total / len(test)


def as_table(values: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: each contender's median, its ratio to each reference, and its loss where there is one."""
    rates, ratios, losses = values["images_per_second"], values["ratio"], values.get("test_loss")
    references = [name for name in REFERENCES if name in rates]
    header = ["", "images/s", *(f"/ {name}" for name in references), *(["test loss"] if losses else [])]
    rows = [
        [name, f"{rate:,.0f}", *(f"{ratios[name][reference]:.2f}" for reference in references)]
        + ([f"{losses[name]:.2f}" if name in losses else ""] if losses else [])
        for name, rate in rates.items()
    ]
    return header, rows


if __name__ == "__main__":
    main()
