"""Latents varied by plan: one dimension at a time, or over a plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import ndtri
from sklearn.decomposition import PCA
from torch import Tensor

from ..data.samples import Samples
from ..display.grid import Images
from ..errors import TrompeError
from ..measures.latents import MEASURED, kl_per_dimension
from ..runs.predictor import Predictor
from .paths import noise_from_latents

REACH = 3.0
"""Of a traversal: standard deviations either way."""
ROWS, COLUMNS = 10, 11

Latent = Float[Tensor, " latent"]


def traversals(predictor: Predictor, data: Samples | None = None) -> Images:
    """One latent dimension swept in each row, the most active first, the others held: those of the first image, or,
    for a model without an encoder, those of one noise vector.

    The sweep is of three standard deviations either way: of the prior, or where there is none, of the data's latents.
    """
    model, latent = predictor.model, int(np.prod(predictor.model.latent_shape))
    middle, deviation, label = torch.zeros(latent), torch.ones(latent), 0
    if "encoder" not in model.networks or data is None:
        start = predictor.noise(1)[0].flatten()
        ends = decoded(predictor, swept(start, np.arange(latent), middle, deviation, 2))
        activity = (ends[1::2] - ends[::2]).abs().flatten(1).mean(1).numpy()
    else:
        data = data.take(slice(0, MEASURED))
        activity = kl_per_dimension(predictor, data)
        latents = predictor.encode(data).flatten(1)
        if model.prior is None:
            middle, deviation = latents.mean(0), latents.std(0)
        start = noise_from_latents(model, latents[:1])[0]
        label = 0 if data.labels is None else int(data.labels[0])
    order = np.argsort(-activity)[:ROWS]
    return decoded(predictor, swept(start, order, middle, deviation, COLUMNS), label)


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
    """`center + u * directions[0] + v * directions[1]`, with (u, v) standard normal: for the prior where the latent is
    two-dimensional and has one, for the data's latents otherwise.

    Attributes:
        exact: whether the plane is the whole latent space.
        variance: fraction of the latents' variance that lies in it.
    """

    center: Float[np.ndarray, " latent"]
    directions: Float[np.ndarray, "two latent"]
    exact: bool
    variance: float

    @staticmethod
    def of(latents: Float[np.ndarray, "count latent"], prior: bool = True) -> Plane:
        """The plane of these latents.

        Args:
            prior: whether they have one; else a plane of two dimensions follows the latents' own range.
        """
        dimensions = latents.shape[1]
        if dimensions <= 2:
            center, scale = np.zeros(dimensions), np.ones(dimensions)
            if not prior:
                center, scale = latents.mean(0), np.maximum(latents.std(0), 1e-12)
            return Plane(center, np.eye(2, dimensions) * scale, True, 1.0)
        if len(latents) < 3:
            short = f"{len(latents)} images do not span a plane of latents"
            raise TrompeError(short, hint="draw the map with more images (`--data`)")
        analysis = PCA(2, random_state=0).fit(latents)
        deviations = np.sqrt(analysis.explained_variance_)[:, None]
        variance = float(analysis.explained_variance_ratio_.sum())
        return Plane(analysis.mean_, analysis.components_ * deviations, False, variance)

    def coordinates(self, latents: Float[np.ndarray, "count latent"]) -> Float[np.ndarray, "count two"]:
        """Where latents lie on the plane, projected orthogonally."""
        lengths = np.maximum((self.directions**2).sum(1), 1e-12)
        return (latents - self.center) @ self.directions.T / lengths

    def latents(self, coordinates: Float[np.ndarray, "count two"]) -> Float[np.ndarray, "count latent"]:
        return self.center + coordinates @ self.directions

    def names(self) -> tuple[str, str]:
        """What the axes are."""
        if self.exact:
            return "z1", "z2"
        return f"first principal direction (with the second {self.variance:.0%} of the variance)", "second"


def manifold(predictor: Predictor, plane: Plane, grid: int) -> Images:
    """The plane decoded at the centers of a grid of equal probabilities under the normal distribution, row by row; its
    second coordinate grows upwards.
    """
    quantiles = ndtri((np.arange(grid) + 0.5) / grid)
    across, up = np.meshgrid(quantiles, quantiles[::-1])
    noise = plane.latents(np.stack([across.ravel(), up.ravel()], axis=1))
    return decoded(predictor, torch.from_numpy(noise).float())
