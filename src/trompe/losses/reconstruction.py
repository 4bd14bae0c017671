"""Losses of reconstructions: per sample, in nats where the likelihood is."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..core.distributions import DiagonalGaussian, Point
from ..core.model import Images, Latents, Model
from ..data.batches import Batch
from ..data.transforms import corrupted
from ..options.names import CorruptionName


def sampled(posterior: DiagonalGaussian | Point, batch: Batch) -> Latents:
    """A latent of each posterior, with the batch's noise."""
    if isinstance(posterior, Point):
        return posterior.mean
    return posterior.sample(batch.normal(*posterior.mean.shape[1:]))


def reconstruction(model: Model, batch: Batch) -> dict[str, Tensor]:
    """The negative log-likelihood of each image given its latent: the only term of an autoencoder."""
    latents = sampled(model.posterior(batch.images, batch.condition), batch)
    return {"reconstruction": model.likelihood.nll(model.decoder_parameters(latents, batch.condition), batch.images)}


def denoising(
    model: Model, batch: Batch, corruption: CorruptionName, level: float, emphasis: tuple[float, float] = (1, 1)
) -> dict[str, Tensor]:
    """The negative log-likelihood of each clean image given the latent of a corrupted copy (Vincent et al. 2010, eq.
    6), with their `emphasis` on corrupted and clean values (section 3.4).
    """
    noisy, mask = corrupted(batch.images, corruption, level, batch)
    latents = sampled(model.posterior(noisy, batch.condition), batch)
    error = model.likelihood.elementwise_nll(model.decoder_parameters(latents, batch.condition), batch.images)
    return {"reconstruction": emphasized(error, mask, emphasis).flatten(1).sum(1)}


def emphasized(
    error: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"], emphasis: tuple[float, float]
) -> Float[Tensor, "*shape"]:
    """The error of each value, weighted by `emphasis[0]` where it was corrupted and by `emphasis[1]` elsewhere."""
    return error if emphasis == (1, 1) else error * torch.where(mask, *emphasis)


def feature_distance(model: Model, images: Images, others: Images) -> Float[Tensor, " batch"]:
    """Minus the log-density of the discriminator's features of `images` under a unit Gaussian around those of `others`
    (Larsen et al. 2016, eq. 7, 8), in nats up to a constant.
    """
    features = model.network("discriminator").features
    difference = features(others).float() - features(images).float()
    return 0.5 * difference.square().sum(1)
