"""A game in the plane: where each player stands, and which way the generator is pushed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
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
LONGEST = 0.3
"""Of an arrow, in coordinates."""


def field(run: Run, data: ImageData) -> Iterator[Figure]:
    """At each kept snapshot, or now: the discriminator's logit over the plane, orange for real and purple for fake;
    real points; generated ones, and the way that the generator's cost pushes them, by arrows as long as the push is
    strong.
    """
    options = run.record.recipe.family
    if int(np.prod(run.record.data.image_shape)) != 2 or not isinstance(options, GANOptions) or run.model.num_classes:
        raise TrompeError(
            f"the run in `{run.folder}` is no GAN of points of the plane", hint="train one: `trompe train gan-2d`"
        )
    real = data.take(slice(0, POINTS))
    moments = [(one.step, *standing(one, real, options)) for one in run.at_snapshots()]
    strongest = max(np.quantile(np.linalg.norm(push, axis=1), 0.95) for *_, push in moments)
    surest = max(np.quantile(np.abs(scores), 0.98) for _, scores, *_ in moments)
    for step, scores, fakes, push in moments:
        made, axes = figure(4.6, 4.6)
        panel = axes[0, 0]
        panel.imshow(
            scores,
            extent=(-REACH, REACH, -REACH, REACH),
            origin="lower",
            cmap="PuOr_r",
            vmin=-surest,
            vmax=surest,
            alpha=0.75,
            interpolation="bilinear",
        )
        panel.scatter(*points_of(real.images).T, s=5, color=FAINT, linewidths=0)
        panel.scatter(*fakes.T, s=7, color=COLOURS[0], linewidths=0)
        arrows = LONGEST * push[:ARROWS] / max(strongest, 1e-12)
        panel.quiver(
            *fakes[:ARROWS].T,
            *arrows.T,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.003,
            color=COLOURS[0],
        )
        dress(panel, f"step {step:,}").set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[])
        yield made


def standing(
    run: Run, real: ImageData, options: GANOptions
) -> tuple[Float[np.ndarray, "side side"], Float[np.ndarray, "points 2"], Float[np.ndarray, "points 2"]]:
    """The discriminator's logits over the plane, from the one that takes no side; generated points; and minus the
    gradient of the generator's cost at them.
    """
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
    return scores, coordinates(fakes), run.apply(pushed, fakes).flatten(1).numpy()


def coordinates(images: Float[Tensor, "count 1 1 2"]) -> Float[np.ndarray, "count 2"]:
    return REACH * (2 * images.flatten(1).double().numpy() - 1)
