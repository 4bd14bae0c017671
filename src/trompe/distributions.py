"""Posteriors over codes and likelihoods of images, as values.

Everything is per image and in nats. Pictures are float in [0, 1]; a decoder gives a likelihood's *parameters*, raw,
of shape `(batch, channels * parameters_per_pixel, *spatial)`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from .names import LikelihoodName

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """A Gaussian per code number: `mean` and `log_variance`, each `(batch, latent)`."""

    mean: Float[Tensor, "batch latent"]
    log_variance: Float[Tensor, "batch latent"]

    @staticmethod
    def from_parameters(parameters: Float[Tensor, "batch two_latent"]) -> DiagonalGaussian:
        """From an encoder's output. The logarithm of the variance is kept within +-15, far outside anything a
        trained posterior uses, so that one wild picture cannot overflow the exponential.
        """
        mean, log_variance = parameters.chunk(2, dim=1)
        return DiagonalGaussian(mean, log_variance.clamp(-15, 15))

    def sample(self, noise: Tensor | None = None) -> Float[Tensor, "*samples batch latent"]:
        """Reparameterised: `mean + deviation * noise` (Kingma & Welling 2014, eq. 10); fresh noise by default."""
        noise = torch.randn_like(self.mean) if noise is None else noise
        return self.mean + (0.5 * self.log_variance).exp() * noise

    def kl(self) -> Float[Tensor, "batch latent"]:
        """Kullback-Leibler divergence from the unit Gaussian, per code number (appendix B there)."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance)

    def log_density(self, codes: Float[Tensor, "*samples batch latent"]) -> Float[Tensor, "*samples batch"]:
        scaled = (codes - self.mean).square() * (-self.log_variance).exp()
        return -0.5 * (scaled + self.log_variance + LOG_TWO_PI).sum(-1)


@dataclass(frozen=True)
class Point:
    """A code without uncertainty: all mass at `mean`, of shape `(batch, latent)`."""

    mean: Float[Tensor, "batch latent"]

    def sample(self, noise: Tensor | None = None) -> Float[Tensor, "batch latent"]:
        return self.mean


def unit_gaussian_log_density(codes: Float[Tensor, "*samples latent"]) -> Float[Tensor, "*samples"]:
    return -0.5 * (codes.square() + LOG_TWO_PI).sum(-1)


class Likelihood(ABC):
    """How probable a picture is under a decoder's parameters."""

    parameters_per_pixel = 1
    density = False
    """Whether it is of continuous levels, so that its values are no probabilities."""

    @abstractmethod
    def mean(self, parameters: Tensor) -> Tensor:
        """The expected picture, of shape `(batch, channels, *spatial)`."""

    @abstractmethod
    def per_number(self, parameters: Tensor, images: Tensor) -> Tensor:
        """Minus the logarithm of the likelihood of each number of each picture."""

    def negative_log(self, parameters: Tensor, images: Tensor) -> Float[Tensor, " batch"]:
        """The same summed over each picture."""
        return self.per_number(parameters, images).flatten(1).sum(1)

    def constant(self, dimensions: int) -> float:
        """What `negative_log` leaves out, in nats, of a picture of so many numbers."""
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

    def per_number(self, parameters: Tensor, images: Tensor) -> Tensor:
        return (images - self.mean(parameters)).square()

    def constant(self, dimensions: int) -> float:
        return 0.5 * dimensions * math.log(math.pi)


class Bernoulli(Likelihood):
    """Each number an independent coin. Grey levels may stand for the coin's mean: then this is the cross-entropy,
    the usual protocol for grey MNIST; binary pictures make it a true likelihood.
    """

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.sigmoid()

    def per_number(self, parameters: Tensor, images: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(parameters, images, reduction="none")


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """A Gaussian around the mean picture with a learned deviation: a density over [0, 1] grey levels (the sigma-VAE,
    Rybkin et al. 2021), or with a linear mean over numbers of any size.
    """

    linear: bool = False
    parameters_per_pixel = 2
    density = True

    def mean(self, parameters: Tensor) -> Tensor:
        return self._mean(parameters.chunk(2, dim=1)[0])

    def _mean(self, numbers: Tensor) -> Tensor:
        return numbers if self.linear else numbers.sigmoid()

    def per_number(self, parameters: Tensor, images: Tensor) -> Tensor:
        mean, log_deviation = parameters.chunk(2, dim=1)
        scaled = ((images - self._mean(mean)) * (-log_deviation).exp()).square()
        return 0.5 * (scaled + LOG_TWO_PI) + log_deviation


class DiscretisedLogistic(Likelihood):
    """The probability of each of 256 grey levels under a logistic density of learned scale; the two ends take the
    tails (Kingma et al. 2016; Salimans et al. 2017, eq. 2).
    """

    parameters_per_pixel = 2
    half_level = 0.5 / 255

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.chunk(2, dim=1)[0].sigmoid()

    def per_number(self, parameters: Tensor, images: Tensor) -> Tensor:
        mean, log_scale = parameters.chunk(2, dim=1)
        centred = images - mean.sigmoid()
        inverse_scale = (-log_scale).exp()
        upper = (centred + self.half_level) * inverse_scale
        lower = (centred - self.half_level) * inverse_scale
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
    "logistic": DiscretisedLogistic(),
}
