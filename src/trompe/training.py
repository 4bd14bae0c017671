"""The loop: from a recipe to a run folder, from the start or from where it was left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from . import files
from . import state as states
from .build import build_model, labelled, prepare
from .data.arrays import ImageData, hold_out, random_pictures, splits
from .data.batches import Batches
from .data.load import Loaded, for_recipe, from_array, is_path, split_and_cut
from .data.order import batch_indices
from .device import fast_precision, keep_freed_memory, pick_device
from .doctor import FEW
from .errors import TrompeError
from .families import phases_of
from .guards import interruptible, locked, repeatable
from .log import RunLog
from .model import Model
from .options import DataOptions, Recipe
from .progress import TrainingProgress, note
from .recipes import recipe as named_recipe
from .record import Record, check_folder, open_record
from .rules import checked
from .run import Run
from .step import train_step
from .writing import Training, draw, evaluate, flush, keep, save

TEST_PICTURES = 2000
"""Pictures on which the loss is evaluated during training."""


def train(
    recipe: Recipe | str,
    out: str | Path,
    *,
    data: ImageData | Loaded | np.ndarray | str | Path | None = None,
    device: str | None = None,
) -> Run:
    """Train a recipe into a run folder, or go on with the run that is there.

    Interrupted (Ctrl-C, SIGTERM), it writes its state and returns; the same call goes on from there, to the same bits.

    Args:
        recipe: what to train: a recipe's name, or a recipe.
        out: the run folder, new, empty, or of a run of the same recipe and data.
        data: pictures to train on, instead of those the recipe names: an array, an `ImageData`, a named set, a path.
        device: `cpu`, `cuda`, ...; by default the best there is.

    Raises:
        TrompeError: recipe, data or folder do not fit.
        TrainingStopped: the loss is not finite, or the disk is full; the folder keeps the last good state.
    """
    recipe = checked(named_recipe(recipe) if isinstance(recipe, str) else recipe)
    if isinstance(data, str | Path):
        recipe, data = checked(replace(recipe, data=replace(recipe.data, source=str(data)))), None
    folder = Path(out)
    place = pick_device(device)
    keep_freed_memory()
    check_folder(folder)
    loaded = for_recipe(recipe.data) if data is None else split_and_cut(as_loaded(data), recipe.data)
    if recipe.data.moves and len(loaded.train.image_shape) != 3:
        raise TrompeError("pictures are moved, videos and voxels are not", hint="leave turn, zoom and shift out")
    if data is not None:
        recipe = replace(recipe, data=replace(recipe.data, source=loaded.train.name))
    # building the model first finds what does not fit before anything is written
    settled_recipe = settled(recipe, place)
    model = build_model(settled_recipe, loaded.train.image_shape, loaded.train.num_classes)
    if not (folder / Run.STATE).exists():
        prepare(model, settled_recipe, loaded.train)
    with locked(folder):
        record = open_record(folder, recipe, settled_recipe, loaded)
        files.remove_leftovers(folder)
        if data is not None:
            keep_pictures(folder, few_of(loaded.test))
        training = start(folder, record, loaded, model, place)
        say_what_is_trained(training, loaded)
        try:
            with interruptible() as interrupted, training.progress, repeatable():
                run_steps(training, interrupted)
        finally:
            training.log.close()
    return Run(folder, device=str(place))


def settled(recipe: Recipe, device: torch.device) -> Recipe:
    """The recipe with what it left open decided, and the path of its pictures whole."""
    options, source = recipe.train, recipe.data.source
    if is_path(source):
        recipe = replace(recipe, data=replace(recipe.data, source=str(Path(source).expanduser().resolve())))
    decay_steps = options.decay_steps or max(1, options.steps)
    precision = options.precision or fast_precision(device)
    return replace(recipe, train=replace(options, decay_steps=decay_steps, precision=precision))


def as_loaded(data: ImageData | Loaded | np.ndarray) -> Loaded:
    """Pictures given in Python, a tenth held out to test on."""
    if isinstance(data, Loaded):
        return data
    if not isinstance(data, ImageData):
        data = from_array(data)
    train_indices, test_indices = hold_out(len(data))
    ordered = data.take(np.concatenate([train_indices, test_indices]))
    return Loaded(*splits(ordered, len(train_indices)), {})


def say_what_is_trained(training: Training, loaded: Loaded) -> None:
    """What is about to happen, and what a user would want to be warned of."""
    steps, channels = training.recipe.train.steps, loaded.train.image_shape[0]
    colour = "grey" if channels == 1 else "colour"
    size = "x".join(map(str, loaded.train.image_shape[1:]))
    parameters = sum(parameter.numel() for parameter in training.state.model.parameters())
    note(
        f"{training.recipe.name} on {loaded.train.name}: {len(loaded.train):,} pictures to train on, "
        f"{len(loaded.test):,} to test on, {size} {colour}; {parameters:,} parameters"
    )
    if broken := loaded.report.get("broken"):
        names = ", ".join(list(broken)[:5]) + (", ..." if len(broken) > 5 else "")
        note(f"{len(broken)} broken pictures are skipped: {names} (`trompe data` says what is wrong with each)")
    if partial := loaded.report.get("partial"):
        note(f"this copy of {loaded.train.name} is not whole: the set has {partial[0]:,} + {partial[1]:,} pictures")
    if training.state.model.discriminator is not None and len(loaded.train) < FEW:
        note(
            f"{len(loaded.train):,} pictures are few for a discriminator, which learns them by heart"
            + (
                " (too few to hold some out: they are tested on as well)"
                if loaded.train.fingerprint == loaded.test.fingerprint
                else ": see whether samples are copies (`trompe evaluate RUN --measures memorisation`)"
            )
        )
    if training.state.step >= steps > 0:
        note(f"nothing to do: the run is at step {training.state.step:,} of {steps:,}")


def few_of(test: ImageData) -> ImageData:
    """As many test pictures as the loss is evaluated on: not the first ones, since a folder has its classes one after
    another.
    """
    return random_pictures(test, TEST_PICTURES) if len(test) > TEST_PICTURES else test


def keep_pictures(folder: Path, test: ImageData) -> None:
    """Keep test pictures that no name leads back to, so that the run can still be looked at."""
    tensors = {"images": torch.from_numpy(np.ascontiguousarray(test.images))}
    if test.labels is not None:
        tensors["labels"] = torch.from_numpy(test.labels)
    files.write_bytes(folder / Run.PICTURES, safetensors.torch.save(tensors))


def start(folder: Path, record: Record, loaded: Loaded, model: Model, device: torch.device) -> Training:
    """The training at the step its folder holds, or at zero."""
    recipe = record.recipe
    phases = phases_of(recipe.family)
    model.to(device)
    if len(record.data.image_shape) == 3:  # faster convolutions, the same numbers
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = states.initial_state(model, phases, recipe.train)
    if (folder / Run.STATE).exists():
        states.load_state(folder / Run.STATE, state)
    as_they_are = DataOptions(binarise=recipe.data.binarise)
    return Training(
        folder=folder,
        record=record,
        state=state,
        phases=phases,
        batches=Batches(loaded.whole or loaded.train, device, recipe.data, labelled=labelled(model)),
        test=Batches(few_of(loaded.test), device, as_they_are, labelled=labelled(model)),
        log=RunLog(folder, state.step),
        progress=TrainingProgress(recipe.name, state.step, recipe.train.steps),
        names=(loaded.whole or loaded.train).names,
    )


def run_steps(training: Training, interrupted: Callable[[], bool]) -> None:
    """Step until the recipe's end or an interruption; what is written in between changes nothing about the steps."""
    state, options = training.state, training.recipe.train
    count = len(training.batches.images)
    saved_at = time.monotonic()
    if options.schedule == "cosine" and options.steps > (options.decay_steps or options.steps):
        note(f"from step {options.decay_steps} on, the learning rate stays at a hundredth: the cosine ends there")
    if state.step == 0:
        save(training)
        if options.sample_every or 0 in options.snapshots:
            draw(training)
        if 0 in options.snapshots:
            keep(training)
    while state.step < options.steps and not interrupted():
        began = time.perf_counter()
        indices = batch_indices(count, options.batch, options.seed, state.step)
        terms = train_step(state, training.phases, training.batches, indices, options)
        training.busy += time.perf_counter() - began
        training.pending.append((state.step, terms))
        kept = state.step in options.snapshots
        at_end = state.step == options.steps
        if at_end or is_due(state.step, options.log_every):
            flush(training)
        if options.evaluate_every and (at_end or is_due(state.step, options.evaluate_every)):
            evaluate(training)
        if kept or (options.sample_every and (at_end or is_due(state.step, options.sample_every))):
            draw(training)
        if kept:
            keep(training)
        if time.monotonic() - saved_at >= options.checkpoint_seconds:
            save(training)
            saved_at = time.monotonic()
    save(training)


def is_due(step: int, every: int) -> bool:
    return step % every == 0
