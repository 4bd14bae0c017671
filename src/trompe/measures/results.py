"""What `trompe evaluate` does: every measure that a run's model allows, stamped with its protocol and kept."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from .. import __version__
from ..data.arrays import ImageData
from ..files import write_bytes
from ..run import Run
from .bounds import likelihood, protocol

MEASURES_NAME = "measures.jsonl"


def evaluate(
    run: Run, data: ImageData, *, samples: int | None = None, seed: int = 0, limit: int | None = None
) -> dict[str, Any]:
    """Measure a run on these pictures, and add the result to the run's folder.

    Returns:
        The figures, their protocol, and what they were made by. An autoencoder has its reconstruction error; a VAE
        its bounds too.
    """
    started = time.perf_counter()
    count = min(limit or len(data), len(data))
    figures: dict[str, Any] = {"squared_error": squared_error(run, data.take(slice(0, count)))}
    result: dict[str, Any] = {"run": str(run.folder), "step": run.step, "figures": figures}
    if run.model.posterior_kind == "gaussian":
        samples = samples or run.record.recipe.evaluate.samples
        measured = likelihood(run, data, samples=samples, seed=seed, limit=limit)
        figures |= asdict(measured) | {"active": measured.active}
        result["protocol"] = protocol(run, data, measured, seed)
    else:
        result["protocol"] = {"data": data.name, "fingerprint": data.fingerprint, "pictures": count}
    result["seconds"] = round(time.perf_counter() - started, 1)
    result["versions"] = {"trompe": __version__, "torch": torch.__version__}
    keep(run.folder, result)
    return result


def squared_error(run: Run, data: ImageData) -> float:
    """Squared error of the reconstruction, summed over each picture in grey levels of [0, 1], mean over pictures."""
    total = 0.0
    for start in range(0, len(data), 500):
        part = data.take(slice(start, start + 500))
        difference = run.reconstruct(part) - part.images_as_floats()
        total += float(difference.double().square().sum())
    return total / len(data)


def keep(folder: Path, result: dict[str, Any]) -> None:
    """Add a result to the run's own list of measures."""
    lines = [json.dumps(line) for line in [*read_measures(folder), result]]
    write_bytes(folder / MEASURES_NAME, ("\n".join(lines) + "\n").encode())


def read_measures(folder: Path) -> list[dict[str, Any]]:
    """The results kept in a run's folder, oldest first."""
    path = folder / MEASURES_NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
