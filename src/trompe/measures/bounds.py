"""Bounds on the likelihood of pictures.

All in nats per picture, with every constant. The noise of a picture's estimate is a function of the seed and the
picture's place in its set, so a figure does not depend on the batch size, and the same command gives it again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

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
"""A code number is alive if its KL, averaged over the pictures, is above this."""
LEVELS = 255
"""Steps between black and white, as pictures are stored."""


@dataclass(frozen=True)
class Likelihood:
    """Means over the pictures measured, in nats per picture.

    Attributes:
        elbo: the evidence lower bound, `-(reconstruction + kl)`.
        reconstruction: the distortion, minus the log-likelihood of a picture given a code of its posterior.
        kl: the rate, what the code itself costs.
        importance_bound: the importance-weighted bound with `codes` codes per picture.
        standard_error: of `importance_bound`, over pictures.
        bits_per_dimension: minus `importance_bound` in bits, a number of the picture. A density counts as even over
            each of the 256 levels.
        kl_per_number: the KL of each code number.
    """

    elbo: float
    reconstruction: float
    kl: float
    importance_bound: float
    standard_error: float
    bits_per_dimension: float
    kl_per_number: tuple[float, ...]
    pictures: int
    codes: int


@torch.inference_mode()
def likelihood(run: Run, data: ImageData, *, codes: int = 100, seed: int = 0, limit: int | None = None) -> Likelihood:
    """Measure a run's bounds on these pictures.

    Args:
        data: pictures in the run's size and colour; binarised as in training, by noise of the seed.
        codes: so many per picture in the importance-weighted bound (Burda et al. 2016, eq. 8).
        limit: measure the first so many pictures only.

    Raises:
        TrompeError: the run has no Gaussian posterior, or the pictures do not fit it.
    """
    count = min(limit or len(data), len(data))
    constant = run.model.likelihood.constant(math.prod(data.image_shape))
    rows = max(1, NUMBERS // math.prod(data.image_shape))
    bounds, reconstructions, kls = [], [], []
    with tracked(f"importance bound, {codes} codes a picture", count) as advance:
        for indices, noise, batch in measured_batches(run, data, count, max(1, rows // codes), codes, seed):
            posterior = gaussian_posterior(run.model, batch)
            drawn = posterior.sample(noise)
            parts = drawn.split(max(1, rows // len(indices)))
            fits = torch.cat([log_likelihood(run.model, batch, part) for part in parts]).double() - constant
            weights = fits + log_prior_ratio(posterior, drawn)
            bounds.append(weights.logsumexp(0) - math.log(codes))
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
        bits_per_dimension=bits_per_dimension(run, float(bound.mean())),
        kl_per_number=tuple(kl.mean(0).tolist()),
        pictures=count,
        codes=codes,
    )


def bits_per_dimension(run: Run, nats: float) -> float:
    """A log-likelihood of a picture in bits a number; a density's as the probability of a level, even over it."""
    bits = -nats / math.log(2) / math.prod(run.model.image_shape)
    return bits + math.log2(LEVELS) if run.model.likelihood.density else bits


def measured_batches(
    run: Run, data: ImageData, count: int, together: int, codes: int, seed: int
) -> Iterator[tuple[np.ndarray, Float[Tensor, "codes batch latent"], Batch]]:
    """The first `count` pictures as a likelihood is measured on, some at a time, with noise for their codes.

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
    batches = Batches(data, run.device, DataOptions(), labelled=run.model.num_classes > 0)
    binarised = run.record.recipe.data.binarise == "dynamic"
    for start in range(0, count, together):
        indices = np.arange(start, min(count, start + together))
        yield indices, *picture_noise(batches.gather(indices), indices, run.model.latent, codes, seed, binarised)


def picture_noise(
    batch: Batch, indices: np.ndarray, latent: int, codes: int, seed: int, binarised: bool
) -> tuple[Float[Tensor, "codes batch latent"], Batch]:
    """Each picture's own noise for its codes and, where the model is of binary pictures, for its grey levels."""
    noise = np.empty((codes, len(indices), latent), np.float32)
    images = batch.images
    if binarised:
        images = images.clone()
    for place, index in enumerate(indices):
        generator = numpy_generator(seed, Stream.MEASURE, int(index))
        if binarised:
            uniform = torch.from_numpy(generator.random(images.shape[1:], dtype=np.float32)).to(images.device)
            images[place] = (uniform < images[place]).float()
        noise[:, place] = generator.standard_normal((codes, latent), dtype=np.float32)
    return torch.from_numpy(noise).to(images.device), replace(batch, images=images)


def levels_of(run: Run) -> str:
    """What the likelihood is of: figures of unlike levels do not compare."""
    options = run.record.recipe
    if options.data.binarise == "dynamic":
        return "binarised, drawn once by the seed"
    return "grey levels as Bernoulli means" if options.family.likelihood == "bernoulli" else "grey levels"
