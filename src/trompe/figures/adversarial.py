"""GANs: their progress, the discriminator's gradient with respect to the image, and its logits in the plane."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor

from ..analysis import discriminator as analysis
from ..data.samples import Samples
from ..data.sources.synthetic import REACH
from ..display.grid import Pixels, flat, image_grid
from .style import COLORS, FAINT, INK, dress, panels
from .table import ANIMATED, STATIC, Drawn, Request, figure

SIDE = 5
SHOWN = 6
COUNT = 16
ARROWS = 120
PANELS = 6
LONGEST = 0.3
"""Of an arrow, in coordinates."""


@figure(
    "progress",
    "Progress",
    "Real images, then samples of one noise vector at each snapshot.",
    requires=("prior", "images"),
    suffixes=(*STATIC, *ANIMATED),
    seconds=1.0,
)
def progress(request: Request) -> Drawn:
    data = request.data
    chosen = data.take(np.unique(np.linspace(0, len(data) - 1, SIDE**2).astype(int)))
    snapshots = request.run.at_snapshots()
    grids = {f"generated, step {one.step:,}": one.sample(SIDE**2, seed=request.seed) for one in snapshots}
    real = {"real": chosen.images_as_floats()}
    if request.suffix in ANIMATED:
        return (beside(real | {title: images}) for title, images in grids.items())
    return beside(real | grids)


def beside(grids: dict[str, Tensor]) -> Figure:
    made, axes = panels(2.6 * len(grids), 2.9, 1, len(grids))
    for panel, (title, images) in zip(axes[0], grids.items(), strict=True):
        panel.imshow(image_grid(images, SIDE), interpolation="nearest")
        panel.set_title(title, fontsize=9, color=INK)
        panel.set_axis_off()
    return made


@figure(
    "discriminator-gradient",
    "Discriminator gradient",
    "Generated images, then real ones, each above the gradient of the discriminator's logit with respect to its "
    "pixels: red where brighter would look more real, blue where darker would. Above them the probability of being "
    "real, or the logit where it is none of a probability.",
    requires=("discriminator of images", "images"),
    in_report=True,
)
def gradient(request: Request) -> Drawn:
    predictor = request.run.predictor
    data = request.data.take(slice(0, SHOWN))
    fake = analysis.generated(predictor, SHOWN, request.seed)
    groups = [("fake", *fake), ("real", data.images_as_floats(), data.labels)]
    made, axes = panels(1.3 * (SHOWN + len(data)), 3.0, 2, SHOWN + len(data))
    columns = iter(axes.T)
    for kind, images, labels in groups:
        slopes = flat(analysis.discriminator_gradient(predictor, images, labels)).mean(1).numpy()
        logits = predictor.discriminator_logits(images, labels)
        probabilities = analysis.real_probability(predictor, logits)
        said = [f"{one:+.2f}" for one in logits] if probabilities is None else [f"{one:.2f}" for one in probabilities]
        for image, slope, value in zip(images, slopes, said, strict=True):
            above, below = next(columns)
            above.imshow(image_grid(image[None], 1), interpolation="nearest")
            above.set_title(f"{kind}: {value}", fontsize=8, color=INK)
            reach = max(float(np.abs(slope).max()), 1e-12)
            below.imshow(slope, cmap="RdBu_r", norm=TwoSlopeNorm(0, -reach, reach), interpolation="nearest")
    for panel in axes.flat:
        panel.set_axis_off()
    made.supxlabel("red: brighter would look more real; blue: darker would", fontsize=8, color=INK)
    return made


@figure(
    "discriminator-ascent",
    "Discriminator ascent",
    "Samples, or with `--data` real images, that follow the discriminator's gradient step by step.",
    requires=("discriminator of images", "images"),
    suffixes=ANIMATED,
    seconds=0.1,
)
def ascent(request: Request) -> Iterator[Pixels]:
    predictor = request.run.predictor
    if request.source is None:
        frames = analysis.discriminator_ascent(predictor, *analysis.generated(predictor, COUNT, request.seed))
    else:
        data = request.data.take(slice(0, COUNT))
        frames = analysis.discriminator_ascent(predictor, data.images_as_floats(), data.labels)
    return map(image_grid, frames)


@figure(
    "discriminator-field",
    "Discriminator field",
    "A GAN in the plane at each snapshot: the discriminator's logit, orange for real and purple for fake; real points "
    "in gray; generated ones in blue, with arrows for minus the gradient of the generator's loss.",
    requires=("points", "discriminator of images"),
    suffixes=(*ANIMATED, *STATIC),
)
def discriminator_field(request: Request) -> Drawn:
    real = request.data.take(slice(0, analysis.POINTS))
    fields = [analysis.field_of(one.predictor, real) for one in request.run.at_snapshots()]
    scale = analysis.scale_of(fields)
    if request.suffix in ANIMATED:
        return (field_panels([one], scale, real, 4.6, 4.6) for one in fields)
    shown = [fields[place] for place in np.unique(np.linspace(0, len(fields) - 1, PANELS).astype(int))]
    return field_panels(shown, scale, real, 2.9, 3.0)


def field_panels(
    fields: Sequence[analysis.Field], scale: tuple[float, float], real: Samples, width: float, height: float
) -> Figure:
    """Fields in panels of this size, all in one scale."""
    columns = min(3, len(fields))
    rows = math.ceil(len(fields) / columns)
    made, axes = panels(width * columns, height * rows, rows, columns)
    for panel in axes.flat[len(fields) :]:
        panel.set_axis_off()
    strongest, top = scale
    box = (-REACH, REACH, -REACH, REACH)
    for panel, field in zip(axes.flat, fields, strict=False):
        panel.imshow(
            field.logits,
            "PuOr_r",
            vmin=-top,
            vmax=top,
            alpha=0.75,
            extent=box,
            origin="lower",
            interpolation="bilinear",
        )
        for points, size, color in ((real.images.reshape(-1, 2), 5, FAINT), (field.points, 7, COLORS[0])):
            panel.scatter(*points.T, s=size, color=color, linewidths=0)
        starts, arrows = field.points[:ARROWS], LONGEST * field.push[:ARROWS] / max(strongest, 1e-12)
        panel.quiver(*starts.T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=COLORS[0])
        dress(panel, f"step {field.step:,}").set(xlim=box[:2], ylim=box[2:], xticks=[], yticks=[])
    return made
