"""GANs: their progress, the discriminator's gradient with respect to the image, and its logits in the plane."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from torch import Tensor

from ..analysis import discriminator as analysis
from ..data.samples import Samples
from ..data.sources.synthetic import REACH
from ..display.grid import Images, Pixels, evenly, flat, image_grid, titled
from ..runs.predictor import Labels
from ..runs.run import Run
from .style import COLORS, FAINT, INK, dress, panels
from .table import ANIMATED, STATIC, Drawn, Request, figure

SIDE = 5
SHOWN, STAGES = 6, 3
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
    options=("count", "class"),
    seconds=1.0,
)
def progress(request: Request) -> Drawn:
    data, count = request.data, request.count or SIDE**2
    chosen = data.take(np.array(evenly(len(data), count)))
    labels = request.labels(count)
    grids = {
        f"generated, step {one.step:,}": one.sample(count, seed=request.seed, labels=labels)
        for one in request.snapshots
    }
    real = {"real": chosen.images_as_floats()}
    if request.suffix in ANIMATED:
        return (beside(real | {title: images}, count) for title, images in grids.items())
    return beside(real | grids, count)


def beside(grids: dict[str, Tensor], count: int) -> Figure:
    """Sets of at most this many images, each in a square with its title."""
    made, axes = panels(2.6 * len(grids), 2.9, 1, len(grids))
    for panel, (title, images) in zip(axes[0], grids.items(), strict=True):
        panel.imshow(image_grid(images, math.ceil(math.sqrt(count))), interpolation="nearest")
        panel.set_title(title, fontsize=9, color=INK)
        panel.set_axis_off()
    return made


@figure(
    "discriminator-gradient",
    "Discriminator gradient",
    "Generated images, then real ones, each above the gradient of the discriminator's logit with respect to its "
    "pixels: red where brighter would look more real, blue where darker would. Above them the probability of being "
    "real, or the logit where it is none of a probability. Of a run with snapshots, an early, a middle and the last.",
    requires=("discriminator of images", "images"),
    options=("count", "class"),
    in_report=True,
)
def gradient(request: Request) -> Drawn:
    count = request.count or SHOWN
    runs = [request.snapshots[place] for place in evenly(len(request.snapshots), STAGES)]
    data = request.data.take(slice(0, count))
    width = count + len(data)
    made, axes = panels(1.3 * width, 2.9 * len(runs) + 0.2, 2 * len(runs), width)
    for run, above, below in zip(runs, axes[::2], axes[1::2], strict=True):
        columns = iter(zip(above, below, strict=True))
        if len(runs) > 1:
            above[0].set_ylabel(f"step {run.step:,}", fontsize=9, color=INK)
        fake = analysis.generated(run.predictor, count, request.seed, request.label)
        for kind, images, labels in (("fake", *fake), ("real", data.images_as_floats(), data.labels)):
            show_gradients(columns, run, kind, images, labels)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    made.supxlabel("red: brighter would look more real; blue: darker would", fontsize=8, color=INK)
    return made


def show_gradients(
    columns: Iterator[tuple[Axes, Axes]], run: Run, kind: str, images: Images, labels: Labels | None
) -> None:
    """Images of a kind in the next columns, each above its gradient."""
    predictor = run.predictor
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


@figure(
    "discriminator-ascent",
    "Discriminator ascent",
    "Samples, or with `--data` real images, that follow the discriminator's gradient step by step.",
    requires=("discriminator of images", "images"),
    suffixes=ANIMATED,
    options=("count", "class"),
    seconds=0.1,
)
def ascent(request: Request) -> Iterator[Pixels]:
    predictor, count = request.run.predictor, request.count or COUNT
    labels: Labels | None
    if request.source is None:
        images, labels = analysis.generated(predictor, count, request.seed, request.label)
    else:
        data = request.data.take(slice(0, count))
        images, labels = data.images_as_floats(), data.labels
    for step, frame in enumerate(analysis.discriminator_ascent(predictor, images, labels)):
        logits = predictor.discriminator_logits(frame, labels)
        probability = analysis.real_probability(predictor, logits)
        mean = f"logit {logits.mean():+.2f}" if probability is None else f"p(real) {probability.mean():.2f}"
        yield titled(image_grid(frame), f"step {step}, {mean}")


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
    fields = [analysis.field_of(one.predictor, real) for one in request.snapshots]
    scale = analysis.scale_of(fields)
    if request.suffix in ANIMATED:
        return (field_panels([one], scale, real, 4.6) for one in fields)
    return field_panels([fields[place] for place in evenly(len(fields), PANELS)], scale, real, 2.9)


def field_panels(fields: Sequence[analysis.Field], scale: tuple[float, float], real: Samples, side: float) -> Figure:
    """Fields in panels of this side, in inches, all in one scale."""
    columns = min(3, len(fields))
    rows = math.ceil(len(fields) / columns)
    made, axes = panels(side * columns + 0.9, side * rows + 0.4, rows, columns)
    for panel in axes.flat[len(fields) :]:
        panel.set_axis_off()
    strongest, top = scale
    box = (-REACH, REACH, -REACH, REACH)
    for panel, field in zip(axes.flat, fields, strict=False):
        shade = panel.imshow(
            field.logits,
            "PuOr_r",
            vmin=-top,
            vmax=top,
            alpha=0.75,
            extent=box,
            origin="lower",
            interpolation="bilinear",
        )
        groups = (("real", real.images.reshape(-1, 2), 5, FAINT), ("generated", field.points, 7, COLORS[0]))
        for name, points, size, color in groups:
            panel.scatter(*points.T, s=size, color=color, linewidths=0, label=name)
        starts, arrows = field.points[:ARROWS], LONGEST * field.push[:ARROWS] / max(strongest, 1e-12)
        panel.quiver(*starts.T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=COLORS[0])
        dress(panel, f"step {field.step:,}", "x1", "x2").set(xlim=box[:2], ylim=box[2:])
    bar = made.colorbar(ScalarMappable(shade.norm, shade.cmap), ax=axes, shrink=0.8, aspect=30)
    bar.set_label("discriminator's logit (above 0: real)", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, colors=FAINT)
    points, names = axes.flat[0].get_legend_handles_labels()
    title = "arrows: minus the gradient of the generator's loss"
    made.legend(
        points, names, loc="outside lower center", ncols=2, fontsize=8, frameon=False, title=title, title_fontsize=8
    )
    return made
