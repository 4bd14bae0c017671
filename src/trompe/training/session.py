"""A training under way, and what it writes: log lines, warnings, checkpoints and snapshots."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ..core.phases import Phase
from ..data.batches import Batches
from ..data.order import batch_indices
from ..display.grid import image_grid, save_image
from ..errors import TrainingStopped
from ..recipes.tree import Recipe
from ..runs.log import RunLog
from ..runs.record import Record
from ..runs.run import Run
from ..runs.tensors import read_metadata, write_tensors
from ..terminal import TrainingProgress, note
from . import monitor
from .state import State, save_state


@dataclass
class Session:
    """A training under way: its state, its data and where it writes.

    Attributes:
        pending: terms of the steps since the last log line, still on the device.
        busy: seconds spent in steps since then.
        warned: the diagnostics that have been reported.
    """

    folder: Path
    record: Record
    state: State
    phases: tuple[Phase, ...]
    batches: Batches
    test: Batches
    log: RunLog
    progress: TrainingProgress
    pending: list[tuple[int, dict[str, Tensor]]] = field(default_factory=list)
    busy: float = 0.0
    warned: set[str] = field(default_factory=set)

    @property
    def recipe(self) -> Recipe:
        return self.record.recipe


def write_log_line(session: Session) -> None:
    """Bring the pending terms from the device, check them, and log their means.

    Raises:
        TrainingStopped: one of them is not finite. Nothing that came after it has been written.
    """
    if not session.pending:
        return
    began = time.perf_counter()
    flat = iter(torch.stack([term for _, terms in session.pending for term in terms.values()]).tolist())
    session.busy += time.perf_counter() - began  # a device that runs ahead is waited for here
    means: dict[str, list[float]] = {}
    for step, terms in session.pending:
        values = {name: next(flat) for name in terms}
        if not all(math.isfinite(value) for value in values.values()):
            stop_not_finite(session, step, values)
        for name, value in values.items():
            means.setdefault(name, []).append(value)
    rate = len(session.pending) * session.recipe.train.batch / session.busy
    step = session.state.step
    logged = {name: sum(values) / len(values) for name, values in means.items()}
    session.log.write(step, {**logged, "images_per_second": rate})
    session.progress.show(step, rate, logged, warn(session))
    session.pending.clear()
    session.busy = 0.0


def warn(session: Session) -> str:
    """Report each diagnostic once; and, for the progress line, all of them in short."""
    found = monitor.diagnostics(session.log.lines, session.recipe)
    for one in found:
        if one.name not in session.warned:
            note(f"step {session.state.step:,}: {one.name}. {one}")
    session.warned |= {one.name for one in found}
    return "".join(f"{one.name}!  " for one in found)


def stop_not_finite(session: Session, step: int, values: dict[str, float]) -> None:
    """Draw the batch of a step whose loss was not finite, and say what can be done."""
    options, batches = session.recipe.train, session.batches
    indices = batch_indices(len(batches), options.batch, options.seed, max(0, step - 1))
    where = session.folder / f"not-finite-step-{step:06d}.png"
    save_image(where, image_grid(batches.gather(indices).images))
    shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
    named = ", ".join(batches.names[index] if batches.names else str(index) for index in indices[:5])
    at = read_metadata(session.folder / Run.STATE)["step"] if (session.folder / Run.STATE).exists() else 0
    weaker = ["a lower `--train.learning-rate`", *["`--train.clip 100`"] * (not options.clip)]
    weaker += ["`--train.precision float32`"] * (options.precision == "bfloat16")
    raise TrainingStopped(
        f"the loss is not finite at step {step}: {shown}.\nThe run keeps its state of step {at}, and the batch is "
        f"drawn in `{where}` (samples {named}, ... of the training split)",
        hint=f"look whether an image is broken; else try {', or '.join(weaker)}, in a new folder",
    )


def check_finite(session: Session) -> None:
    """Stop before anything is written of a training whose losses or weights are not finite. What is logged stays a
    function of the step.
    """
    terms = [term for _, each in session.pending for term in each.values()]
    if not bool(torch.stack([one.isfinite().all() for one in (*terms, *session.state.model.parameters())]).all()):
        write_log_line(session)
        stop_not_finite(session, session.state.step, {"a weight": math.nan})


def save_checkpoint(session: Session) -> None:
    """Write the state to go on from, and the weights to use."""
    check_finite(session)
    save_state(session.folder / Run.STATE, session.state, {"run": session.record.to_json()})
    save_weights(session, session.folder / Run.WEIGHTS)


def save_snapshot(session: Session) -> None:
    """Keep this step's weights."""
    check_finite(session)
    save_weights(session, session.folder / "snapshots" / f"step-{session.state.step:06d}.safetensors")


def save_weights(session: Session, path: Path) -> None:
    metadata = {"run": session.record.to_json(), "step": session.state.step}
    write_tensors(path, session.state.usable.state_dict(), metadata)
