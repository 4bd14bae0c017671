"""The counterfeiter's progress, and what the bank's spy tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from scipy.special import expit
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import as_floats
from ..errors import TrompeError
from ..families.gan import GAMES, gradient
from ..grids import Pixels, flat, picture_grid
from ..model import Model
from ..nets import CodeDiscriminator
from ..options import GANOptions
from ..run import Run
from .plane import of_points
from .style import INK, dress, figure

Titled = tuple[str, Pixels]
SIDE = 5
SHOWN = 6
CLIMBS = 40
STRIDE = 0.004
"""Of a climbing picture: the mean move of a grey level in a step, along the discriminator's gradient."""


def progress(run: Run, data: ImageData, seed: int = 0) -> Figure:
    """Real pictures left, then what the generator made of one noise at each kept snapshot, or now."""
    refuse_points(run)
    return beside([real_grid(data), *(generated_grid(one, seed) for one in run.at_snapshots())])


def progress_film(run: Run, data: ImageData, seed: int = 0) -> Iterator[Figure]:
    """The same, one snapshot after another."""
    refuse_points(run)
    real = real_grid(data)
    for one in run.at_snapshots():
        yield beside([real, generated_grid(one, seed)])


def refuse_points(run: Run) -> None:
    if of_points(run):
        raise TrompeError(
            f"the run in `{run.folder}` is of points, which are no pictures", hint="`trompe figure field` draws a GAN's"
        )


def real_grid(data: ImageData) -> Titled:
    real = data.take(np.unique(np.linspace(0, len(data) - 1, SIDE**2).astype(int))).images_as_floats()
    return "real", picture_grid(real, SIDE)


def generated_grid(run: Run, seed: int) -> Titled:
    return f"generated, step {run.step:,}", picture_grid(run.sample(SIDE**2, seed=seed), SIDE)


def beside(grids: Sequence[Titled]) -> Figure:
    made, axes = figure(2.6 * len(grids), 2.9, 1, len(grids))
    for panel, (title, grid) in zip(axes[0], grids, strict=True):
        panel.imshow(grid, interpolation="nearest")
        panel.set_title(title, fontsize=9, color=INK)
        panel.set_axis_off()
    return made


def spied(model: Model, images: Float[Tensor, "batch channels *spatial"], labels: Tensor | None) -> Tensor:
    """The gradient of the discriminator's logit in each grey level: what to change to look more real."""
    if model.discriminator is None:
        have = ", ".join(model.networks)
        raise TrompeError(f"this model has no discriminator to spy on (it has: {have})", hint="train a GAN")
    if isinstance(model.discriminator, CodeDiscriminator):
        raise TrompeError("this model's discriminator sees codes, not pictures", hint="spy on a GAN's")
    with torch.inference_mode(False):
        given = None if labels is None else labels.clone()
        return gradient(model, images.clone(), given).view_as(images).detach()


def spy(run: Run, data: ImageData, seed: int = 0) -> Figure:
    """Generated pictures, then real ones, each above its heat map: red where brighter would look more real, blue where
    darker would; over all channels. Above it stands the discriminator's chance that a picture is real, or its output
    where that is no chance.
    """
    refuse_points(run)
    real = data.take(slice(0, SHOWN))
    pictures, labels = run.pictures(real)
    shown = [("fake", *faked(run, SHOWN, seed)), ("real", as_floats(pictures), labels)]
    made, axes = figure(1.3 * (SHOWN + len(real)), 3.0, 2, SHOWN + len(real))
    column = 0
    for kind, images, chosen in shown:
        heat = flat(run.apply(spied, images, chosen)).mean(1).numpy()
        verdicts = [verdict(run, score) for score in run.score(images, chosen).tolist()]
        for image, slope, said in zip(images, heat, verdicts, strict=True):
            above, below = axes[:, column]
            above.imshow(picture_grid(image[None], 1), interpolation="nearest")
            above.set_title(f"{kind}: {said}", fontsize=8, color=INK)
            reach = max(float(np.abs(slope).max()), 1e-12)
            below.imshow(slope, cmap="RdBu_r", norm=TwoSlopeNorm(0, -reach, reach), interpolation="nearest")
            for panel in (above, below):
                dress(panel).set_axis_off()
            column += 1
    made.supxlabel("red: brighter would look more real; blue: darker would", fontsize=8, color=INK)
    return made


def verdict(run: Run, score: float) -> str:
    options = run.record.recipe.family
    if isinstance(options, GANOptions) and GAMES[options.objective].undecided != 0:
        return f"{score:+.2f}"
    return f"{expit(score):.2f}"


def faked(run: Run, count: int, seed: int) -> tuple[Tensor, Tensor | None]:
    return run.sample(count, seed=seed), run.labels_for(count)


def climb(run: Run, data: ImageData | None = None, seed: int = 0, count: int = 16) -> Iterator[Pixels]:
    """Frames of pictures that follow the spy's advice, step by step: generated ones, or these."""
    refuse_points(run)
    if data is None:
        images, labels = faked(run, count, seed)
    else:
        images, labels = run.pictures(data.take(slice(0, count)))
        images = as_floats(images)
    for _ in range(CLIMBS):
        yield picture_grid(images)
        slope = run.apply(spied, images, labels)
        scale = slope.flatten(1).abs().mean(1).clamp_min(1e-12).view(-1, *(1,) * (slope.ndim - 1))
        images = (images + STRIDE * slope / scale).clamp(0, 1)
    yield picture_grid(images)
