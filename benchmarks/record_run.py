"""Put a trained and evaluated run on record: docs/results/NAME.json, from the run's own files.

    python benchmarks/record_run.py runs/gated vae-mnist-gated --command "trompe train vae-mnist-gated" \
        --conditions "one thread"

The training's time is summed up from its log, so it is of the steps alone and holds over interruptions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from reporting import conditions

RESULTS = Path(__file__).parent.parent / "docs" / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--command", required=True, help="what made the run")
    parser.add_argument("--conditions", required=True, help="threads, and whether the machine was quiet")
    parser.add_argument("--step", type=int, help="of the evaluation to record; by default of the last")
    arguments = parser.parse_args()
    record = json.loads((arguments.run / "run.json").read_text())
    record["recipe"]["data"]["source"] = Path(record["recipe"]["data"]["source"]).name  # not where it lay
    evaluations = read_lines(arguments.run / "measures.jsonl")
    step = evaluations[-1]["step"] if arguments.step is None else arguments.step
    evaluation = merged([line for line in evaluations if line["step"] == step])
    seconds, images = time_spent(read_lines(arguments.run / "log.jsonl"), record["recipe"]["train"]["batch"])
    entry = {
        "command": arguments.command,
        "conditions": arguments.conditions,
        "machine": conditions(),
        "training_seconds": round(seconds),
        "images_per_second": round(images / seconds) if seconds else None,
        "train_count": record["data"]["train_count"],
        "recipe": record["recipe"],
        "evaluation": evaluation | {"run": arguments.run.name},
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{arguments.name}.json").write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def merged(evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    """The last evaluation, with what earlier ones measured besides."""
    last = dict(evaluations[-1])
    for part in ("figures", "measures", "protocol"):
        last[part] = {name: value for one in evaluations for name, value in one[part].items()}
    return last


def time_spent(log: list[dict[str, Any]], batch: int) -> tuple[float, int]:
    """Seconds of training and pictures trained on, from the rate of each stretch of the log."""
    seconds, step = 0.0, 0
    for line in log:
        if "images_per_second" in line:
            seconds += (line["step"] - step) * batch / line["images_per_second"]
            step = line["step"]
    return seconds, step * batch


if __name__ == "__main__":
    main()
