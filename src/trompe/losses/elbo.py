"""Bounds on the log-likelihood, as losses: named, already weighted terms per sample, in nats."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ..core.distributions import DiagonalGaussian, standard_normal_log_density
from ..core.model import Model
from ..data.batches import Batch
from .reconstruction import sampled


def negative_elbo(model: Model, batch: Batch, *, beta: float = 1.0, free_bits: float = 0.0) -> dict[str, Tensor]:
    """Minus the evidence lower bound with one latent per image (Kingma & Welling 2014, eq. 7), its KL weighted by
    `beta` (Higgins et al. 2017), with `free_bits` nats per latent dimension.
    """
    posterior = gaussian_posterior(model, batch)
    parameters = model.decoder_parameters(sampled(posterior, batch), batch.condition)
    return {
        "reconstruction": model.likelihood.nll(parameters, batch.images),
        "kl": beta * free_bits_kl(posterior.kl(), free_bits, batch),
    }


def free_bits_kl(kl: Float[Tensor, "batch *latent"], free_bits: float, batch: Batch) -> Float[Tensor, " batch"]:
    """The KL with free bits: a latent dimension whose mean KL over the global batch is under `free_bits` nats counts as
    `free_bits` and has no gradient (Kingma et al. 2016, eq. 15). The mean over the batch is the sum over dimensions of
    `max(free_bits, mean KL)`.
    """
    if free_bits:
        kl = torch.where(batch.mean(kl) > free_bits, kl, free_bits)
    return kl.flatten(1).sum(1)


def negative_iwae_bound(model: Model, batch: Batch, *, importance_samples: int) -> dict[str, Tensor]:
    """Minus the importance-weighted bound with K latents per image (Burda et al. 2016, eq. 8)."""
    noise = batch.normal(importance_samples, *model.latent_shape).movedim(1, 0)
    return {"iwae_bound": -iwae_bound(log_weights(model, batch, noise))}


def log_weights(
    model: Model, batch: Batch, noise: Float[Tensor, "samples #batch *latent"]
) -> Float[Tensor, "samples batch"]:
    """`log p(x, z) - log q(z | x)` of latents of each image's posterior, sampled with this noise."""
    posterior = gaussian_posterior(model, batch)
    latents = posterior.sample(noise)
    return log_likelihood(model, batch, latents) + log_prior_ratio(posterior, latents)


def iwae_bound(weights: Float[Tensor, "samples batch"]) -> Float[Tensor, " batch"]:
    """The importance-weighted bound from its `log_weights`."""
    return weights.logsumexp(0) - math.log(len(weights))


def log_likelihood(
    model: Model, batch: Batch, latents: Float[Tensor, "samples batch *latent"]
) -> Float[Tensor, "samples batch"]:
    """`log p(x | z)` of each image for each of its latents."""
    samples, size = latents.shape[:2]
    images = batch.images.expand(samples, *batch.images.shape).flatten(0, 1)
    parameters = model.decoder_parameters(latents.flatten(0, 1), batch.condition.repeat(samples))
    return -model.likelihood.nll(parameters, images).unflatten(0, (samples, size))


def log_prior_ratio(
    posterior: DiagonalGaussian, latents: Float[Tensor, "samples batch *latent"]
) -> Float[Tensor, "samples batch"]:
    """`log p(z) - log q(z | x)` of each latent."""
    return standard_normal_log_density(latents, latents.ndim - 2) - posterior.log_density(latents)


def gaussian_posterior(model: Model, batch: Batch) -> DiagonalGaussian:
    """The posterior of each image, of a model whose posteriors are Gaussian."""
    posterior = model.posterior(batch.images, batch.condition)
    assert isinstance(posterior, DiagonalGaussian), "this loss needs a Gaussian posterior"
    return posterior
