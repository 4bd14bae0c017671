"""A GAN, a VAE or an autoencoder of points of the plane, trained a few steps at a time, with settings that change."""

from __future__ import annotations

import copy
import math
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import fmean
from typing import Annotated, Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field

from ..analysis.discriminator import field_of
from ..data.batches import Batches
from ..data.order import batch_indices
from ..data.samples import Samples, Splits, random_images
from ..data.sources.synthetic import REACH, as_samples, mixture, spirals
from ..errors import TrompeError
from ..families import GAN, VAE, Autoencoder, Family
from ..options.data import DataOptions
from ..options.names import Activation, ObjectiveName
from ..options.nets import MLPOptions
from ..options.train import TrainOptions
from ..recipes.build import build_model, prepare
from ..recipes.checks import checked
from ..recipes.tree import Recipe
from ..rng import Stream, numpy_generator
from ..runs.predictor import Predictor
from ..runs.record import DataRecord, Record
from ..training.state import initial_state
from ..training.step import train_step
from .fields import has_probability

MOST_POINTS = 10_000
SHOWN = 400
"""Points that are generated or reconstructed to be seen."""
SECONDS = 0.5
"""That steps are taken for at a time."""
DECIMALS = 4
KL_WARMUP = 500
"""Steps over which a VAE's KL gains its weight; without, the posteriors of points collapse to the prior."""

SetName = Literal["ring", "grid", "spirals", "moons"]
Coordinate = Annotated[float, Field(ge=-REACH, le=REACH, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=0, le=100)]
Width = Annotated[int, Field(ge=1, le=256)]


def moons(count: int) -> Float[np.ndarray, "count 1 2"]:
    """Points of two half circles that reach into each other."""
    random = numpy_generator(0, Stream.SYNTHESIS, 6)
    angle, lower = random.uniform(0, np.pi, count), random.integers(0, 2, count)[:, None] == 1
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = 0.7 * (np.where(lower, [1, 0.5] - circle, circle) - [0.5, 0.25])
    return as_samples(points + 0.03 * random.standard_normal((count, 2)))


SETS: dict[SetName, Callable[[int], Float[np.ndarray, "count 1 2"]]] = {
    "ring": lambda count: mixture("ring", count, 0)[0],
    "grid": lambda count: mixture("grid", count, 0)[0],
    "spirals": lambda count: spirals(count, 0)[0],
    "moons": moons,
}


class Settings(BaseModel):
    """What can be changed while it trains; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: SetName | Annotated[list[Coordinate], Field(min_length=2, max_length=2 * MOST_POINTS)] = "ring"
    """A set's name, or x and y of each point, one after another."""
    objective: ObjectiveName = "non-saturating"
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    discriminator_lr_scale: Annotated[float, Field(gt=0, le=100)] = 1.0
    r1: Penalty = 0.01
    r2: Penalty = 0.0
    gradient_penalty: Penalty = 0.0
    beta: Penalty = 1.0
    batch: Annotated[int, Field(ge=1, le=1024)] = 256


class Start(Settings):
    """What a session begins with."""

    family: Literal["gan", "vae", "autoencoder"] = "gan"
    widths: Annotated[tuple[Width, ...], Field(max_length=4)] = (128, 128)
    latent: Annotated[int, Field(ge=1, le=64)] = 2
    activation: Activation = "leaky-relu"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


def samples_of(data: SetName | list[float]) -> Samples:
    """A set, or drawn points, in random order.

    Raises:
        TrompeError: a point has no second coordinate.
    """
    if isinstance(data, str):
        points = SETS[data](MOST_POINTS)
    elif len(data) % 2:
        raise TrompeError(f"{len(data)} numbers are no points of the plane", hint="send x and y of each")
    else:
        points = as_samples(np.array(data).reshape(-1, 2))
    name = data if isinstance(data, str) else "drawn"
    samples = Samples(points, name, kind="points", value_range=(-REACH, REACH))
    return random_images(samples, len(samples))


def recipe_of(settings: Start) -> Recipe:
    """The recipe of a session.

    Raises:
        TrompeError: its options do not fit each other.
    """
    families: dict[str, Family] = {
        "gan": GAN(
            objective=settings.objective,
            discriminator_lr_scale=settings.discriminator_lr_scale,
            r1=settings.r1,
            r2=settings.r2,
            gradient_penalty=settings.gradient_penalty,
        ),
        "vae": VAE(likelihood="gaussian", beta=settings.beta, kl_warmup=KL_WARMUP),
        "autoencoder": Autoencoder(),
    }
    family = families[settings.family]
    return checked(
        Recipe(
            data=DataOptions(),
            nets=MLPOptions(widths=settings.widths, latent=settings.latent, activation=settings.activation),
            family=family,
            train=TrainOptions(
                batch=settings.batch,
                learning_rate=settings.learning_rate,
                beta1=0.5 if settings.family == "gan" else 0.9,
                precision="float32",
                seed=settings.seed,
            ),
            name="live",
        )
    )


class Session:
    """A training in memory.

    Attributes:
        stopped: why it cannot go on, if it cannot.
        losses: the mean of each term over the latest steps.
        seen: what was last to be seen of it.
    """

    def __init__(self, settings: Start) -> None:
        self.settings, self.samples, self.recipe = settings, samples_of(settings.data), recipe_of(settings)
        model = build_model(self.recipe, self.samples.format)
        prepare(model, self.recipe, self.samples)
        self.phases = self.recipe.family.phases()
        self.state = initial_state(model, self.phases, self.recipe.train)
        self.batches = Batches(self.samples, torch.device("cpu"), self.recipe.data)
        self.stopped: str | None = None
        self.losses: dict[str, float] = {}
        self.seen: dict[str, Any] = {}
        self.look()

    def change(self, changes: dict[str, Any]) -> None:
        """Go on with other settings and the same weights.

        Raises:
            TrompeError: they do not fit each other; then nothing changes.
        """
        settings = self.settings.model_copy(update=changes)
        samples = samples_of(settings.data) if "data" in changes else self.samples
        recipe = recipe_of(settings)
        self.settings, self.samples, self.recipe, self.phases = settings, samples, recipe, recipe.family.phases()
        self.batches = Batches(samples, torch.device("cpu"), recipe.data)
        self.look()

    def train(self, count: int) -> None:
        """Take this many steps, or as many as there is time for."""
        until, options = time.monotonic() + SECONDS, self.recipe.train
        terms: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(count):
            if self.stopped is not None or (terms and time.monotonic() > until):
                break
            indices = batch_indices(len(self.batches), options.batch, options.seed, self.state.step)
            for name, value in train_step(self.state, self.phases, self.batches, indices, options).items():
                terms[name].append(float(value))
            if not all(math.isfinite(values[-1]) for values in terms.values()):
                self.stop("the loss is not finite")
        if self.stopped is None:
            self.losses = {name: fmean(values) for name, values in terms.items()}
            self.look()

    def look(self) -> None:
        """See what the networks make of the plane now."""
        if self.stopped is not None:
            return
        record = Record(self.recipe, self.recipe, DataRecord.of(Splits(self.samples, self.samples)))
        predictor = Predictor(copy.deepcopy(self.state.model), record, self.state.step, torch.device("cpu"))
        arrays = seen_by(predictor, self.samples)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            return self.stop("the networks give numbers that are not finite")
        shown = {name: np.asarray(array, np.float64).round(DECIMALS).ravel().tolist() for name, array in arrays.items()}
        self.seen = {**shown, "probability": has_probability(predictor)}

    def stop(self, reason: str) -> None:
        self.stopped = f"{reason} after step {self.state.step:,}: try a lower learning rate, and begin anew"

    def answer(self) -> dict[str, Any]:
        return {"step": self.state.step, "stopped": self.stopped, "losses": self.losses, **self.seen}


def seen_by(predictor: Predictor, samples: Samples) -> dict[str, np.ndarray]:
    """Samples, reconstructions of data, and the discriminator's field, where a model has them."""
    form = predictor.format
    if isinstance(predictor.recipe.family, GAN):
        field = field_of(predictor, samples)
        return {"samples": field.points, "push": field.push, "logits": field.logits}
    images = samples.take(slice(0, SHOWN)).images_as_floats()
    found = {"encoded": form.restored(images), "reconstructed": form.restored(predictor.reconstruct(images))}
    return found | ({"samples": form.restored(predictor.sample(SHOWN))} if predictor.model.prior else {})
