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
from ..families import phases_of
from ..files import write_bytes
from ..run import Run
from .bounds import likelihood, protocol
from .probe import classification_error, probes
from .reconstruction import copying, squared_error, standardised

MEASURES_NAME = "measures.jsonl"


def evaluate(
    run: Run,
    data: ImageData,
    *,
    samples: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    probe_with: ImageData | None = None,
) -> dict[str, Any]:
    """Measure a run on these pictures, and add the result to the run's folder.

    Args:
        probe_with: pictures from which simple classifiers learn to tell classes by each layer's features.

    Returns:
        The figures, their protocol, and what they were made by. An autoencoder has its reconstruction error; a VAE
        its bounds too, and a model that classifies the share of its mistakes.
    """
    started = time.perf_counter()
    count = min(limit or len(data), len(data))
    data = data.take(slice(0, count)) if count < len(data) else data
    error = squared_error(run, data)
    figures: dict[str, Any] = {"squared_error": error}
    if (scale := standardised(run)) is not None:
        figures["standardised_error"] = error / scale
    figures["copying"] = copying(run, data, seed)
    if run.model.classifier is not None and data.labels is not None and learned_together(run):
        figures["classification_error"] = classification_error(run, data)
    if probe_with is not None:
        figures["probes"] = [asdict(probe) for probe in probes(run, probe_with, data)]
    result: dict[str, Any] = {"run": str(run.folder), "step": run.step, "figures": figures}
    if run.model.posterior_kind == "gaussian":
        samples = samples or run.record.recipe.evaluate.samples
        measured = likelihood(run, data, samples=samples, seed=seed)
        figures |= asdict(measured) | {"active": measured.active}
        result["protocol"] = protocol(run, data, measured, seed)
    else:
        result["protocol"] = {"data": data.name, "fingerprint": data.fingerprint, "pictures": count, "seed": seed}
    if probe_with is not None:
        result["protocol"] |= {"probe": probe_with.name, "probe_fingerprint": probe_with.fingerprint}
    result["seconds"] = round(time.perf_counter() - started, 1)
    result["versions"] = {"trompe": __version__, "torch": torch.__version__}
    keep(run.folder, result)
    return result


def learned_together(run: Run) -> bool:
    """Whether the last phase, of all layers and their classifier, has begun behind these weights."""
    return run.step > phases_of(run.record.recipe.family)[-1].when.start


def keep(folder: Path, result: dict[str, Any]) -> None:
    """Add a result to the run's own list of measures."""
    lines = [json.dumps(line) for line in [*read_measures(folder), result]]
    write_bytes(folder / MEASURES_NAME, ("\n".join(lines) + "\n").encode())


def read_measures(folder: Path) -> list[dict[str, Any]]:
    """The results kept in a run's folder, oldest first."""
    path = folder / MEASURES_NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
