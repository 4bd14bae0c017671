"""The counterfeiter's progress, and what the bank's spy tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor

from ..data.arrays import ImageData
from ..errors import TrompeError
from ..families.gan import gradient
from ..grids import Pixels, flat, picture_grid
from ..model import Model
from ..run import Run, by_step
from .style import INK, dress, figure

SIDE = 5
SHOWN = 6
CLIMBS = 40
STRIDE = 0.004
"""Of a climbing picture: the mean move of a grey level in a step, along the discriminator's gradient."""


def progress(run: Run, data: ImageData, seed: int = 0) -> Figure:
    """Real pictures left, then what the generator made of one noise at each kept snapshot, or now."""
    steps = [step for step, _ in by_step(run.folder / "snapshots", ".safetensors")]
    runs = [Run(run.folder, device=str(run.device), snapshot=step) for step in steps] or [run]
    real = data.take(np.unique(np.linspace(0, len(data) - 1, SIDE**2).astype(int))).images_as_floats()
    grids = [("real", picture_grid(real, SIDE))]
    for one in runs:
        grids.append((f"generated, step {one.step:,}", picture_grid(one.sample(SIDE**2, seed=seed), SIDE)))
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
    with torch.inference_mode(False):
        given = None if labels is None else labels.clone()
        return gradient(model, images.clone(), given).view_as(images).detach()


def spy(run: Run, data: ImageData, seed: int = 0) -> Figure:
    """Generated pictures, then real ones, each above its heat map: red where brighter would look more real, blue where
    darker would; over all channels. The discriminator's chance that a picture is real stands above it.
    """
    real = data.take(slice(0, SHOWN))
    labels = run.labels_for(SHOWN, real.labels) if run.model.num_classes else None
    halves = [(run.sample(SHOWN, seed=seed), run.labels_for(SHOWN)), (real.images_as_floats(), labels)]
    made, axes = figure(1.3 * 2 * SHOWN, 3.0, 2, 2 * SHOWN)
    for half, (images, chosen) in enumerate(halves):
        heat = flat(run.apply(spied, images, chosen)).mean(1).numpy()
        chances = run.score(images, chosen).sigmoid()
        for place in range(SHOWN):
            above, below = axes[:, half * SHOWN + place]
            above.imshow(picture_grid(images[place : place + 1], 1), interpolation="nearest")
            above.set_title(f"{('fake', 'real')[half]}: {float(chances[place]):.2f}", fontsize=8, color=INK)
            reach = max(float(np.abs(heat[place]).max()), 1e-12)
            below.imshow(heat[place], cmap="RdBu_r", norm=TwoSlopeNorm(0, -reach, reach), interpolation="nearest")
            for panel in (above, below):
                dress(panel).set_axis_off()
    return made


def climb(run: Run, seed: int = 0, count: int = 16) -> Iterator[Pixels]:
    """Frames of generated pictures that follow the spy's advice, step by step."""
    images, labels = run.sample(count, seed=seed), run.labels_for(count)
    for _ in range(CLIMBS):
        yield picture_grid(images)
        slope = run.apply(spied, images, labels)
        scale = slope.flatten(1).abs().mean(1).clamp_min(1e-12).view(-1, *(1,) * (slope.ndim - 1))
        images = (images + STRIDE * slope / scale).clamp(0, 1)
    yield picture_grid(images)
