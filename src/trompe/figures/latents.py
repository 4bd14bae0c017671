"""The latent space: a map of it, which dimensions are active, and what each of them does."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..analysis import latents as analysis
from ..analysis.paths import noise_from_latents
from ..data.samples import Samples
from ..display.grid import GAP, flat, image_grid, tiled, to_bytes
from ..measures.latents import ACTIVE_NATS, kl_per_dimension
from ..runs.run import Run
from ..text import printable
from .style import COLORS, FAINT, INK, class_colors, dress, panels
from .table import Drawn, Request, figure

POINTS = 5000
GRID = 20
TICKS = (-2, -1, 0, 1, 2)
MOST_NAMED = 30
"""Classes whose names are written into the map."""
LETTER, LINE, LONGEST_NAME = 0.024, 0.055, 16
"""Of a name: the width of a letter and the height of a line as shares of a panel, and the most letters."""
FADED = 0.4
"""Of the images behind the data: how much of their contrast is left."""


def caption(run: Run) -> str:
    exact, prior = np.prod(run.model.latent_shape) <= 2, run.model.prior is not None
    plane = "The two directions in which the latents of test images vary most, the others at their mean"
    plane = "The whole latent space" if exact else plane
    names = run.record.data.format.class_names
    conditional = f" (of class {printable(names[0])}, unless `--class` says another)" if run.model.num_classes else ""
    of = "the prior" if exact else "a normal distribution fitted to the latents"
    areas = (
        f"The axes of the last two are stretched so that equal areas are equally probable under {of}."
        if prior
        else "The model has no prior: what is drawn is the range of the latents of these images."
    )
    noise = (
        " Of a uniform prior the plane is that of the normal noise behind it." if run.model.prior == "uniform" else ""
    )
    return f"{plane}: latents of images, images over the plane{conditional}, and both. {areas}{noise}"


@figure(
    "latent-map",
    "Latent map",
    caption,
    requires=("encoder", "decoder", "images"),
    compares=True,
    options=("class",),
    in_report=True,
)
def latent_map(request: Request) -> Drawn:
    """Of a model with a uniform prior the map is of the standard normal noise behind its latents."""
    made, axes = panels(13.2, 4.9 * len(request.runs), len(request.runs), 3)
    for row, run in zip(axes, request.runs, strict=True):
        before = f"{run.folder.resolve().name}, " if len(request.runs) > 1 else ""
        draw_map(row, run, request.data_of(run).take(slice(0, POINTS)), request.label or 0, before)
    return made


def draw_map(axes: np.ndarray, run: Run, data: Samples, label: int, before: str) -> None:
    """The three panels of a run's map, their titles after these words."""
    latents = noise_from_latents(run.model, run.encode(data)).flatten(1).numpy().astype(np.float64)
    plane = analysis.Plane.of(latents, prior=run.model.prior is not None)
    points, names = plane.coordinates(latents), plane.names()
    square = plane.in_unit_square(points)
    tiles = to_bytes(flat(analysis.manifold(run.predictor, plane, GRID, label))).transpose(0, 2, 3, 1)
    image = tiled(tiles, GRID, max(1, tiles.shape[2] // 16), 0)
    encoder, decoder, both = axes
    what = "latents" if run.model.posterior_kind == "point" else "posterior means"
    dress(encoder, f"{before}encoder: {what}{'' if data.labels is None else ' by class'}", *names)
    reach = max(3.0, float(np.quantile(np.abs(points), 0.999)))
    low, high = np.array([[-reach] * 2, [reach] * 2]) if plane.box is None else plane.box
    scatter(encoder, points, data, low, high)
    encoder.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    encoder.set_box_aspect(1)
    of_class = f"of class {run.record.data.format.class_names[label]} " if run.model.num_classes else ""
    show_plane(dress(decoder, f"{before}decoder: images {of_class}over the latent plane", *names), image, plane)
    show_plane(dress(both, f"{before}both: the data over the images", *names), faded(image), plane)
    scatter(both, square, data, np.zeros(2), np.ones(2))


def faded(image: np.ndarray) -> np.ndarray:
    """An image as a background: gray ones dark on white."""
    image = 255 - image if image.shape[2] == 1 else image
    return (255 - FADED * (255.0 - image)).round().astype(np.uint8)


def scatter(
    axes: Axes,
    points: Float[np.ndarray, "count two"],
    data: Samples,
    low: Float[np.ndarray, " two"],
    high: Float[np.ndarray, " two"],
) -> None:
    """The points in their classes' colors, each class named where it is densest, between these corners."""
    size = float(np.clip(20_000 / len(points), 5, 28))
    if data.labels is None:
        axes.scatter(points[:, 0], points[:, 1], s=size, color=COLORS[0], alpha=0.6, linewidths=0)
        return
    colors = class_colors(data.num_classes)
    order = np.argsort(np.random.default_rng(0).random(len(points)))  # no class lies wholly on top of another
    shade = [colors[label] for label in data.labels[order]]
    axes.scatter(points[order, 0], points[order, 1], s=size, c=shade, alpha=0.7, linewidths=0)
    if data.num_classes > MOST_NAMED:
        return
    names = [shortened(printable(name)) for name in data.class_names]
    sizes = np.array([(LETTER * (len(name) + 1), LINE) for name in names])
    places = analysis.label_places((points - low) / (high - low), data.labels, sizes)
    for label, place in places.items():
        x, y = low + place * (high - low)
        text = axes.text(x, y, names[label], fontsize=11, weight="bold", color=colors[label])
        halo = [patheffects.withStroke(linewidth=3, foreground="white")]
        text.set(ha="center", va="center", path_effects=halo)


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "\u2026"


def show_plane(axes: Axes, image: np.ndarray, plane: analysis.Plane) -> None:
    axes.imshow(image, cmap="gray", extent=(0, 1, 0, 1), vmin=0, vmax=255)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
        ticks = np.array(TICKS, float)
        if plane.box is not None:
            low, high = plane.box[:, side]
            ticks = np.array(
                [tick for tick in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high]
            )
        places = plane.in_unit_square(np.stack([ticks, ticks], 1))[:, side]
        axis.set_ticks(places, [f"{tick:g}" for tick in ticks])


@figure(
    "kl",
    "Latent usage",
    lambda run: (
        "The KL divergence of each latent dimension, largest first; the decoder ignores those near zero."
        if run.model.posterior_kind == "gaussian"
        else "The variance of each latent dimension, largest first."
    ),
    requires=("encoder",),
    in_report=True,
)
def kl(request: Request) -> Drawn:
    predictor = request.run.predictor
    values = np.sort(kl_per_dimension(predictor, request.data))[::-1]
    active = values > ACTIVE_NATS
    title, unit = f"{active.sum()} of {len(values)} latent dimensions are active", "KL, nats"
    if predictor.model.posterior_kind == "point":
        title, unit = "variance of the latents", "variance"
    made, axes = panels(7.2, 2.8)
    panel = dress(axes[0, 0], title, "latent dimension, by size", unit)
    panel.bar(np.arange(1, len(values) + 1), values, color=np.where(active, COLORS[0], FAINT), width=0.8)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.set_xlim(0.4, len(values) + 0.6)
    return made


@figure(
    "traversals",
    "Latent traversals",
    lambda run: (
        f"Each row sweeps one latent dimension of {'an image' if 'encoder' in run.model.networks else 'a sample'}"
        " over three standard deviations either way, the most active first."
    ),
    requires=("decoder", "images"),
    options=("class",),
    in_report=True,
    missing=lambda run: (
        None if run.model.prior or "encoder" in run.model.networks else "it has neither an encoder nor a prior"
    ),
)
def traversals(request: Request) -> Drawn:
    model, predictor = request.run.model, request.run.predictor
    data = request.data if "encoder" in model.networks else None
    found = analysis.traversals(predictor, data, seed=request.seed, label=request.label)
    unit = "change" if data is None else "variance" if model.posterior_kind == "point" else "KL"
    names = [f"z{one + 1}\n{unit} {value:.2g}" for one, value in zip(found.dimensions, found.activity, strict=True)]
    image = image_grid(found.images, analysis.COLUMNS)
    height, width = image.shape[0] - GAP, image.shape[1] - GAP
    made, axes = panels(8.4, 0.9 + 7.4 * height / width)
    panel = dress(axes[0, 0], "", f"standard deviations of {'the prior' if model.prior else 'the latents'}")
    panel.imshow(image, interpolation="nearest")
    rows, columns = (np.arange(count) + 0.5 for count in (len(names), analysis.COLUMNS))
    panel.set_yticks(GAP + rows * height / len(names) - 0.5, names, color=INK)
    steps = np.linspace(-analysis.REACH, analysis.REACH, analysis.COLUMNS)
    panel.set_xticks(GAP + columns * width / analysis.COLUMNS - 0.5, [f"{one:+.1f}" for one in steps])
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
    return made
