"""Put a trained and evaluated run on record: docs/results/NAME.json, from the run's own files.

    python benchmarks/record_run.py runs/gated vae-mnist-gated --command "trompe train vae-mnist-gated" \
        --conditions "one thread"

The training's time is summed up from its log, so it is of the steps alone and holds over interruptions.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reporting import RESULTS, conditions, write

from trompe.measures.result import Result, read_results
from trompe.recipes.serialize import to_json
from trompe.runs.log import read_log
from trompe.runs.record import read_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--command", required=True, help="the command that made the run")
    parser.add_argument("--conditions", required=True, help="threads, and whether the machine was quiet")
    parser.add_argument("--step", type=int, help="step of the evaluation to record; by default the last one's")
    arguments = parser.parse_args()
    record, evaluations = read_record(arguments.run), read_results(arguments.run)
    recipe = to_json(record.recipe)
    recipe["data"]["source"] = Path(recipe["data"]["source"]).name  # without its folder
    step = evaluations[-1].step if arguments.step is None else arguments.step
    evaluation = merged([result for result in evaluations if result.step == step])
    seconds, images = time_spent(read_log(arguments.run), record.recipe.train.batch)
    entry = {
        "command": arguments.command,
        "conditions": arguments.conditions,
        "machine": conditions(),
        "training_seconds": round(seconds),
        "images_per_second": round(images / seconds) if seconds else None,
        "train_count": record.data.train_count,
        "recipe": recipe,
        "evaluation": replace(evaluation, source=arguments.run.name).to_json(),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    write(RESULTS / f"{arguments.name}.json", entry)


def merged(evaluations: Sequence[Result]) -> Result:
    """The last evaluation, with what earlier ones measured besides."""
    parts: dict[str, Any] = {
        part: {name: value for one in evaluations for name, value in getattr(one, part).items()}
        for part in ("values", "measures", "protocol", "protocols")
    }
    return replace(evaluations[-1], **parts)


def time_spent(log: Sequence[dict[str, Any]], batch: int) -> tuple[float, int]:
    """Seconds of training and images trained on, from the rate of each stretch of the log."""
    seconds, step = 0.0, 0
    for line in log:
        if "images_per_second" in line:
            seconds += (line["step"] - step) * batch / line["images_per_second"]
            step = line["step"]
    return seconds, step * batch


if __name__ == "__main__":
    main()
