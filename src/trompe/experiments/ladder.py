"""From a vector of ones to the VAE: what one decoder can store, and what comes out of it otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from annotated_types import MinLen
from jaxtyping import Float
from torch import Tensor

from ..data.samples import random_images, random_places
from ..display.grid import Images
from ..families import VAE, Autodecoder, Autoencoder, Family
from ..measures import frechet_distance, moments_of
from ..measures.reconstruction import squared_error
from ..options.data import DataOptions
from ..options.nets import MLPOptions
from ..options.numbers import Count, Strict
from ..options.train import TrainOptions
from ..recipes import Recipe
from ..rng import Stream, numpy_generator
from ..runs.run import Run
from .ladder_figure import SHOWN, SIDE, Found, drawn
from .store import Store
from .table import Finding, Value, experiment

MEASURED = 1000
"""At most this many images are given back for the error, and compared with as many that come out."""

FRECHET = "in pixels, from held-out images"


@dataclass(frozen=True)
class LadderOptions(Strict):
    """What is trained."""

    data: str = "mnist"
    """A named set, or a folder or zip of images."""
    limit: Count | None = None
    """Train the upper three on at most this many images."""
    latent: Count = 16
    """Latent dimensions of all five, and the images that one-hot vectors can store."""
    widths: tuple[Count, ...] = (500, 500)
    """Units of each hidden layer of all decoders, from the image down."""
    steps: Count = 6000
    """Training steps of the upper three."""
    few_steps: Count = 1500
    """Training steps where a few images are stored."""
    batch: Count = 128
    """Samples per step."""
    units: Annotated[tuple[Count, ...], MinLen(1)] = (4, 16)
    """Units of the one hidden layer of small decoders that are to store more and more images."""
    counts: Annotated[tuple[Count, ...], MinLen(1)] = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    """Numbers of images that they are to store."""


@dataclass(frozen=True)
class Rung:
    """A decoder, and what it is fed.

    Attributes:
        images: that it is trained on; `None` for all.
        fed: what it was not trained on and is fed with, in words.
        others: this many latents of that kind, of a run; the first ones to look at.
    """

    name: str
    family: Family
    images: int | None
    fed: str
    others: Callable[[Run, int], Float[Tensor, "count latent"]]


def rungs(options: LadderOptions) -> tuple[Rung, ...]:
    """The five, each with one thing more than the last."""
    alone = Autodecoder(likelihood="bernoulli")
    random = "random vectors of the\nlatents' mean and spread"
    return (
        Rung("ones", replace(alone, latents="ones"), 1, "other constants,\nfrom -1 to 3", constants),
        Rung("one-hot", replace(alone, latents="one-hot"), options.latent, "zeros, and means\nof two", blends),
        Rung("free latents", alone, options.limit, random, alike),
        Rung("autoencoder", Autoencoder(likelihood="bernoulli"), options.limit, random, alike),
        Rung("VAE", VAE(), options.limit, "random vectors\nof the prior", normal),
    )


def constants(run: Run, count: int) -> Float[Tensor, "count latent"]:
    """The same value in all dimensions."""
    values = torch.linspace(-1, 3, count)
    return values[:, None].expand(count, run.model.latent_shape[0])


def blends(run: Run, count: int) -> Float[Tensor, "count latent"]:
    """The zero vector, then means of two different unit vectors."""
    unit, random = torch.eye(run.model.latent_shape[0]), numpy_generator(0, Stream.SAMPLE)
    pairs = np.stack([random.permutation(len(unit))[:2] for _ in range(count - 1)])
    return torch.cat([torch.zeros_like(unit[:1]), unit[pairs].mean(1)])


def alike(run: Run, count: int) -> Float[Tensor, "count latent"]:
    """Gaussian latents with the mean and the standard deviation that those of the training images have."""
    known = stored_latents(run)
    return known.mean(0) + known.std(0) * run.predictor.noise(count)


def normal(run: Run, count: int) -> Float[Tensor, "count latent"]:
    return run.predictor.noise(count)


def stored_latents(run: Run, places: np.ndarray | slice = slice(None)) -> Float[Tensor, "count latent"]:
    """The latents of the training images at these places."""
    if "table" in run.model.networks:
        return run.model.network("table").weight.cpu()[places]
    return run.encode(run.data(split="train").take(places))


def recipe_of(options: LadderOptions, rung: Rung) -> Recipe:
    few = rung.images is not None and rung.images <= options.latent
    return Recipe(
        data=DataOptions(options.data, limit=rung.images),
        nets=MLPOptions(widths=options.widths, latent=options.latent, activation="silu"),
        family=rung.family,
        train=TrainOptions(
            schedule="cosine",
            steps=options.few_steps if few else options.steps,
            batch=min(options.batch, rung.images or options.batch),
            evaluate_every=0,
            sample_every=0,
        ),
        name=f"ladder-{rung.name.replace(' ', '-')}",
    )


def small_recipe(options: LadderOptions, units: int, count: int) -> Recipe:
    """One-hot vectors for this many images, before a decoder with one small hidden layer."""
    rung = Rung("small", Autodecoder(likelihood="bernoulli", latents="one-hot"), count, "", blends)
    recipe = recipe_of(options, rung)
    nets = replace(recipe.nets, widths=(units,), latent=count)
    train = replace(recipe.train, steps=options.few_steps, batch=count, learning_rate=0.02)
    return replace(recipe, nets=nets, train=train)


def look(rung: Rung, run: Run) -> Found:
    """What a trained rung stores and what else comes out of it."""
    train, held_out = run.data(split="train"), random_images(run.data(), MEASURED)
    limited = run.record.recipe.data.limit  # then they are in random order already
    places = np.arange(min(MEASURED, len(train))) if limited else random_places(len(train), MEASURED)
    given, back = train.take(places).images_as_floats(), run.decode(stored_latents(run, places))
    out, real = run.decode(rung.others(run, len(held_out))), held_out.images_as_floats()
    return Found(
        name=rung.name,
        fed=rung.fed,
        images=len(train),
        given=given[:SHOWN],
        back=back[:SHOWN],
        error=squared_error(given, back),
        unseen_error=squared_error(real, run.reconstruct(held_out)) if "encoder" in run.model.networks else None,
        out=run.decode(rung.others(run, SHOWN * SIDE)),
        distance=distance(out, real),
    )


def distance(images: Images, others: Images) -> float:
    """The Frechet distance in pixels: what differs in means and covariances of gray levels."""
    return frechet_distance(*(moments_of(one.flatten(1).numpy()) for one in (images, others)))


@experiment(
    "ladder",
    "From a vector of ones to a VAE",
    "One decoder, fed in five ways: above, what it stores, below, what comes out when it is fed something else. Only a "
    "VAE's latents are trained to fill a known distribution; for the others random latents are a guess.",
    options=LadderOptions,
    quick=LadderOptions(limit=2000, widths=(200, 200), steps=800, few_steps=400, units=(4,), counts=(1, 4, 8, 16, 64)),
    minutes=6,
)
def ladder(options: LadderOptions, store: Store) -> Finding:
    trained = [(rung, store.run(recipe_of(options, rung))) for rung in rungs(options)]
    found = [look(rung, run) for rung, run in trained]
    last = trained[-1][1]
    held_out = random_images(last.data(), MEASURED).images_as_floats()
    real = distance(random_images(last.data(split="train"), len(held_out)).images_as_floats(), held_out)
    counts = tuple(count for count in options.counts if count <= last.record.data.train_count)
    small = {units: [stored_error(store, options, units, count) for count in counts] for units in options.units}
    values = [Value(f"{one.name}: squared error", one.error, "per training image") for one in found]
    values += [
        Value(f"{one.name}: squared error, unseen", one.unseen_error, "per held-out image")
        for one in found
        if one.unseen_error is not None
    ]
    values += [Value(f"{one.name}: Frechet distance", one.distance, FRECHET) for one in found]
    values.append(Value("training images: Frechet distance", real, FRECHET))
    values += [
        Value(f"{units} units, {count} images: squared error", error, "per training image")
        for units, errors in small.items()
        for count, error in zip(counts, errors, strict=True)
    ]
    protocol = (
        f"{last.record.data.source}; decoders of {options.latent} latent dimensions and hidden layers of "
        f"{', '.join(map(str, options.widths[::-1]))}, cross-entropy of gray levels. Squared error: sum over an image "
        f"in [0, 1], mean over {MEASURED:,} training images or all. Frechet distance: in pixels, of {len(held_out):,} "
        f"images that come out from as many held-out ones; that of training images shows what bias it has."
    )
    numbers = {
        "rungs": [
            {"name": one.name, "images": one.images, "error": one.error, "distance": one.distance} for one in found
        ],
        "small decoder": {"images": counts, "squared error": {str(key): one for key, one in small.items()}},
    }
    return Finding(drawn(found, counts, small, real), tuple(values), protocol, numbers)


def stored_error(store: Store, options: LadderOptions, units: int, count: int) -> float:
    """The squared error with which the small decoder gives back this many images."""
    run = store.run(small_recipe(options, units, count))
    return squared_error(run.data(split="train").images_as_floats(), run.decode(stored_latents(run)))
