"""The loop: from a recipe to a run folder, from the start or from where it was left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from .. import files
from ..core.model import Model
from ..data.batches import Batches
from ..data.order import batch_indices
from ..data.samples import Samples, Splits, random_images
from ..device import keep_freed_memory, pick_device
from ..errors import TrompeError
from ..options.data import DataOptions
from ..recipes.build import build_model, prepare
from ..recipes.tree import Recipe
from ..runs.log import RunLog
from ..runs.record import Record, check_folder, open_record
from ..runs.run import Run
from ..runs.tensors import read_metadata
from ..terminal import TrainingProgress, note
from .evaluation import evaluate, save_sample_grid
from .graphs import GraphedSteps
from .memory import check_memory, check_weights
from .monitor import FEW
from .resolve import Data, Resolved, resolve
from .session import Session, restored_sums, save_checkpoint, save_snapshot, write_log_line
from .signals import interruptible, locked, silent
from .state import initial_state, load_state
from .step import train_step
from .threads import same_threads
from .warm_start import Start, apply_start, find_start

TEST_SAMPLES = 2000
"""Samples on which the loss is evaluated during training."""


def train(
    recipe: Recipe | str,
    out: str | Path,
    *,
    data: Data | None = None,
    device: str | None = None,
    start_from: Run | str | Path | None = None,
    quiet: bool = False,
) -> Run:
    """Train a recipe into a run folder, or go on with the run that is there.

    Interrupted (Ctrl-C, SIGTERM), it writes its state and returns; the same call goes on from there, to the same bits.

    Args:
        recipe: what to train: a recipe, its name, `FILE.py:FUNCTION` or `FILE.json`.
        out: the run folder, new, empty, or of a run of the same recipe and data.
        data: samples to train on, instead of those the recipe names: an array, `Samples`, a named set, a path.
        device: `cpu`, `cuda`, ...; by default the best there is.
        start_from: a run, its folder or a weights file: a new run starts from its weights, averaged where they were
            averaged, in networks of the same shapes. Everything else may differ.
        quiet: say nothing on stderr.

    Raises:
        TrompeError: recipe, data, weights or folder do not fit, or there is not enough memory.
        TrainingStopped: the loss is not finite, the disk is full, or the folder is gone; it keeps the last good state.
    """
    folder, place = Path(out), pick_device(device)
    keep_freed_memory()
    check_folder(folder)
    with silent(quiet):
        other = find_start(folder, start_from)
        resolved = resolve(recipe, data, place)
        # building the model first finds what does not fit before anything is written
        model = new_model(folder, resolved, place, other)
        memory = check_memory(model, resolved.recipe, resolved.data.train.format, place)
        with locked(folder):
            origin = other.origin if other else None
            record = open_record(folder, resolved.requested, resolved.recipe, resolved.data, origin)
            files.remove_leftovers(folder)
            if data is not None and not isinstance(data, str | Path):
                keep_samples(folder, few_of(resolved.data.test))
            go_on(folder, record, resolved.data, model, place, memory)
    return Run(folder, device=str(place))


def new_model(folder: Path, resolved: Resolved, device: torch.device, other: Start | None) -> Model:
    """The model at its first step, from other weights or from its seed; or one to load a state into."""
    recipe, train = resolved.recipe, resolved.data.train
    if other is not None and not recipe.family.phases():
        raise TrompeError(f"`{recipe.name}` is fitted, and starts from no weights", hint="leave `--from` out")
    check_weights(recipe, train.format, device)
    model = build_model(recipe, train.format)
    if other is not None:
        apply_start(model, other)
    elif not (folder / Run.STATE).exists():
        prepare(model, recipe, train)
    if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
        raise TrompeError("the weights are not finite before the first step", hint="give a smaller `--nets.init-std`")
    return model


def go_on(folder: Path, record: Record, data: Splits, model: Model, device: torch.device, memory: str) -> None:
    """Train from where the folder is. `memory` says what is taken."""
    path = folder / Run.STATE
    repeatable = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)  # to the same bits
    with same_threads(read_metadata(path) if path.exists() else {}, device), repeatable:
        session = start(folder, record, data, model, device)
        try:
            announce(session, data, memory)
            with interruptible() as interrupted, session.progress:
                run_steps(session, interrupted)
        finally:
            session.log.close()


def announce(session: Session, data: Splits, memory: str) -> None:
    """What is about to happen, and what a user would want to be warned of."""
    options, train = session.recipe.train, data.train
    color = "grayscale" if train.image_shape[0] == 1 else "color"
    what = "x".join(map(str, train.image_shape[1:])) + f" {color if train.kind == 'image' else train.kind}"
    parameters = sum(parameter.numel() for parameter in session.state.model.parameters())
    note(
        f"{session.recipe.name} on {train.name}: {len(train):,} training and {len(data.test):,} test samples, "
        f"{'points of the plane' if train.kind == 'points' else what}; {parameters:,} parameters, {memory}"
    )
    if origin := session.record.origin:
        note(f"from the weights of `{origin.run}` at step {origin.step:,}")
    if layout := data.report.get("layout"):
        note(str(layout))
    if broken := data.report.get("broken"):
        names = ", ".join(list(broken)[:5]) + (", ..." if len(broken) > 5 else "")
        skipped = "1 broken image is" if len(broken) == 1 else f"{len(broken)} broken images are"
        note(f"{skipped} skipped: {names} (`trompe data` says what is wrong with each)")
    if partial := data.report.get("partial"):
        note(f"this copy of {train.name} is not complete: the set has {partial[0]:,} + {partial[1]:,} images")
    if session.recipe.family.discriminator_sees and len(train) < FEW:
        advice = ": see whether samples are copies (`trompe evaluate RUN --measures memorization`)"
        if train.fingerprint == data.test.fingerprint:
            advice = " (too few to hold some out: they are also the test set)"
        note(f"{len(train):,} images are few for a discriminator, which overfits to them{advice}")
    if session.state.step >= options.steps > 0:
        note(f"nothing to do: the run is at step {session.state.step:,} of {options.steps:,}")
    if options.schedule == "cosine" and options.steps > (options.decay_steps or options.steps):
        note(f"from step {options.decay_steps} on, the learning rate stays at a hundredth: the cosine ends there")


def few_of(test: Samples) -> Samples:
    """What the loss is evaluated on: not the first samples, since a folder has its classes one after another."""
    return random_images(test, TEST_SAMPLES) if len(test) > TEST_SAMPLES else test


def keep_samples(folder: Path, test: Samples) -> None:
    """Keep test samples that no name leads back to, so that the run can still be looked at."""
    arrays = {"images": test.images, "labels": test.labels, "conditions": test.conditions}
    kept = {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in arrays.items() if one is not None}
    files.write_bytes(folder / Run.TEST_SAMPLES, safetensors.torch.save(kept))


def start(folder: Path, record: Record, data: Splits, model: Model, device: torch.device) -> Session:
    """The session at the step its folder holds, or at zero."""
    recipe = record.recipe
    phases = recipe.family.phases()
    model.to(device)
    if len(record.data.format.shape) == 3:  # faster convolutions, the same numbers
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state, metadata = initial_state(model, phases, recipe.train), {}
    if (folder / Run.STATE).exists():
        metadata = load_state(folder / Run.STATE, state)
    return Session(
        folder=folder,
        record=record,
        state=state,
        phases=phases,
        batches=Batches(data.whole or data.train, device, recipe.data),
        test=Batches(few_of(data.test), device, DataOptions(binarize=recipe.data.binarize)),
        log=RunLog(folder, state.step or -1),  # what was logged at step 0 is logged anew
        progress=TrainingProgress(recipe.name, state.step, recipe.train.steps),
        sums=restored_sums(metadata, state.step, recipe.train.log_every),
    )


def stepper(session: Session) -> Callable[..., dict[str, Tensor]]:
    """What takes a step: recorded and replayed where the samples lie on a GPU."""
    arguments = session.state, session.phases, session.batches
    if session.batches.device.type == "cuda" and session.batches.resident:
        return GraphedSteps(*arguments, session.recipe.train)
    return lambda indices, *, gradient_norms: train_step(
        *arguments, indices, session.recipe.train, gradient_norms=gradient_norms
    )


def run_steps(session: Session, interrupted: Callable[[], bool]) -> None:
    """Step until the recipe's end or an interruption; what is written in between changes nothing about the steps."""
    state, options = session.state, session.recipe.train
    take_step = stepper(session)
    longest = max((phase.when.every for phase in session.phases), default=1)
    saved_at = time.monotonic()
    if state.step == 0:
        save_checkpoint(session)
        if options.sample_every or 0 in options.snapshots:
            save_sample_grid(session)
        if 0 in options.snapshots:
            save_snapshot(session)
    while state.step < options.steps and not interrupted():
        began = time.perf_counter()
        indices = batch_indices(len(session.batches), options.batch, options.seed, state.step)
        soon_logged = options.log_every - state.step % options.log_every <= longest
        terms = take_step(indices, gradient_norms=soon_logged)
        session.busy += time.perf_counter() - began
        session.pending.append((state.step, terms))
        kept, at_end = state.step in options.snapshots, state.step == options.steps
        if at_end or state.step % options.log_every == 0:
            write_log_line(session)
        if options.evaluate_every and (at_end or state.step % options.evaluate_every == 0):
            evaluate(session)
        if kept or (options.sample_every and (at_end or state.step % options.sample_every == 0)):
            save_sample_grid(session)
        if kept:
            save_snapshot(session)
        if time.monotonic() - saved_at >= options.checkpoint_seconds:
            save_checkpoint(session)
            saved_at = time.monotonic()
    if state.step:
        save_checkpoint(session)
