"""Maps of a code plane: where the encoder puts the data, what the decoder makes of the plane, and both at once.

With two code numbers the plane is the code. With more it is the plane of the two principal directions of the data's
codes, through their mean, and the titles say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri
from sklearn.decomposition import PCA

from ..codes import to_noise
from ..data.arrays import ImageData
from ..errors import TrompeError
from ..grids import flat, to_bytes
from ..run import Run
from .style import class_colours, dress, figure

POINTS = 5000
GRID = 20
TICKS = (-2, -1, 0, 1, 2)
SCALE = "stretched so that equal areas are equally likely"


@dataclass(frozen=True)
class Plane:
    """A plane of codes: `centre + u * directions[0] + v * directions[1]`, with (u, v) standard normal for the data or,
    where the code is two-dimensional, for the prior.
    """

    centre: Float[np.ndarray, " latent"]
    directions: Float[np.ndarray, "two latent"]
    exact: bool
    share: float

    @staticmethod
    def of(codes: Float[np.ndarray, "count latent"]) -> Plane:
        if codes.shape[1] == 2:
            return Plane(np.zeros(2), np.eye(2), True, 1.0)
        if codes.shape[1] == 1:
            return Plane(np.zeros(1), np.array([[1.0], [0.0]]), True, 1.0)
        if len(codes) < 3:
            raise TrompeError(
                f"{len(codes)} pictures do not span a plane of codes", hint="draw the map with more pictures (`--data`)"
            )
        analysis = PCA(2, random_state=0).fit(codes)
        deviations = np.sqrt(analysis.explained_variance_)[:, None]
        share = float(analysis.explained_variance_ratio_.sum())
        return Plane(analysis.mean_, analysis.components_ * deviations, False, share)

    def coordinates(self, codes: Float[np.ndarray, "count latent"]) -> Float[np.ndarray, "count two"]:
        """Where codes lie on the plane, projected onto it at right angles."""
        lengths = np.maximum((self.directions**2).sum(1), 1e-12)
        return (codes - self.centre) @ self.directions.T / lengths

    def codes(self, coordinates: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "count latent"]:
        return self.centre + coordinates @ self.directions

    def names(self) -> tuple[str, str]:
        """What the axes are."""
        if self.exact:
            return "first number", "second number"
        return f"first principal direction (with the second {self.share:.0%} of the variance)", "second"


def latent_map(run: Run, data: ImageData | None = None, label: int = 0) -> Figure:
    """The three maps in a row, of the standard normal numbers behind the codes where the prior is uniform.

    Args:
        data: whose codes to draw; by default the run's test pictures. At most 5,000 of them are.
        label: the class to decode, where the model is class-conditional.
    """
    data = (data or run.data()).take(slice(0, POINTS))
    codes = to_noise(run.model, run.encode(data)).numpy().astype(np.float64)
    plane = Plane.of(codes)
    points = plane.coordinates(codes)
    made, axes = figure(13.2, 4.9, 1, 3)
    scatter(axes[0, 0], points, data, "where the encoder puts the data", plane.names())
    picture = plane_picture(run, plane, label)
    show_plane(dress(axes[0, 1], "what the decoder makes of the plane", x=SCALE), picture)
    both = dress(axes[0, 2], "both: the data on what is made of their place", x=SCALE)
    show_plane(both, 255 - picture if picture.shape[2] == 1 else picture, alpha=0.4)
    scatter_points(both, ndtr(points), data)
    return made


def scatter(
    axes: Axes, points: Float[np.ndarray, "count two"], data: ImageData, title: str, names: tuple[str, str]
) -> None:
    scatter_points(axes, points, data)
    reach = max(3.0, float(np.quantile(np.abs(points), 0.999)))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    dress(axes, title, *names)


def scatter_points(axes: Axes, points: Float[np.ndarray, "count two"], data: ImageData) -> None:
    """The points in their classes' colours, each class named at its median."""
    size = float(np.clip(20_000 / len(points), 5, 28))
    if data.labels is None:
        axes.scatter(points[:, 0], points[:, 1], s=size, color=class_colours(1)[0], alpha=0.6, linewidths=0)
        return
    colours = class_colours(data.num_classes)
    order = np.argsort(np.random.default_rng(0).random(len(points)))  # no class lies wholly on top of another
    shade = [colours[label] for label in data.labels[order]]
    axes.scatter(points[order, 0], points[order, 1], s=size, c=shade, alpha=0.7, linewidths=0)
    if data.num_classes > 30:
        return
    for label, name in enumerate(data.class_names):
        if (chosen := points[data.labels == label]).size:
            x, y = np.median(chosen, axis=0)
            text = axes.text(x, y, name, fontsize=11, weight="bold", color=colours[label])
            text.set(ha="center", va="center")
            text.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])


def plane_picture(run: Run, plane: Plane, label: int, grid: int = GRID) -> np.ndarray:
    """The plane decoded at the centres of a grid of equal shares of the normal distribution, as one picture; its second
    coordinate grows upwards.
    """
    quantiles = ndtri((np.arange(grid) + 0.5) / grid)
    across, up = np.meshgrid(quantiles, quantiles[::-1])
    codes = plane.codes(np.stack([across.ravel(), up.ravel()], axis=1))
    decoded = run.decode(run.model.codes_from(torch.from_numpy(codes).float()), [label] * len(codes))
    tiles = to_bytes(flat(decoded))
    gap = max(1, tiles.shape[-1] // 16)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (0, gap), (0, gap)))
    _, channels, height, width = tiles.shape
    picture = tiles.reshape(grid, grid, channels, height, width).transpose(0, 3, 1, 4, 2)
    return picture.reshape(grid * height, grid * width, channels)


def show_plane(axes: Axes, picture: np.ndarray, alpha: float = 1.0) -> None:
    grey = picture.shape[2] == 1
    axes.imshow(picture[..., 0] if grey else picture, cmap="gray", extent=(0, 1, 0, 1), alpha=alpha, vmin=0, vmax=255)
    places = ndtr(np.array(TICKS))
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=places, yticks=places, xticklabels=TICKS, yticklabels=TICKS)
