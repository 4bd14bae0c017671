"""The latent space: a map of it, which dimensions are active, and what each of them does."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.special import ndtr

from ..analysis import latents as analysis
from ..analysis.paths import noise_from_latents
from ..data.samples import Samples
from ..display.grid import Pixels, flat, image_grid, tiled, to_bytes
from ..measures.latents import ACTIVE_NATS, kl_per_dimension
from ..runs.run import Run
from .style import COLORS, FAINT, class_colors, dress, panels
from .table import PIXELS, Drawn, Request, figure

POINTS = 5000
GRID = 20
TICKS = (-2, -1, 0, 1, 2)
MOST_NAMED = 30
"""Classes whose names are written into the map."""


def caption(run: Run) -> str:
    part = "The plane of the two directions in which the latents of test images vary most, the others at their mean"
    plane = "The whole latent space is this plane" if np.prod(run.model.latent_shape) <= 2 else part
    conditional = f" (decoded as class {run.record.data.format.class_names[0]})" if run.model.num_classes else ""
    return (
        f"{plane}: posterior means by class, images over the plane{conditional}, and both. "
        "The axes of the last two are stretched so that equal areas are equally probable."
    )


@figure("latent-map", "Latent map", caption, requires=("encoder", "decoder"), in_report=True)
def latent_map(request: Request) -> Drawn:
    """Of a model with a uniform prior the map is of the standard normal noise behind its latents."""
    run, data = request.run, request.data.take(slice(0, POINTS))
    latents = noise_from_latents(run.model, run.encode(data)).flatten(1).numpy().astype(np.float64)
    plane = analysis.Plane.of(latents, prior=run.model.prior is not None)
    points = plane.coordinates(latents)
    tiles = to_bytes(flat(analysis.manifold(run.predictor, plane, GRID))).transpose(0, 2, 3, 1)
    image = tiled(tiles, GRID, max(1, tiles.shape[2] // 16), 0)
    made, axes = panels(13.2, 4.9, 1, 3)
    encoder, decoder, both = axes[0]
    scatter(encoder, points, data)
    reach = max(3.0, float(np.quantile(np.abs(points), 0.999)))
    dress(encoder, "encoder: posterior means by class", *plane.names())
    encoder.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    show_plane(dress(decoder, "decoder: images over the latent plane", *plane.names()), image)
    dress(both, "both: the data over the images", *plane.names())
    show_plane(both, 255 - image if image.shape[2] == 1 else image, alpha=0.4)
    scatter(both, ndtr(points), data)
    return made


def scatter(axes: Axes, points: Float[np.ndarray, "count two"], data: Samples) -> None:
    """The points in their classes' colors, each class named at its median."""
    size = float(np.clip(20_000 / len(points), 5, 28))
    if data.labels is None:
        axes.scatter(points[:, 0], points[:, 1], s=size, color=COLORS[0], alpha=0.6, linewidths=0)
        return
    colors = class_colors(data.num_classes)
    order = np.argsort(np.random.default_rng(0).random(len(points)))  # no class lies wholly on top of another
    shade = [colors[label] for label in data.labels[order]]
    axes.scatter(points[order, 0], points[order, 1], s=size, c=shade, alpha=0.7, linewidths=0)
    for label, name in enumerate(data.class_names) if data.num_classes <= MOST_NAMED else ():
        if (chosen := points[data.labels == label]).size:
            x, y = np.median(chosen, axis=0)
            text = axes.text(x, y, name, fontsize=11, weight="bold", color=colors[label], parse_math=False)
            halo = [patheffects.withStroke(linewidth=3, foreground="white")]
            text.set(ha="center", va="center", path_effects=halo)


def show_plane(axes: Axes, image: np.ndarray, alpha: float = 1.0) -> None:
    axes.imshow(image, cmap="gray", extent=(0, 1, 0, 1), alpha=alpha, vmin=0, vmax=255)
    places = ndtr(np.array(TICKS))
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=places, yticks=places, xticklabels=TICKS, yticklabels=TICKS)


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
    requires=("decoder",),
    suffixes=PIXELS,
    in_report=True,
    missing=lambda run: (
        None if run.model.prior or "encoder" in run.model.networks else "it has neither an encoder nor a prior"
    ),
)
def traversals(request: Request) -> Pixels:
    data = request.data if "encoder" in request.run.model.networks else None
    return image_grid(analysis.traversals(request.run.predictor, data), analysis.COLUMNS)
