"""Samples, reconstructions and restored images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..data.samples import random_images
from ..data.transforms import corrupted
from ..display.grid import Pixels, side_by_side, titled
from ..display.samples import shown as shown_samples
from ..errors import TrompeError
from ..families import DenoisingAutoencoder
from ..measures.reconstruction import squared_errors
from ..nets.mlp import Standardize
from ..rng import Draws, Stream, derive
from ..runs.run import Run
from .rows import Row, drawn
from .table import ANIMATED, Drawn, Request, figure

COLUMNS = 14
MEASURED = 2000
"""Images behind the errors in the labels."""
PAIRS, SAMPLES = 32, 64


@figure(
    "samples",
    "Samples",
    lambda run: (
        f"Latents drawn from the {'standard normal' if run.model.prior == 'normal' else 'uniform'} prior, decoded."
    ),
    requires=("prior",),
    options=("count", "class"),
    in_report=True,
)
def samples(request: Request) -> Drawn:
    predictor, count = request.run.predictor, request.count or SAMPLES
    images = predictor.sample(count, seed=request.seed, labels=request.labels(count))
    return shown_samples(images, predictor.format, 8 if count == SAMPLES else None)


@figure(
    "training-samples",
    "Training",
    lambda run: (
        "The samples of one noise vector during training."
        if run.model.prior
        else "Reconstructions of the same images during training."
    ),
    suffixes=ANIMATED,
    seconds=0.15,
    missing=lambda run: None if run.sample_grids else "it has no sample grids; train with `--train.sample-every 500`",
)
def training_samples(request: Request) -> Iterator[Pixels]:
    for step, path in request.run.sample_grids:
        if step <= request.run.step:
            with Image.open(path) as image:
                yield titled(np.asarray(image.convert("RGB")), f"step {step:,}")


@figure(
    "reconstruction-grid",
    "Reconstructions",
    lambda run: (
        "Test images, each above its reconstruction."
        if run.record.data.train_count >= 20
        else "Images, each above its reconstruction; too few were given to hold any out."
    ),
    requires=("encoder", "decoder"),
    options=("count",),
    in_report=True,
)
def reconstruction_grid(request: Request) -> Drawn:
    images = request.data.take(slice(0, request.count or PAIRS))
    return side_by_side(images.images_as_floats(), request.run.reconstruct(images))


@figure(
    "reconstructions",
    "Reconstructions compared",
    "Test images in the first row, below them each run's reconstructions, with its squared error per image (Hinton & "
    "Salakhutdinov 2006, figure 2): the sum over the pixels, which are in [0, 1], and for a run that standardizes its "
    "images also with the mean pixel variance as unit, as published for faces.",
    requires=("reconstruction",),
    compares=True,
    options=("count",),
)
def reconstructions(request: Request) -> Drawn:
    shape = request.run.record.data.format.shape
    for run in request.runs:
        if (other := run.record.data.format.shape) != shape:
            unlike = f"`{run.folder}` is of images of {other}, `{request.run.folder}` of {shape}"
            raise TrompeError(unlike, hint="compare runs of the same images")
    measured = random_images(request.data, MEASURED)
    few = random_images(request.data, request.count or COLUMNS)
    rows: list[Row] = [("data", few.images_as_floats())]
    for run in request.runs:
        error = float(run.predictor.apply(squared_errors, measured).mean())
        unit = [f"{error / scale**2:.1f} at pixel variance 1" for scale in scales_of(run)[:1]]
        name = "\n".join([run.folder.resolve().name, *unit, f"{error:.2f} per image"])
        rows.append((name, run.reconstruct(few)))
    return drawn(rows)


def scales_of(run: Run) -> list[float]:
    """What a run that standardizes its images divides them by: the root of the mean pixel variance."""
    return [float(module.scale) for module in run.model.modules() if isinstance(module, Standardize)]


@figure(
    "corruption",
    "Denoising",
    "Test images, their corrupted copies, and what the model restores of them, with squared errors per image.",
    options=("count",),
    in_report=True,
    missing=lambda run: (
        None
        if isinstance(run.record.recipe.family, DenoisingAutoencoder)
        else f"the family `{run.record.recipe.family.kind}` restores nothing"
    ),
)
def corruption(request: Request) -> Drawn:
    family = request.run.record.recipe.family
    assert isinstance(family, DenoisingAutoencoder)
    measured = random_images(request.data, MEASURED)
    clean = measured.images_as_floats()
    draws = Draws(derive(0, Stream.MEASURE), clean.device, len(clean))
    noisy = corrupted(clean, family.corruption, family.level, draws)[0].clamp(0, 1)
    restored = request.run.reconstruct(noisy, measured.labels if request.run.model.num_classes else None)
    shown = request.count or COLUMNS
    rows = [("data", clean[:shown])]
    for name, images in ((corruption_of(family), noisy), ("restored", restored)):
        error = float((images - clean).square().flatten(1).sum(1).mean())
        rows.append((f"{name}\n{error:.2f} per image", images[:shown]))
    return drawn(rows)


def corruption_of(family: DenoisingAutoencoder) -> str:
    """In words, as in "masking 30 %"."""
    if family.level == 0:
        return "no corruption"
    level = f"{family.level:g}" if family.corruption == "gaussian" else f"{100 * family.level:g} %"
    return f"{family.corruption} {level}"
