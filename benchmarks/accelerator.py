"""What trompe does on an accelerator: its tests there, a table of speeds, and a training of some minutes.

    python benchmarks/accelerator.py --minutes 5 --out runs/accelerated --json docs/results/accelerator.json
    python benchmarks/accelerator.py --device cpu --minutes 0.2        # the same, tried on a CPU

It needs the repository, installed packages and a data set; anything after `--` goes to `trompe train`, as in
`-- --train.batch 256`. The table counts the operations of matrix products and convolutions in a step and divides by
the fastest product of two large matrices on the same device in the same precision, so a share of 1 cannot be exceeded.
The textbook loop of the MLP VAE is the one of most tutorials: a DataLoader, float32, one kernel at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.nn.functional as F
from adversarial import noise_images, operations_of, product_rate, stepper, timed
from reporting import command, conditions, note, table, write
from torch.utils.data import DataLoader, TensorDataset

import trompe
from trompe.device import keep_freed_memory, pick_device
from trompe.recipes.build import build_model
from trompe.recipes.tree import Recipe
from trompe.runs.record import read_record
from trompe.training.resolve import resolved

ROOT = Path(__file__).parent.parent
ROWS: tuple[tuple[str, tuple[int, ...], int], ...] = (
    ("vae-mnist", (1, 28, 28), 100),
    ("gan-cifar10-lecture", (3, 32, 32), 64),
    ("gan-imagenet64-lecture", (3, 64, 64), 64),
    ("gan-cifar10", (3, 32, 32), 64),
    ("gan-cifar10", (3, 32, 32), 256),
)
"""Recipe, shape of its samples, and batch."""
SAMPLES = 10_000
TRIAL = 600
"""Steps from whose speed the length of the training is computed."""


def main() -> None:
    arguments = parsed()
    device = pick_device(arguments.device)
    entry: dict[str, Any] = {"command": command(), "conditions": conditions() | {"device": name_of(device)}}
    print(f"{entry['conditions']['device']}, torch {torch.__version__}")
    if not arguments.no_tests:
        run_tests(device)
    if not arguments.no_table:
        keep_freed_memory()
        entry["speed"] = speeds(device, arguments.steps)
    if arguments.minutes:
        entry["training"] = trained(arguments, device)
    if arguments.json:
        write(arguments.json, entry)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", help="by default the best there is")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; 0 for none")
    parser.add_argument("--recipe", default="gan-cifar10")
    parser.add_argument("--out", type=Path, default=Path("runs/accelerated"), help="the run folder")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--steps", type=int, default=200, help="steps timed for each row of the table")
    parser.add_argument("--no-tests", action="store_true")
    parser.add_argument("--no-table", action="store_true")
    own, flags = sys.argv[1:], []
    if "--" in own:
        own, flags = own[: own.index("--")], own[own.index("--") + 1 :]
    found = parser.parse_args(own)
    found.flags = flags
    return found


def name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def run_tests(device: torch.device) -> None:
    """The tests that need the device; on a CPU they are skipped, which shows that they are found."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_cuda.py"],
                          cwd=ROOT, check=False)  # fmt: skip
    if done.returncode:
        note(f"the tests failed on {device}")


# The table


def speeds(device: torch.device, steps: int) -> list[dict[str, Any]]:
    peaks = {precision: product_rate(device, precision) for precision in ("float32", "bfloat16")}
    rows = []
    for name, shape, batch in ROWS:
        row = speed_of(name, shape, batch, device, steps)
        row["bound_share"] = row["steps_per_second"] * row["operations"] / peaks[row["precision"]]
        rows.append(row)
        note(f"{name}, batches of {batch}: {row['steps_per_second']:,.0f} steps/s")
    header = ["", "batch", "precision", "steps/s", "images/s", "one by one", "textbook", "share of bound"]
    print(table(header, [
        [row["recipe"], str(row["batch"]), row["precision"], f"{row['steps_per_second']:,.0f}",
         f"{row['images_per_second']:,.0f}", f"{row['eager_steps_per_second']:,.0f}",
         f"{row['textbook_steps_per_second']:,.0f}" if "textbook_steps_per_second" in row else "",
         f"{row['bound_share']:.3f}"]
        for row in rows
    ]))  # fmt: skip
    print(", ".join(f"{precision} products {peak / 1e12:,.1f} TFLOP/s" for precision, peak in peaks.items()))
    return rows


def speed_of(name: str, shape: tuple[int, ...], batch: int, device: torch.device, steps: int) -> dict[str, Any]:
    """Steps per second of a recipe's whole step on noise, as trompe takes it and one kernel at a time."""
    recipe = trompe.recipe(name)
    recipe = resolved(replace(recipe, train=replace(recipe.train, batch=batch)), device)
    data = noise_images(shape, SAMPLES)
    eager, recorded = stepper(recipe, data, device, recorded=False), stepper(recipe, data, device)
    row: dict[str, Any] = {
        "recipe": name,
        "batch": batch,
        "precision": recipe.train.precision,
        "operations": operations_of(eager, 4),
        "steps_per_second": rate(recorded, steps, device),
        "eager_steps_per_second": rate(eager, max(4, steps // 4), device),
    }
    if name == "vae-mnist":
        row["textbook_steps_per_second"] = rate(textbook_vae(recipe, data, device), max(4, steps // 4), device)
    return row | {"images_per_second": row["steps_per_second"] * batch}


def rate(step: Callable[[], object], steps: int, device: torch.device) -> float:
    """Steps per second, the best of three, after a warm-up."""
    timed(step, min(steps, 12), device)
    return 1 / min(timed(step, steps, device) for _ in range(3))


def textbook_vae(recipe: Recipe, data: trompe.Samples, device: torch.device) -> Callable[[], object]:
    """A step as tutorials write it: a DataLoader of float images, `torch.optim.Adam`, `loss.item()`."""
    model = build_model(recipe, data.format).to(device)
    encoder, decoder = model.network("encoder"), model.network("decoder")
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.train.learning_rate)
    loader = DataLoader(TensorDataset(data.images_as_floats()), batch_size=recipe.train.batch, shuffle=True)
    batches: Iterator[list[torch.Tensor]] = chain.from_iterable(repeat(loader))

    def step() -> float:
        images = next(batches)[0].to(device)
        mean, log_variance = encoder(images).chunk(2, 1)
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        loss = F.binary_cross_entropy_with_logits(decoder(latents), images, reduction="sum")
        loss = loss + 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


# The training


def trained(arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Train for about these minutes: a trial in a folder of its own tells how many steps that is."""
    trial = TRIAL if device.type == "cuda" else 4
    with TemporaryDirectory() as folder:
        quick = ["--train.sample-every", "0", "--train.evaluate-every", "0", "--train.log-every", str(trial // 2)]
        found = train(arguments, device, Path(folder) / "trial", trial, *quick)
    steps = max(1, int(60 * arguments.minutes * found["images_per_second"] / found["batch"]))
    began = time.monotonic()
    result = train(arguments, device, arguments.out, steps)
    result["minutes"] = (time.monotonic() - began) / 60
    print(json.dumps(result, indent=2))
    return result


def train(arguments: argparse.Namespace, device: torch.device, out: Path, steps: int, *flags: str) -> dict[str, Any]:
    """The result of `trompe train` in a process of its own, and the batch it trained with."""
    line = [sys.executable, "-m", "trompe", "train", arguments.recipe, "--json", "--out", str(out)]
    line += ["--device", device.type, *arguments.flags, *flags, "--train.steps", str(steps)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"batch": read_record(out).recipe.train.batch}


if __name__ == "__main__":
    main()
