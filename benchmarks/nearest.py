"""The nearest neighbour among a run's codes, by the protocol of Donahue et al. 2017 (table 1): all training pictures of
MNIST are known, all test pictures asked about, Euclidean distance of the codes.

    python benchmarks/nearest.py runs/bigan --command "trompe train bigan-mnist" --conditions "one thread" \
        --out docs/results/bigan-nearest.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from record_run import read_lines, time_spent
from reporting import conditions
from sklearn.neighbors import KNeighborsClassifier

import trompe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--command", required=True, help="what made the run")
    parser.add_argument("--conditions", required=True, help="threads, and whether the machine was quiet")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    run = trompe.load(arguments.run)
    train, test = (run.data("mnist", split) for split in ("train", "test"))
    spaces = {
        "codes": (run.encode(train).numpy(), run.encode(test).numpy()),
        "pixels": tuple(part.images_as_floats().flatten(1).numpy() for part in (train, test)),
    }
    seconds, _ = time_spent(read_lines(arguments.run / "log.jsonl"), run.record.recipe.train.batch)
    entry: dict[str, Any] = {
        "command": arguments.command,
        "conditions": arguments.conditions,
        "machine": conditions(),
        "training_seconds": round(seconds),
        "steps": run.step,
        "accuracy": {name: accuracy(*space, train.labels, test.labels) for name, space in spaces.items()},
    }
    print(json.dumps(entry, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(entry, indent=2) + "\n")


def accuracy(known: np.ndarray, asked: np.ndarray, labels: Any, right: Any) -> float:
    return float(KNeighborsClassifier(1, algorithm="brute").fit(known, labels).score(asked, right))


if __name__ == "__main__":
    main()
