"""Losses: pure functions that return named, already weighted terms per picture, in nats, each of shape `(batch,)`.

They are written for any number of spatial dimensions, and reduced once, by the loop.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .data.batches import Batch
from .data.corruption import corrupt
from .distributions import DiagonalGaussian, unit_gaussian_log_density
from .model import Model
from .names import CorruptionName


def reconstruction(model: Model, batch: Batch) -> dict[str, Tensor]:
    """The likelihood of each picture given its code: an autoencoder's only term."""
    codes = model.posterior(batch.images, batch.labels).sample()
    return {"reconstruction": model.likelihood.negative_log(model.parameters_of(codes, batch.labels), batch.images)}


def denoising(
    model: Model, batch: Batch, corruption: CorruptionName, level: float, emphasis: tuple[float, float] = (1, 1)
) -> dict[str, Tensor]:
    """The likelihood of each clean picture given the code of a corrupted copy (Vincent et al. 2010, eq. 6), with their
    `emphasis` on the numbers that were hit and on the others (section 3.4).
    """
    corrupted, hit = corrupt(batch.images, corruption, level)
    codes = model.posterior(corrupted, batch.labels).sample()
    error = model.likelihood.per_number(model.parameters_of(codes, batch.labels), batch.images)
    return {"reconstruction": emphasised(error, hit, emphasis).flatten(1).sum(1)}


def emphasised(
    error: Float[Tensor, "*shape"], hit: Bool[Tensor, "*shape"], emphasis: tuple[float, float]
) -> Float[Tensor, "*shape"]:
    """The error of each number, by one weight where the number was hit and by another elsewhere."""
    return error if emphasis == (1, 1) else error * torch.where(hit, *emphasis)


def negative_elbo(model: Model, batch: Batch, *, beta: float = 1.0, free_bits: float = 0.0) -> dict[str, Tensor]:
    """Minus the evidence lower bound with one code per picture (Kingma & Welling 2014, eq. 7), its KL weighted by
    `beta` (Higgins et al. 2017) and with `free_bits` nats per code number free of charge.
    """
    posterior = gaussian_posterior(model, batch)
    parameters = model.parameters_of(posterior.sample(), batch.labels)
    return {
        "reconstruction": model.likelihood.negative_log(parameters, batch.images),
        "kl": beta * charged(posterior.kl(), free_bits),
    }


def charged(kl: Float[Tensor, "batch latent"], free_bits: float) -> Float[Tensor, " batch"]:
    """The KL that counts: a code number whose mean KL over the batch is under `free_bits` nats costs just that much
    and has no gradient (Kingma et al. 2016, eq. 15). The mean over the batch is the sum over code numbers of
    `max(free_bits, mean KL)`.
    """
    if free_bits == 0:
        return kl.sum(1)
    return torch.where(kl.mean(0) > free_bits, kl, free_bits).sum(1)


def negative_importance_bound(model: Model, batch: Batch, *, samples: int) -> dict[str, Tensor]:
    """Minus the importance-weighted bound with `samples` codes per picture (Burda et al. 2016, eq. 8)."""
    posterior = gaussian_posterior(model, batch)
    noise = torch.randn(samples, *posterior.mean.shape, device=posterior.mean.device)
    codes = posterior.sample(noise)
    weights = log_likelihood(model, batch, codes) + log_prior_ratio(posterior, codes)
    return {"importance_bound": math.log(samples) - torch.logsumexp(weights, 0)}


def log_likelihood(
    model: Model, batch: Batch, codes: Float[Tensor, "samples batch latent"]
) -> Float[Tensor, "samples batch"]:
    """`log p(x | z)` of each picture for each of its codes."""
    samples, size = codes.shape[:2]
    images = batch.images.expand(samples, *batch.images.shape).flatten(0, 1)
    labels = None if batch.labels is None else batch.labels.repeat(samples)
    parameters = model.parameters_of(codes.flatten(0, 1), labels)
    return -model.likelihood.negative_log(parameters, images).unflatten(0, (samples, size))


def log_prior_ratio(
    posterior: DiagonalGaussian, codes: Float[Tensor, "samples batch latent"]
) -> Float[Tensor, "samples batch"]:
    """`log p(z) - log q(z | x)` of each code."""
    return unit_gaussian_log_density(codes) - posterior.log_density(codes)


def gaussian_posterior(model: Model, batch: Batch) -> DiagonalGaussian:
    posterior = model.posterior(batch.images, batch.labels)
    assert isinstance(posterior, DiagonalGaussian), "this loss needs a Gaussian posterior"
    return posterior
