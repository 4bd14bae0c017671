"""A training under way, and what it writes: log lines, warnings, checkpoints and snapshots."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic
import torch
from torch import Tensor

from ..core.phases import Phase
from ..data.batches import Batches
from ..data.order import batch_indices
from ..display.grid import image_grid, save_image
from ..errors import TrainingStopped
from ..recipes.tree import Recipe
from ..runs.log import RunLog
from ..runs.record import Record, still_there
from ..runs.run import Run
from ..runs.tensors import read_metadata, write_tensors
from ..terminal import TrainingProgress, note
from . import monitor
from .state import State, save_state

SUMS = pydantic.TypeAdapter(dict[str, tuple[float, int]])


@dataclass
class Session:
    """A training under way: its state, its data and where it writes.

    Attributes:
        pending: terms of the latest steps, still on the device.
        sums: of each term since the last step that `log_every` divides, its sum and how many steps had it. They are
            saved, so that a resumed run logs the same means.
        busy, timed: seconds spent in steps, and in how many, since the last log line.
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
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)
    busy: float = 0.0
    timed: int = 0
    warned: set[str] = field(default_factory=set)

    @property
    def recipe(self) -> Recipe:
        return self.record.recipe


def collect(session: Session) -> None:
    """Bring the pending terms from the device, check them, and add them to the sums, one after another: in whatever
    parts they come, the sums are the same to the bit.

    Raises:
        TrainingStopped: one of them is not finite. Nothing that came after it has been written.
    """
    if not session.pending:
        return
    began = time.perf_counter()
    flat = iter(torch.stack([term for _, terms in session.pending for term in terms.values()]).tolist())
    session.busy += time.perf_counter() - began  # a device that runs ahead is waited for here
    for step, terms in session.pending:
        values = {name: next(flat) for name in terms}
        if not all(math.isfinite(value) for value in values.values()):
            stop_not_finite(session, step, values)
        for name, value in values.items():
            total, count = session.sums.get(name, (0.0, 0))
            session.sums[name] = (total + value, count + 1)
    session.timed += len(session.pending)
    session.pending.clear()


def write_log_line(session: Session) -> None:
    """Log the mean of each term since the last step that `log_every` divides: what is logged is a function of the step.

    Raises:
        TrainingStopped: a term is not finite, or the run folder is gone.
    """
    still_there(session.folder)
    collect(session)
    step, options = session.state.step, session.recipe.train
    rate = session.timed * options.batch / max(session.busy, 1e-9)
    logged = {name: total / count for name, (total, count) in session.sums.items()}
    session.log.write(step, {**logged, "images_per_second": rate})
    session.progress.show(step, rate, logged, warn(session))
    session.busy, session.timed = 0.0, 0
    if step % options.log_every == 0:
        session.sums.clear()


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
    state = session.folder / Run.STATE
    kept = f"keeps its state of step {read_metadata(state)['step']}" if state.exists() else "has no state yet"
    weaker = ["a lower `--train.learning-rate`", *["`--train.clip 100`"] * (not options.clip)]
    weaker += ["`--train.precision float32`"] * (options.precision == "bfloat16")
    raise TrainingStopped(
        f"the loss is not finite at step {step}: {shown}.\nThe run {kept}, and the batch is "
        f"drawn in `{where}` (samples {named}, ... of the training split)",
        hint=f"look whether an image is broken; else try {', or '.join(weaker)}, in a new folder",
    )


def check_before_writing(session: Session) -> None:
    """Stop before anything is written of a training whose losses or weights are not finite, or whose folder is gone."""
    still_there(session.folder)
    collect(session)
    if not bool(torch.stack([one.isfinite().all() for one in session.state.model.state_dict().values()]).all()):
        stop_not_finite(session, session.state.step, {"a weight": math.nan})


def save_checkpoint(session: Session) -> None:
    """Write the state to go on from, and the weights to use."""
    check_before_writing(session)
    options = session.recipe.train
    metadata = {
        "run": session.record.to_json(),
        "threads": torch.get_num_threads(),
        "sums": {"since": logged_before(session.state.step, options.log_every), "terms": session.sums},
    }
    save_state(session.folder / Run.STATE, session.state, metadata)
    save_weights(session, session.folder / Run.WEIGHTS)


def logged_before(step: int, log_every: int) -> int:
    """The last step up to this one of which all terms have been logged."""
    return step - step % log_every


def restored_sums(metadata: dict[str, Any], step: int, log_every: int) -> dict[str, tuple[float, int]]:
    """The sums that a state was saved with, if they begin where this run's next line does."""
    saved = metadata.get("sums")
    try:
        found = SUMS.validate_python(saved["terms"]) if saved else {}
        return found if saved and saved["since"] == logged_before(step, log_every) else {}
    except (pydantic.ValidationError, LookupError, TypeError):
        return {}


def save_snapshot(session: Session) -> None:
    """Keep this step's weights."""
    check_before_writing(session)
    save_weights(session, session.folder / "snapshots" / f"step-{session.state.step:06d}.safetensors")


def save_weights(session: Session, path: Path) -> None:
    metadata = {"run": session.record.to_json(), "step": session.state.step}
    write_tensors(path, session.state.usable.state_dict(), metadata)
