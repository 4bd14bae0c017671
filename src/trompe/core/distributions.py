"""Posteriors over latents and likelihoods of images, as values.

Everything is per image and in nats. Images are float in [0, 1]; a decoder gives a likelihood's *parameters*, raw,
of shape `(batch, channels * parameters_per_value, *spatial)`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..options.names import LikelihoodName

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """An independent Gaussian per latent dimension."""

    mean: Float[Tensor, "batch *latent"]
    log_variance: Float[Tensor, "batch *latent"]

    @staticmethod
    def from_parameters(parameters: Float[Tensor, "batch two_latent *rest"]) -> DiagonalGaussian:
        """From an encoder's output. The log-variance is kept within +-15, far outside anything a trained posterior
        uses, so that one outlier cannot overflow the exponential.
        """
        mean, log_variance = parameters.chunk(2, dim=1)
        return DiagonalGaussian(mean, log_variance.clamp(-15, 15))

    def sample(self, noise: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Reparameterized: `mean + exp(log_variance / 2) * noise` (Kingma & Welling 2014, eq. 10)."""
        return self.mean + (0.5 * self.log_variance).exp() * noise

    def kl(self) -> Float[Tensor, "batch *latent"]:
        """Kullback-Leibler divergence from the standard normal prior, per latent dimension (appendix B there)."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance)

    def log_density(self, latents: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The log-density of latents `(*samples, batch, *latent)`, of shape `(*samples, batch)`."""
        scaled = (latents - self.mean).square() * (-self.log_variance).exp()
        return summed(-0.5 * (scaled + self.log_variance + LOG_TWO_PI), self.mean.ndim - 1)


@dataclass(frozen=True)
class Point:
    """A latent without uncertainty: all mass at `mean`."""

    mean: Float[Tensor, "batch *latent"]


def standard_normal_log_density(latents: Float[Tensor, "..."], axes: int = 1) -> Float[Tensor, "..."]:
    """The log-density of each latent, which spans the last `axes` axes, under the standard normal prior."""
    return summed(-0.5 * (latents.square() + LOG_TWO_PI), axes)


def summed(x: Float[Tensor, "..."], axes: int) -> Float[Tensor, "..."]:
    """The sum over the last `axes` axes."""
    return x.sum(tuple(range(-axes, 0)))


class Likelihood(ABC):
    """The distribution of an image given a decoder's parameters."""

    parameters_per_value = 1
    density = False
    """Whether it is a density of continuous values, not a probability."""

    @abstractmethod
    def mean(self, parameters: Tensor) -> Tensor:
        """The mean image, of shape `(batch, channels, *spatial)`."""

    @abstractmethod
    def elementwise_nll(self, parameters: Tensor, images: Tensor) -> Tensor:
        """The negative log-likelihood of each value of each image."""

    def nll(self, parameters: Tensor, images: Tensor) -> Float[Tensor, " batch"]:
        """The negative log-likelihood of each image."""
        return self.elementwise_nll(parameters, images).flatten(1).sum(1)

    def constant(self, dimensions: int) -> float:
        """The constant that `nll` leaves out, in nats, for an image of this many values."""
        return 0.0


@dataclass(frozen=True)
class SquaredError(Likelihood):
    """Sum of squared errors: a Gaussian of variance 1/2, without its constant `dimensions / 2 * log(pi)`. A linear mean
    may leave [0, 1]: with it PCA is the best that two linear networks can do.
    """

    linear: bool = False
    density = True

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters if self.linear else parameters.sigmoid()

    def elementwise_nll(self, parameters: Tensor, images: Tensor) -> Tensor:
        return (images - self.mean(parameters)).square()

    def constant(self, dimensions: int) -> float:
        return 0.5 * dimensions * math.log(math.pi)


class Bernoulli(Likelihood):
    """Each value an independent Bernoulli variable. Gray levels may stand for its mean: then this is the
    cross-entropy, the usual protocol for gray MNIST; binary images make it a true likelihood.
    """

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.sigmoid()

    def elementwise_nll(self, parameters: Tensor, images: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(parameters, images, reduction="none")


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """A Gaussian around the mean image with a learned standard deviation: a density over [0, 1] gray levels (the
    sigma-VAE, Rybkin et al. 2021), or with a linear mean over values of any size.
    """

    linear: bool = False
    parameters_per_value = 2
    density = True

    def mean(self, parameters: Tensor) -> Tensor:
        return self._mean(parameters.chunk(2, dim=1)[0])

    def _mean(self, values: Tensor) -> Tensor:
        return values if self.linear else values.sigmoid()

    def elementwise_nll(self, parameters: Tensor, images: Tensor) -> Tensor:
        mean, log_deviation = parameters.chunk(2, dim=1)
        scaled = ((images - self._mean(mean)) * (-log_deviation).exp()).square()
        return 0.5 * (scaled + LOG_TWO_PI) + log_deviation


class DiscretizedLogistic(Likelihood):
    """The probability of each of 256 gray levels under a logistic density of learned scale; the two ends take the
    tails (Kingma et al. 2016; Salimans et al. 2017, eq. 2).
    """

    parameters_per_value = 2
    half_level = 0.5 / 255

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.chunk(2, dim=1)[0].sigmoid()

    def elementwise_nll(self, parameters: Tensor, images: Tensor) -> Tensor:
        mean, log_scale = parameters.chunk(2, dim=1)
        centered = images - mean.sigmoid()
        inverse_scale = (-log_scale).exp()
        upper = (centered + self.half_level) * inverse_scale
        lower = (centered - self.half_level) * inverse_scale
        # log(sigmoid(u) - sigmoid(l)) without cancellation: log sigmoid(u) + log sigmoid(-l) + log(1 - exp(l - u))
        width = 2 * self.half_level * inverse_scale
        inside = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-width))
        log_mass = torch.where(
            images < self.half_level,
            F.logsigmoid(upper),
            torch.where(images > 1 - self.half_level, F.logsigmoid(-lower), inside),
        )
        return -log_mass


LIKELIHOODS: dict[LikelihoodName, Likelihood] = {
    "squared-error": SquaredError(),
    "linear": SquaredError(linear=True),
    "bernoulli": Bernoulli(),
    "gaussian": Gaussian(),
    "linear-gaussian": Gaussian(linear=True),
    "logistic": DiscretizedLogistic(),
}
