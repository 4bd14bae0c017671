"""A training under way, and what it writes: its log, its state, its weights, and pictures of its progress."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import doctor
from . import state as states
from .data.batches import Batches
from .data.order import batch_indices
from .errors import TrainingStopped
from .grids import picture_grid, save_picture, side_by_side
from .log import RunLog
from .model import Model
from .options import Recipe
from .phases import Phase
from .progress import TrainingProgress, note
from .record import Record
from .rng import Stream, normal, numpy_generator, seeded
from .run import Run
from .state import State
from .step import autocast

GRID = (8, 8)
KNOWN = 500
"""Pictures of either kind that a discriminator is asked about."""


@dataclass
class Training:
    """A training under way: its memory, its data and where it writes."""

    folder: Path
    record: Record
    state: State
    phases: tuple[Phase, ...]
    batches: Batches
    test: Batches
    log: RunLog
    progress: TrainingProgress
    names: tuple[str, ...] = ()
    pending: list[tuple[int, dict[str, Tensor]]] = field(default_factory=list)
    busy: float = 0.0
    told: set[str] = field(default_factory=set)
    """The signs of something going wrong that have been spoken of."""

    @property
    def recipe(self) -> Recipe:
        return self.record.recipe


def flush(training: Training) -> None:
    """Bring the pending log values from the device, check them, and write their means.

    Raises:
        TrainingStopped: one of them is not finite. Nothing that came after it has been written.
    """
    if not training.pending:
        return
    began = time.perf_counter()
    numbers = iter(torch.stack([term for _, terms in training.pending for term in terms.values()]).tolist())
    training.busy += time.perf_counter() - began  # a device that runs ahead is waited for here
    means: dict[str, list[float]] = {}
    for step, terms in training.pending:
        values = {name: next(numbers) for name in terms}
        if not all(math.isfinite(value) for value in values.values()):
            stop_not_finite(training, step, values)
        for name, value in values.items():
            means.setdefault(name, []).append(value)
    rate = len(training.pending) * training.recipe.train.batch / training.busy
    step = training.state.step
    logged = {name: sum(values) / len(values) for name, values in means.items()}
    training.log.write(step, {**logged, "images_per_second": rate})
    training.progress.show(step, rate, logged, tell_signs(training))
    training.pending.clear()
    training.busy = 0.0


def tell_signs(training: Training) -> str:
    """Say what goes wrong, once; and, for the progress line, in short."""
    found = doctor.signs(training.log.lines, training.recipe)
    for sign in found:
        if sign.name not in training.told:
            note(f"step {training.state.step:,}: {sign.name}. {sign}")
    training.told |= {sign.name for sign in found}
    return "".join(f"{sign.name}!  " for sign in found)


def stop_not_finite(training: Training, step: int, values: dict[str, float]) -> None:
    """Write down the batch of a step whose loss was not finite, and say what can be done."""
    options = training.recipe.train
    indices = batch_indices(len(training.batches.images), options.batch, options.seed, step - 1)
    images = training.batches.images[torch.from_numpy(indices).to(training.batches.images.device)]
    where = training.folder / f"not-finite-step-{step:06d}.png"
    save_picture(where, picture_grid(images.float() / 255))
    shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
    named = [training.names[index] if training.names else str(index) for index in indices[:5]]
    at = states.read_metadata(training.folder / Run.STATE)["step"] if (training.folder / Run.STATE).exists() else 0
    weaker = ["a lower `--train.learning-rate`"]
    if not options.clip:
        weaker.append("`--train.clip 100`")
    if options.precision == "bfloat16":
        weaker.append("`--train.precision float32`")
    raise TrainingStopped(
        f"the loss is not finite at step {step}: {shown}.\nThe run keeps its state of step {at}, and the batch is "
        f"drawn in `{where}` (pictures {', '.join(named)}, ... of the training split)",
        hint=f"look whether a picture is broken; else try {', or '.join(weaker)}, in a new folder",
    )


def save(training: Training) -> None:
    """Write the state to go on from, and the weights to use, if they are finite."""
    flush(training)
    if not bool(torch.stack([weight.isfinite().all() for weight in training.state.model.parameters()]).all()):
        stop_not_finite(training, training.state.step, {"a weight": math.nan})
    metadata = {"run": training.record.to_json()}
    states.save_state(training.folder / Run.STATE, training.state, metadata)
    keep(training, training.folder / Run.WEIGHTS)


def keep(training: Training, path: Path | None = None) -> None:
    """Write the weights to use, by default as this step's snapshot."""
    flush(training)
    step = training.state.step
    path = path or training.folder / "snapshots" / f"step-{step:06d}.safetensors"
    states.save_weights(path, training.state.usable, {"run": training.record.to_json(), "step": step})


@torch.no_grad()
def evaluate(training: Training) -> None:
    """Log every phase's terms on test pictures, with the weights to use and noise of its own."""
    model, options = training.state.usable, training.recipe.train
    totals: dict[str, float] = {}
    count = len(training.test.images)
    with seeded(options.seed, Stream.MEASURE), evaluating(model):
        for first in range(0, count, options.batch):
            batch = training.test.prepared(np.arange(first, min(count, first + options.batch)))
            for phase in training.phases:
                if not phase.when.spans(training.state.step):
                    continue
                with autocast(training.test.device, options):
                    terms = phase.loss(model, batch, training.state.step)
                for name, term in terms.items():
                    key = f"test/{phase.name}/{name}"
                    totals[key] = totals.get(key, 0.0) + float(term.double().sum())
        means = {name: total / count for name, total in totals.items()}
        if model.discriminator is not None:
            means["test/known"] = known(model, training.batches, training.test, options.seed)
    training.log.write(training.state.step, means)


def known(model: Model, trained_on: Batches, held_out: Batches, seed: int) -> float:
    """How often the discriminator finds a picture that it was trained on more real than one that it never saw: a half
    if it has learned nothing by heart.
    """

    def scores(batches: Batches) -> Tensor:
        parts = np.array_split(some_of(batches, KNOWN, seed), KNOWN // 100)
        return torch.cat([model.score(one.images, one.labels) for one in map(batches.prepared, parts)])

    return float((scores(trained_on)[:, None] > scores(held_out)).float().mean())


def some_of(batches: Batches, count: int, seed: int) -> np.ndarray:
    """So many of the pictures, or all, in an order that has nothing to do with their classes, always the same."""
    return numpy_generator(seed, Stream.MEASURE).permutation(len(batches.images))[:count]


@contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """The model as it is used, without what it does only to learn."""
    model.eval()
    try:
        yield
    finally:
        model.train()


@torch.no_grad()
def draw(training: Training) -> None:
    """Draw the model's progress: samples from one fixed noise, whose variety is logged; or, where nothing can be
    sampled, reconstructions.
    """
    flush(training)
    model, options = training.state.usable, training.recipe.train
    with evaluating(model):
        if model.prior is not None:
            noise = normal((GRID[0] * GRID[1], model.latent), options.seed, Stream.SAMPLE).to(model.device)
            labels = torch.arange(len(noise), device=model.device) % model.num_classes if model.num_classes else None
            samples = model.sample(noise, labels)
            picture = picture_grid(samples, columns=GRID[1])
            real = training.test.gather(some_of(training.test, 2 * len(noise), options.seed)).images
            training.log.write(training.state.step, doctor.measured(samples, real))
        else:
            batch = training.test.gather(np.arange(min(32, len(training.test.images))))
            picture = side_by_side(batch.images, model.reconstruct(batch.images, batch.labels))
    save_picture(training.folder / "samples" / f"step-{training.state.step:06d}.png", picture)
