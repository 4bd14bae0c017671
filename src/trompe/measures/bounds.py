"""Bounds on the log-likelihood of images.

All in nats per image, with every constant. The noise of an image's estimate is a function of the seed and the image's
place in its set, so a value does not depend on the batch size, and the same command gives it again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.batches import Batch, Batches
from ..data.samples import BYTES, Samples
from ..errors import TrompeError
from ..losses.elbo import gaussian_posterior, iwae_bound, log_likelihood, log_prior_ratio
from ..options.data import DataOptions
from ..rng import Stream, numpy_generator
from ..runs.capabilities import no_gaussian_posterior
from ..runs.predictor import Predictor
from ..terminal import tracked
from .table import Measured, Subject, measure

VALUES = 3_000_000
"""Values decoded at a time."""
LEVELS = 255
"""Steps between black and white, as images are stored."""


@dataclass(frozen=True)
class Likelihood:
    """Means over the images measured, in nats per image.

    Attributes:
        elbo: the evidence lower bound, `-(reconstruction + kl)`.
        reconstruction: the distortion, the negative log-likelihood of an image given a latent of its posterior.
        kl: the rate, the KL divergence of the posterior from the prior.
        iwae_bound: the importance-weighted bound with K importance samples per image.
        iwae_standard_error: of `iwae_bound`, over images.
        bits_per_dimension: minus `iwae_bound` in bits per value. A density counts as even over each of the 256 levels,
            or on the [0, 1] scale where samples are floats.
        kl_per_dimension: the KL of each latent dimension.
    """

    elbo: float
    reconstruction: float
    kl: float
    iwae_bound: float
    iwae_standard_error: float
    bits_per_dimension: float
    kl_per_dimension: tuple[float, ...]
    images: int
    importance_samples: int


@torch.no_grad()
def likelihood(
    predictor: Predictor, data: Samples, *, importance_samples: int = 100, seed: int = 0, limit: int | None = None
) -> Likelihood:
    """Measure a model's bounds on these images.

    Args:
        data: images in the model's size and color; binarized as in training, by noise of the seed.
        importance_samples: per image (K), of the importance-weighted bound (Burda et al. 2016, eq. 8).
        limit: measure on this many images at most.

    Raises:
        TrompeError: the model has no Gaussian posterior, or the images do not fit it.
    """
    model = predictor.model
    count = min(limit or len(data), len(data))
    constant = model.likelihood.constant(math.prod(data.image_shape))
    rows = max(1, VALUES // math.prod(data.image_shape))
    together = max(1, rows // importance_samples)
    bounds, reconstructions, kls = [], [], []
    with tracked(f"IWAE bound, {importance_samples} importance samples per image", count) as advance:
        for indices, noise, batch in measured_batches(predictor, data, count, together, importance_samples, seed):
            posterior = gaussian_posterior(model, batch)
            latents = posterior.sample(noise)
            parts = latents.split(max(1, rows // len(indices)))
            fits = torch.cat([log_likelihood(model, batch, part) for part in parts]).double() - constant
            bounds.append(iwae_bound(fits + log_prior_ratio(posterior, latents)))
            reconstructions.append(-fits.mean(0))
            kls.append(posterior.kl().double().flatten(1))
            advance(len(indices))
    bound, reconstruction, kl = torch.cat(bounds), torch.cat(reconstructions), torch.cat(kls)
    return Likelihood(
        elbo=-float(reconstruction.mean() + kl.sum(1).mean()),
        reconstruction=float(reconstruction.mean()),
        kl=float(kl.sum(1).mean()),
        iwae_bound=float(bound.mean()),
        iwae_standard_error=float(bound.std() / math.sqrt(count)) if count > 1 else math.nan,
        bits_per_dimension=bits_per_dimension(predictor, float(bound.mean())),
        kl_per_dimension=tuple(kl.mean(0).tolist()),
        images=count,
        importance_samples=importance_samples,
    )


def bits_per_dimension(predictor: Predictor, nats: float) -> float:
    """A log-likelihood of an image in bits per value; a density's of stored levels as the probability of a level, even
    over it.
    """
    bits = -nats / math.log(2) / math.prod(predictor.model.image_shape)
    leveled = predictor.model.likelihood.density and predictor.format.value_range == BYTES
    return bits + math.log2(LEVELS) if leveled else bits


def measured_batches(
    predictor: Predictor, data: Samples, count: int, together: int, importance_samples: int, seed: int
) -> Iterator[tuple[np.ndarray, Float[Tensor, "samples batch *latent"], Batch]]:
    """The first `count` images as a likelihood is measured on, some at a time, with noise for their latents: each
    image has its own, and where the model is of binary images, its own for its pixels.

    Raises:
        TrompeError: the model has no Gaussian posterior, or the images do not fit it.
    """
    if reason := no_gaussian_posterior(predictor):
        raise TrompeError(
            f"{reason}, and so no bound on the log-likelihood",
            hint="measure a VAE, or look at an autoencoder's reconstructions",
        )
    if data.image_shape != predictor.model.image_shape:
        raise TrompeError(
            f"images of shape {data.image_shape} for a model of {predictor.model.image_shape}",
            hint="load them with `run.data(...)`",
        )
    batches = Batches(data, predictor.device, DataOptions())
    binarized = predictor.recipe.data.binarize == "dynamic"
    shape = (importance_samples, *predictor.model.latent_shape)
    for start in range(0, count, together):
        indices = np.arange(start, min(count, start + together))
        batch, noise = batches.gather(indices), []
        images = batch.images.clone() if binarized else batch.images
        for place, index in enumerate(indices):
            generator = numpy_generator(seed, Stream.MEASURE, int(index))
            if binarized:
                uniform = torch.from_numpy(generator.random(images.shape[1:], dtype=np.float32)).to(images.device)
                images[place] = (uniform < images[place]).float()
            noise.append(generator.standard_normal(shape, dtype=np.float32))
        yield indices, torch.from_numpy(np.stack(noise, 1)).to(images.device), replace(batch, images=images)


def levels_of(predictor: Predictor) -> str:
    """What the likelihood is of: values of unlike levels do not compare."""
    if predictor.recipe.data.binarize == "dynamic":
        return "binarized, drawn once by the seed"
    return "gray levels as Bernoulli means" if predictor.recipe.family.likelihood == "bernoulli" else "gray levels"


def likelihood_protocol(predictor: Predictor) -> dict[str, Any]:
    return {
        "levels": levels_of(predictor),
        "likelihood": predictor.recipe.family.likelihood,
        "unit": "nats per image",
    }


@measure(
    "likelihood",
    "ELBO with its two terms, IWAE bound, bits per dimension",
    ("bound", "images of the data"),
    {
        "elbo": "evidence lower bound; higher is better; minus the next two",
        "reconstruction": "distortion: negative log-likelihood of an image given its latent",
        "kl": "rate: KL divergence of the posterior from the prior",
        "iwae_bound": "importance-weighted bound, tighter than the ELBO; higher is better",
        "iwae_standard_error": "standard error of the IWAE bound, over images",
        "bits_per_dimension": "minus the IWAE bound, in bits per value; lower is better",
    },
    default=True,
)
def bounds(subject: Subject) -> Measured:
    samples = subject.importance_samples
    found = likelihood(subject.model, subject.test, importance_samples=samples, seed=subject.seed)
    protocol = likelihood_protocol(subject.model) | {"importance_samples": samples}
    return Measured(asdict(found), protocol)
