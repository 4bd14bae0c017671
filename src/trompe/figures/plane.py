"""A game in the plane: where each player stands, and which way the generator is pushed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..data.arrays import ImageData
from ..data.synthetic import REACH, points_of
from ..errors import TrompeError
from ..families.gan import GAMES
from ..model import Model
from ..options import GANOptions
from ..run import Run
from .style import COLOURS, FAINT, dress, figure

SIDE = 60
POINTS = 400
ARROWS = 120
PANELS = 6
LONGEST = 0.3
"""Of an arrow, in coordinates."""


@dataclass(frozen=True)
class Moment:
    """Both players at a step: the discriminator's logits over the plane, from the one that takes no side; generated
    points; and minus the gradient of the generator's cost at them.
    """

    step: int
    logits: Float[np.ndarray, "side side"]
    points: Float[np.ndarray, "points 2"]
    push: Float[np.ndarray, "points 2"]


def field(run: Run, data: ImageData) -> Figure:
    """Some of the moments of `field_film`, side by side."""
    real = data.take(slice(0, POINTS))
    moments = moments_of(run, real)
    scale = scale_of(moments)
    shown = [moments[place] for place in np.unique(np.linspace(0, len(moments) - 1, PANELS).astype(int))]
    columns = min(3, len(shown))
    made, axes = figure(2.9 * columns, 3.0 * math.ceil(len(shown) / columns), math.ceil(len(shown) / columns), columns)
    for panel, moment in zip(axes.flat, shown, strict=False):
        draw(panel, moment, scale, real)
    for panel in axes.flat[len(shown) :]:
        panel.set_axis_off()
    return made


def field_film(run: Run, data: ImageData) -> Iterator[Figure]:
    """At each kept snapshot, or now: the discriminator's logit over the plane, orange for real and purple for fake;
    real points; generated ones, and the way that the generator's cost pushes them, by arrows as long as the push is
    strong.
    """
    real = data.take(slice(0, POINTS))
    moments = moments_of(run, real)
    scale = scale_of(moments)
    for moment in moments:
        made, axes = figure(4.6, 4.6)
        draw(axes[0, 0], moment, scale, real)
        yield made


def moments_of(run: Run, real: ImageData) -> list[Moment]:
    options = run.record.recipe.family
    if not of_points(run) or not isinstance(options, GANOptions) or run.model.num_classes:
        raise TrompeError(
            f"the run in `{run.folder}` is no GAN of points of the plane", hint="train one: `trompe train gan-2d`"
        )
    return [standing(one, real, options) for one in run.at_snapshots()]


def of_points(run: Run) -> bool:
    """Whether its pictures are points of the plane, two numbers each."""
    return int(np.prod(run.record.data.image_shape)) == 2


def scale_of(moments: Sequence[Moment]) -> tuple[float, float]:
    """The strongest push and the surest logit of them all, but for a few."""
    strongest = max(float(np.quantile(np.linalg.norm(one.push, axis=1), 0.95)) for one in moments)
    return strongest, max(float(np.quantile(np.abs(one.logits), 0.9)) for one in moments)


def draw(panel: Axes, moment: Moment, scale: tuple[float, float], real: ImageData) -> None:
    """One moment, in the scale of all of them."""
    strongest, surest = scale
    panel.imshow(
        moment.logits,
        extent=(-REACH, REACH, -REACH, REACH),
        origin="lower",
        cmap="PuOr_r",
        vmin=-surest,
        vmax=surest,
        alpha=0.75,
        interpolation="bilinear",
    )
    for points, size, colour in ((points_of(real.images), 5, FAINT), (moment.points, 7, COLOURS[0])):
        panel.scatter(points[:, 0], points[:, 1], s=size, color=colour, linewidths=0)
    starts, arrows = moment.points[:ARROWS], LONGEST * moment.push[:ARROWS] / max(strongest, 1e-12)
    panel.quiver(*starts.T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=COLOURS[0])
    dress(panel, f"step {moment.step:,}").set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[])


def standing(run: Run, real: ImageData, options: GANOptions) -> Moment:
    line = torch.linspace(0, 1, SIDE)
    across, up = torch.meshgrid(line, line, indexing="xy")
    plane = torch.stack([across, up], -1).view(-1, *run.record.data.image_shape)
    fakes = run.sample(POINTS)
    levels = real.images_as_floats()
    levels = levels[torch.arange(POINTS) % len(levels)]
    cost = GAMES[options.objective].generator

    def pushed(model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
        with torch.inference_mode(False), torch.enable_grad():
            asked = images.clone().requires_grad_()
            others = model.score(levels.to(images.device)).detach()
            (slope,) = torch.autograd.grad(cost(others, model.score(asked)).sum(), asked)
        return -slope

    scores = run.score(plane).view(SIDE, SIDE).numpy()
    undecided = GAMES[options.objective].undecided
    scores = scores - (float(np.median(scores)) if undecided is None else undecided)
    return Moment(run.step, scores, coordinates(fakes), run.apply(pushed, fakes).flatten(1).numpy())


def coordinates(images: Float[Tensor, "count 1 1 2"]) -> Float[np.ndarray, "count 2"]:
    return REACH * (2 * images.flatten(1).double().numpy() - 1)
