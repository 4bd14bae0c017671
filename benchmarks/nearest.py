"""The nearest neighbor among a run's latents, by the protocol of Donahue et al. 2017 (table 1): each test image of
MNIST is classified by the training image whose latent is nearest, in Euclidean distance, among all 60,000.

    python benchmarks/nearest.py runs/bigan --command "trompe train bigan-mnist --out runs/bigan" \
        --conditions "one thread" --out docs/results/bigan-nearest.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from record_run import time_spent
from reporting import conditions, record
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from trompe.data.samples import Samples
from trompe.runs.run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--command", required=True, help="the command that made the run")
    parser.add_argument("--conditions", required=True, help="threads, and whether the machine was quiet")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    run = Run(arguments.run)
    train, test = (run.data("mnist", split) for split in ("train", "test"))
    spaces: dict[str, Callable[[Samples], Tensor]] = {"latents": run.encode, "pixels": Samples.images_as_floats}
    seconds, _ = time_spent(run.log, run.record.recipe.train.batch)
    entry = {
        "command": arguments.command,
        "conditions": arguments.conditions,
        "machine": conditions(),
        "training_seconds": round(seconds),
        "steps": run.step,
        "accuracy": {name: accuracy(space, train, test) for name, space in spaces.items()},
    }
    record(entry, arguments.out)


def accuracy(space: Callable[[Samples], Tensor], train: Samples, test: Samples) -> float:
    """The fraction of test images whose nearest training image in this space is of their class."""
    known, asked = (space(part).flatten(1).numpy() for part in (train, test))
    return float(KNeighborsClassifier(1, algorithm="brute").fit(known, train.labels).score(asked, test.labels))


if __name__ == "__main__":
    main()
