"""Bounds on the likelihood of pictures, and what a model's codes carry.

All in nats per picture, with every constant. The noise of a picture's estimate is a function of the seed and the
picture's place in its set, so a figure does not depend on the batch size, and the same command gives it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import Batch, Batches
from ..errors import TrompeError
from ..losses import gaussian_posterior, log_likelihood, log_prior_ratio
from ..options import DataOptions
from ..progress import tracked
from ..rng import Stream, numpy_generator
from ..run import Run

NUMBERS = 3_000_000
"""Grey levels decoded at a time."""
ACTIVE_NATS = 0.01
"""A code number is alive if its KL, averaged over the pictures, is above this (Burda et al. 2016 use the same
threshold on the variance of its mean)."""


@dataclass(frozen=True)
class Likelihood:
    """Means over the pictures measured, in nats per picture.

    Attributes:
        elbo: the evidence lower bound, `-(reconstruction + kl)`.
        importance_bound: the importance-weighted bound with `samples` codes per picture.
        standard_error: of `importance_bound`, over pictures.
        kl_per_number: the KL of each code number.
    """

    elbo: float
    reconstruction: float
    kl: float
    importance_bound: float
    standard_error: float
    kl_per_number: tuple[float, ...]
    pictures: int
    samples: int

    @property
    def active(self) -> int:
        """How many code numbers are alive."""
        return sum(kl > ACTIVE_NATS for kl in self.kl_per_number)


@torch.inference_mode()
def likelihood(run: Run, data: ImageData, *, samples: int = 100, seed: int = 0, limit: int | None = None) -> Likelihood:
    """Measure a run's bounds on these pictures.

    Args:
        data: pictures in the run's size and colour; binarised as in training, by noise of the seed.
        samples: codes per picture of the importance-weighted bound (Burda et al. 2016, eq. 8).
        limit: measure the first so many pictures only.

    Raises:
        TrompeError: the run has no Gaussian posterior, or the pictures do not fit it.
    """
    if run.model.posterior_kind != "gaussian":
        raise TrompeError(
            f"the run in `{run.folder}` has no Gaussian posterior, and so no bound on the likelihood",
            hint="measure a VAE, or look at an autoencoder's reconstructions",
        )
    if data.image_shape != run.record.data.image_shape:
        raise TrompeError(
            f"pictures of shape {data.image_shape} for a model of {run.record.data.image_shape}",
            hint="load them with `run.data(...)`",
        )
    count = min(limit or len(data), len(data))
    batches = Batches(data, run.device, DataOptions(), labelled=run.model.num_classes > 0)
    binarised = run.record.recipe.data.binarise == "dynamic"
    constant = run.model.likelihood.constant(math.prod(data.image_shape))
    rows = max(1, NUMBERS // math.prod(data.image_shape))
    together = max(1, rows // samples)
    bounds, reconstructions, kls = [], [], []
    with tracked(f"importance bound, {samples} codes a picture", count) as advance:
        for start in range(0, count, together):
            indices = np.arange(start, min(count, start + together))
            noise, batch = picture_noise(batches.gather(indices), indices, run.model.latent, samples, seed, binarised)
            posterior = gaussian_posterior(run.model, batch)
            codes = posterior.sample(noise)
            fits = (
                torch.cat(
                    [log_likelihood(run.model, batch, part) for part in codes.split(max(1, rows // len(indices)))]
                ).double()
                - constant
            )
            weights = fits + log_prior_ratio(posterior, codes)
            bounds.append(weights.logsumexp(0) - math.log(samples))
            reconstructions.append(-fits.mean(0))
            kls.append(posterior.kl().double())
            advance(len(indices))
    bound, reconstruction, kl = torch.cat(bounds), torch.cat(reconstructions), torch.cat(kls)
    return Likelihood(
        elbo=-float(reconstruction.mean() + kl.sum(1).mean()),
        reconstruction=float(reconstruction.mean()),
        kl=float(kl.sum(1).mean()),
        importance_bound=float(bound.mean()),
        standard_error=float(bound.std() / math.sqrt(count)) if count > 1 else math.nan,
        kl_per_number=tuple(kl.mean(0).tolist()),
        pictures=count,
        samples=samples,
    )


def picture_noise(
    batch: Batch, indices: np.ndarray, latent: int, samples: int, seed: int, binarised: bool
) -> tuple[Float[Tensor, "samples batch latent"], Batch]:
    """Each picture's own noise for its codes and, where the model is of binary pictures, for its grey levels."""
    noise = np.empty((samples, len(indices), latent), np.float32)
    images = batch.images
    if binarised:
        images = images.clone()
    for place, index in enumerate(indices):
        generator = numpy_generator(seed, Stream.MEASURE, int(index))
        if binarised:
            uniform = torch.from_numpy(generator.random(images.shape[1:], dtype=np.float32)).to(images.device)
            images[place] = (uniform < images[place]).float()
        noise[:, place] = generator.standard_normal((samples, latent), dtype=np.float32)
    return torch.from_numpy(noise).to(images.device), replace(batch, images=images)


def protocol(run: Run, data: ImageData, measured: Likelihood, seed: int) -> dict[str, Any]:
    """What must be equal for two figures to be compared."""
    options = run.record.recipe
    levels = {"dynamic": "binarised, drawn once by the seed", "no": "grey levels"}[options.data.binarise]
    if options.data.binarise == "no" and options.family.likelihood == "bernoulli":
        levels += " as Bernoulli means"
    return {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "pictures": measured.pictures,
        "levels": levels,
        "likelihood": options.family.likelihood,
        "samples": measured.samples,
        "seed": seed,
        "unit": "nats per picture",
    }
