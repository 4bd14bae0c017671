"""Latents varied by plan: one dimension at a time, or over a plane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import ndtr, ndtri
from sklearn.decomposition import PCA
from torch import Tensor

from ..data.samples import Samples
from ..display.grid import Images
from ..measures.latents import MEASURED, kl_per_dimension
from ..runs.predictor import Predictor
from .paths import noise_from_latents

REACH = 3.0
"""Of a traversal: standard deviations either way."""
ROWS, COLUMNS = 10, 11
TAIL, MARGIN = 0.005, 0.05
"""Of a plane without a prior: the share of latents beyond each of its edges, and what is added to its sides."""
SPREAD = 1e-6
"""Latents nearer than this are one."""
CANDIDATES, NEARBY, FEW = 200, 0.04, 3.0
"""Of a label: how many places are compared; how far around each is looked, in sides of the unit square; and how many
points there are not enough to name a class by."""

Latent = Float[Tensor, " latent"]


@dataclass(frozen=True)
class Traversals:
    """Images of latents, a row for each of some dimensions.

    Attributes:
        images: row by row, `COLUMNS` each.
        dimensions: which dimension is swept in each row, from 0, the most active first.
        activity: of each of them: its KL in nats, its variance, or without an encoder the mean change of a pixel.
    """

    images: Images
    dimensions: np.ndarray
    activity: np.ndarray


def traversals(
    predictor: Predictor, data: Samples | None = None, *, seed: int = 0, label: int | None = None
) -> Traversals:
    """One latent dimension swept in each row, the most active first, the others held: those of the first image, or,
    for a model without an encoder, those of one noise vector. A class-conditional model decodes the class that is
    given, else that of the image, else the first.

    The sweep is of three standard deviations either way: of the prior, or where there is none, of the data's latents.
    """
    model, latent = predictor.model, int(np.prod(predictor.model.latent_shape))
    middle, deviation = torch.zeros(latent), torch.ones(latent)
    active = activity(predictor, data, seed=seed, label=label or 0)
    if "encoder" not in model.networks or data is None:
        start = predictor.noise(1, seed)[0].flatten()
    else:
        data = data.take(slice(0, MEASURED))
        latents = predictor.encode(data).flatten(1)
        if model.prior is None:
            middle, deviation = latents.mean(0), latents.std(0, correction=0)
        start = noise_from_latents(model, latents[:1])[0]
        label = int(data.labels[0]) if label is None and data.labels is not None else label
    order = np.argsort(-active)[:ROWS]
    images = decoded(predictor, swept(start, order, middle, deviation, COLUMNS), label or 0)
    return Traversals(images, order, active[order])


def activity(
    predictor: Predictor, data: Samples | None = None, *, seed: int = 0, label: int = 0
) -> Float[np.ndarray, " latent"]:
    """How much of the image each latent dimension holds: its mean KL over the first images, in nats; its variance,
    where the posterior is a point; without an encoder or images, the mean change of a pixel as it is swept.
    """
    if "encoder" in predictor.model.networks and data is not None:
        return kl_per_dimension(predictor, data)
    latent = int(np.prod(predictor.model.latent_shape))
    start = predictor.noise(1, seed)[0].flatten()
    ends = decoded(predictor, swept(start, np.arange(latent), torch.zeros(latent), torch.ones(latent), 2), label)
    return (ends[1::2] - ends[::2]).abs().flatten(1).mean(1).numpy()


def decoded(predictor: Predictor, noise: Float[Tensor, "count latent"], label: int = 0) -> Images:
    """The images of noise vectors, all of one class where the model is class-conditional."""
    latents = predictor.model.latents_from_noise(noise).view(len(noise), *predictor.model.latent_shape)
    return predictor.decode(latents, [label] * len(noise))


def swept(
    latent: Latent, order: np.ndarray, middle: Latent, deviation: Latent, columns: int
) -> Float[Tensor, "rows_columns latent"]:
    """Copies of a latent, a row of them for each of these dimensions, which goes from one end to the other."""
    sweep = torch.linspace(-REACH, REACH, columns)
    latents = latent.repeat(len(order), columns, 1)
    for row, dimension in enumerate(order):
        latents[row, :, dimension] = middle[dimension] + sweep * deviation[dimension]
    return latents.flatten(0, 1)


@dataclass(frozen=True)
class Plane:
    """`center + u * directions[0] + v * directions[1]`.

    Where the model has a prior, (u, v) is standard normal: it is the prior, of a latent of at most two dimensions, or
    the normal distribution fitted to the data's latents in the two directions in which they vary most. A model without
    a prior has no more than the range of the data's latents.

    Attributes:
        exact: whether the plane is the whole latent space.
        variance: fraction of the latents' variance that lies in it; `None` where it was not chosen by it.
        box: of a plane without a prior, the lowest and the highest (u, v) that is shown.
    """

    center: Float[np.ndarray, " latent"]
    directions: Float[np.ndarray, "two latent"]
    exact: bool
    variance: float | None = None
    box: Float[np.ndarray, "2 2"] | None = None

    @staticmethod
    def of(latents: Float[np.ndarray, "count latent"], prior: bool = True) -> Plane:
        """The plane of these latents.

        Args:
            prior: whether the model has one.
        """
        dimensions = latents.shape[1]
        if dimensions <= 2:
            made = Plane(np.zeros(dimensions), np.eye(2, dimensions), True)
        elif (
            len(latents) < 3 or np.ptp(latents, axis=0).max() < SPREAD
        ):  # no directions to choose by: the first two axes
            made = Plane(latents.mean(0), np.eye(2, dimensions), False)
        else:
            found = PCA(2, random_state=0).fit(latents)
            lengths = np.sqrt(found.explained_variance_)[:, None] if prior else 1.0
            share = float(found.explained_variance_ratio_.sum())
            made = Plane(found.mean_, found.components_ * lengths, False, share)
        return made if prior else replace(made, box=box_of(made.coordinates(latents)))

    def coordinates(self, latents: Float[np.ndarray, "count latent"]) -> Float[np.ndarray, "count two"]:
        """Where latents lie on the plane, projected orthogonally."""
        lengths = np.maximum((self.directions**2).sum(1), 1e-12)
        return (latents - self.center) @ self.directions.T / lengths

    def latents(self, coordinates: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "count latent"]:
        return self.center + coordinates @ self.directions

    def in_unit_square(self, coordinates: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "count two"]:
        """Coordinates as they are drawn: with a prior by the normal distribution function, else within the box."""
        return ndtr(coordinates) if self.box is None else (coordinates - self.box[0]) / (self.box[1] - self.box[0])

    def from_unit_square(self, places: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "count two"]:
        return ndtri(places) if self.box is None else self.box[0] + places * (self.box[1] - self.box[0])

    def names(self) -> tuple[str, str]:
        """What the axes are."""
        if self.exact:
            return "z1", "z2" if len(self.center) > 1 else ""
        if self.variance is None:
            return "z1, the others at their mean", "z2"
        return f"first principal direction (with the second {self.variance:.0%} of the variance)", "second"


def box_of(coordinates: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "2 2"]:
    """The range of coordinates but for a few outliers, with a margin; of width 2 where they are all one."""
    low, high = np.quantile(coordinates, (TAIL, 1 - TAIL), axis=0)
    width = np.where(high - low > 1e-9, MARGIN * (high - low), 1.0)
    return np.stack([low - width, high + width])


def manifold(predictor: Predictor, plane: Plane, grid: int, label: int = 0) -> Images:
    """The plane decoded at the centers of a grid of equal cells of the square it is drawn as (with a prior, of equal
    probabilities), row by row; its second coordinate grows upwards.
    """
    centers = (np.arange(grid) + 0.5) / grid
    across, up = np.meshgrid(centers, centers[::-1])
    coordinates = plane.from_unit_square(np.stack([across.ravel(), up.ravel()], axis=1))
    return decoded(predictor, torch.from_numpy(plane.latents(coordinates)).float(), label)


def label_places(
    points: Float[np.ndarray, "count two"], labels: Int[np.ndarray, " count"], sizes: Float[np.ndarray, "classes two"]
) -> dict[int, Float[np.ndarray, " two"]]:
    """Where in the unit square to name each class: at the point with the most of its class and the fewest of others
    around it whose label, of this width and height, covers no other label, or the fewest.
    """
    inside = (points > sizes.max(0) / 2).all(1) & (points < 1 - sizes.max(0) / 2).all(1)
    places: dict[int, np.ndarray] = {}
    for label in np.unique(labels):
        own = points[labels == label]
        candidates = own[inside[labels == label]] if inside[labels == label].any() else own
        candidates = candidates[:: max(1, len(candidates) // CANDIDATES)]
        near = np.exp(-((candidates[:, None] - points[None]) ** 2).sum(2) / (2 * NEARBY**2))
        score = (near @ (labels == label)) ** 2 / (near.sum(1) + FEW)  # many of them, and most of what is there
        for other, place in places.items():
            covered = (np.abs(candidates - place) < (sizes[label] + sizes[other]) / 2).all(1)
            score -= covered * 2 * len(points)
        places[int(label)] = candidates[score.argmax()]
    return places
