"""What codes carry: how much they tell of the picture, by how many numbers, and whether classes lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from ..data.arrays import ImageData
from ..distributions import LOG_TWO_PI, DiagonalGaussian
from ..losses import gaussian_posterior
from ..run import Run
from .bounds import measured_batches

ACTIVE_VARIANCE = 0.01
"""Burda et al.'s threshold."""
ROWS = 500
NEIGHBOURS = 5
FOLDS = 10


@dataclass(frozen=True)
class CodeContent:
    """What codes tell of the pictures measured, in nats.

    Attributes:
        mutual_information: between picture and code where the pictures measured are all there are; it cannot exceed
            the logarithm of their number.
        marginal_kl: of the mean posterior from the prior: with `mutual_information` the whole rate (Hoffman & Johnson
            2016).
        active_units: code numbers whose posterior mean varies over pictures by more than 0.01 (Burda et al. 2016).
    """

    mutual_information: float
    marginal_kl: float
    active_units: int


def code_content(run: Run, data: ImageData, *, seed: int = 0) -> CodeContent:
    """Measure the codes of a run with a Gaussian posterior, by one code of each picture."""
    with torch.inference_mode():
        batches = measured_batches(run, data, len(data), ROWS, 1, seed)
        parts = [(gaussian_posterior(run.model, batch), noise[0]) for _, noise, batch in batches]
    mean = torch.cat([one.mean for one, _ in parts]).double().cpu()
    log_variance = torch.cat([one.log_variance for one, _ in parts]).double().cpu()
    noise = torch.cat([one for _, one in parts]).double().cpu()
    posterior = DiagonalGaussian(mean, log_variance)
    information = mutual_information(posterior, posterior.sample(noise))
    return CodeContent(
        mutual_information=information,
        marginal_kl=float(posterior.kl().sum(1).mean()) - information,
        active_units=int((mean.var(0) > ACTIVE_VARIANCE).sum()),
    )


def mutual_information(posterior: DiagonalGaussian, codes: Float[Tensor, "count latent"]) -> float:
    """The mean of `log q(z | x) - log q(z)` over one code of each picture, `q(z)` the mean of all their posteriors."""
    precision = (-posterior.log_variance).exp()
    weighted = posterior.mean * precision
    constants = -0.5 * (posterior.mean * weighted + posterior.log_variance + LOG_TWO_PI).sum(1)
    marginal = torch.cat(
        [
            (part @ weighted.T - 0.5 * part.square() @ precision.T + constants).logsumexp(1) - math.log(len(codes))
            for part in codes.split(ROWS)
        ]
    )
    return float((posterior.log_density(codes) - marginal).mean())


@dataclass(frozen=True)
class Separation:
    """How far classes lie apart among codes.

    Attributes:
        silhouette: from -1 to 1; above 0 where pictures are nearer to their own class than to the next (Rousseeuw
            1987).
        neighbour_error: the share of pictures whose five nearest, among nine tenths of the others, vote for another
            class.
    """

    silhouette: float
    neighbour_error: float


def separation(codes: Float[np.ndarray, "count latent"], labels: Int[np.ndarray, " count"]) -> Separation:
    """Measure a map, of two numbers or more, by the classes of its points, ten of each at least."""
    voted = cross_val_predict(KNeighborsClassifier(NEIGHBOURS), codes, labels, cv=FOLDS)
    return Separation(float(silhouette_score(codes, labels)), float((voted != labels).mean()))
