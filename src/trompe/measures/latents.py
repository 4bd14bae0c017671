"""What latents carry: how much they tell of the image, by how many numbers, and whether classes lie apart."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from ..condition import Condition
from ..core.distributions import LOG_TWO_PI, DiagonalGaussian
from ..core.model import Model
from ..data.samples import Samples
from ..losses.elbo import gaussian_posterior
from ..runs.predictor import Predictor
from .bounds import levels_of, measured_batches
from .table import Measured, Subject, measure

ACTIVE_VARIANCE = 0.01
"""Burda et al.'s threshold."""
ACTIVE_NATS = 0.01
"""A latent dimension is active if its KL, averaged over images, is above this."""
SEPARATED = 10_000
"""The silhouette compares all pairs, so no more images than these."""
MEASURED = 2000
ROWS = 500
NEIGHBORS = 5
FOLDS = 10


def latent_content(predictor: Predictor, data: Samples, *, seed: int = 0) -> dict[str, float]:
    """What the latents of a run with a Gaussian posterior tell of images, by one latent of each.

    Returns:
        By name:

        - `mutual_information`: in nats, between image and latent where the images measured are all there are; it cannot
          exceed the logarithm of their number.
        - `marginal_kl`: in nats, of the mean posterior from the prior: with `mutual_information` the whole rate
          (Hoffman & Johnson 2016).
        - `active_units`: latent dimensions whose posterior mean varies over images by more than 0.01 (Burda et al.
          2016).
    """
    with torch.inference_mode():
        batches = measured_batches(predictor, data, len(data), ROWS, 1, seed)
        found = [(gaussian_posterior(predictor.model, batch), noise[0]) for _, noise, batch in batches]
    parts = zip(*((one.mean, one.log_variance, noise) for one, noise in found), strict=True)
    mean, log_variance, noise = (torch.cat(part).double().cpu() for part in parts)
    posterior = DiagonalGaussian(mean, log_variance)
    information = mutual_information(posterior, posterior.sample(noise))
    return {
        "mutual_information": information,
        "marginal_kl": float(posterior.kl().sum(1).mean()) - information,
        "active_units": int((mean.var(0) > ACTIVE_VARIANCE).sum()),
    }


def mutual_information(posterior: DiagonalGaussian, latents: Float[Tensor, "count latent"]) -> float:
    """The mean of `log q(z | x) - log q(z)` over one latent of each image, `q(z)` the mean of all their posteriors."""
    precision = (-posterior.log_variance).exp()
    weighted = posterior.mean * precision
    constants = -0.5 * (posterior.mean * weighted + posterior.log_variance + LOG_TWO_PI).sum(1)
    marginal = torch.cat(
        [
            (part @ weighted.T - 0.5 * part.square() @ precision.T + constants).logsumexp(1) - math.log(len(latents))
            for part in latents.split(ROWS)
        ]
    )
    return float((posterior.log_density(latents) - marginal).mean())


def separation(latents: Float[np.ndarray, "count latent"], labels: Int[np.ndarray, " count"]) -> dict[str, float]:
    """How far classes lie apart, of ten latents or more, in two dimensions or more: by the `silhouette`, from -1 to 1,
    above 0 where images are nearer to their own class than to the next (Rousseeuw 1987), and the `neighbor_error`, the
    share of images whose five nearest, among nine tenths of the others, vote for another class.
    """
    voted = cross_val_predict(KNeighborsClassifier(NEIGHBORS), latents, labels, cv=FOLDS)
    return {"silhouette": float(silhouette_score(latents, labels)), "neighbor_error": float((voted != labels).mean())}


def kl_of(model: Model, images: Tensor, condition: Condition) -> Float[Tensor, "batch latent"]:
    posterior = model.posterior(images, condition)
    assert isinstance(posterior, DiagonalGaussian)
    return posterior.kl().flatten(1)


def kl_per_dimension(predictor: Predictor, data: Samples) -> Float[np.ndarray, " latent"]:
    """Mean KL of each latent dimension over the first images, in nats; for a point posterior the variance of the
    latents, which is what there is to tell the dimensions apart.
    """
    data = data.take(slice(0, MEASURED))
    if predictor.model.posterior_kind == "point":
        return predictor.encode(data).flatten(1).var(0, correction=0).numpy()
    return predictor.apply(kl_of, data).double().mean(0).numpy()


@measure(
    "latents",
    "mutual information of latent and image, active units",
    ("gaussian posterior", "images of the data"),
    {
        "mutual_information": "of image and latent, in nats",
        "marginal_kl": "of the aggregate posterior from the prior, in nats",
        "active_units": "latent dimensions whose posterior mean varies with the image",
    },
    default=True,
    fewest=2,
)
def latents(subject: Subject) -> Measured:
    content = latent_content(subject.model, subject.test, seed=subject.seed)
    return Measured(content, {"levels": levels_of(subject.model)})


@measure(
    "class-separation",
    "how far classes lie apart in the latent space",
    ("encoder", "images of the data", "labels", "classes apart"),
    {
        "silhouette": "of the classes among the latents, from -1 to 1",
        "neighbor_error": "fraction of latents whose five nearest neighbors are of another class",
    },
)
def class_separation(subject: Subject) -> Measured:
    test = subject.test.take(slice(0, SEPARATED))
    assert test.labels is not None
    found = separation(subject.model.encode(test).flatten(1).numpy(), test.labels)
    return Measured(found, {"separated": len(test)})
