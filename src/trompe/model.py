"""A model: up to four networks in declared slots, three small values, and its verbs."""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .distributions import LIKELIHOODS, DiagonalGaussian, Point
from .errors import TrompeError
from .names import LikelihoodName, PriorName
from .nets.layers import Encoder

PosteriorKind = Literal["point", "gaussian"]
PriorKind = PriorName
Network = TypeVar("Network", bound=nn.Module)


class Model(nn.Module):
    """The slots hold a network or `None`; the values say how to read what the networks give.

    `encoder(images, labels)` gives the posterior's parameters, `decoder(codes, labels)` the likelihood's,
    `discriminator(images, labels)` a logit, `classifier(codes)` a logit for each class. `prior` is `None` for a model
    whose codes follow no known law, from which nothing can be sampled. Pictures at this boundary are float in [0, 1],
    of shape `(batch, *image_shape)`.
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None = None,
        decoder: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        classifier: nn.Module | None = None,
        posterior: PosteriorKind = "point",
        likelihood: LikelihoodName = "squared-error",
        prior: PriorKind | None = None,
        image_shape: tuple[int, ...],
        latent: int,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.classifier = classifier
        self.posterior_kind = posterior
        self.likelihood = LIKELIHOODS[likelihood]
        self.prior = prior
        self.image_shape = image_shape
        self.latent = latent
        self.num_classes = num_classes

    # What losses and measures are made of

    def posterior(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> DiagonalGaussian | Point:
        """The law of the codes of these pictures."""
        parameters = self._encoder(images, self._checked(labels)).float()
        return Point(parameters) if self.posterior_kind == "point" else DiagonalGaussian.from_parameters(parameters)

    def parameters_of(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Tensor:
        """The likelihood's parameters for these codes."""
        return self._decoder(codes, self._checked(labels)).float()

    def expected(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        """The likelihood's mean for these codes. A linear one, PCA's, may leave [0, 1]."""
        return self.likelihood.mean(self.parameters_of(codes, labels))

    def features(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> list[Float[Tensor, "batch width"]]:
        """What each layer of the encoder makes of these pictures, the lowest first."""
        return [layer.float() for layer in self._encoder.features(images, self._checked(labels))]

    # Verbs

    def encode(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch latent"]:
        """The code of each picture: the posterior's mean."""
        return self.posterior(images, labels).mean

    def decode(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        """The picture of each code: the likelihood's mean, in [0, 1]."""
        return self.expected(codes, labels).clamp(0, 1)

    def reconstruct(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        """Each picture, encoded and decoded, without noise."""
        return self.decode(self.encode(images, labels), labels)

    def sample(
        self, noise: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        """Pictures from the prior: `noise` is standard normal, and the prior makes codes of it: a uniform one, by the
        normal's distribution function, from -1 to 1.
        """
        if self.prior is None:
            raise TrompeError(
                "an autoencoder's codes follow no known law, so nothing can be sampled from it",
                hint="train a VAE (`trompe train vae ...`), or decode codes of your own with `decode`",
            )
        codes = torch.erf(noise / math.sqrt(2)) if self.prior == "uniform" else noise
        return self.decode(codes, labels)

    def score(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        """How well the model accounts for each picture, higher is better: the discriminator's logit where there is
        one, else in nats the log-likelihood at the posterior's mean code, less the KL where the posterior has one. It
        has no noise, and so ranks pictures; the bounds themselves are `trompe.measures`'.
        """
        if self.discriminator is not None:
            return self.discriminator(images, self._checked(labels)).float()
        posterior = self.posterior(images, labels)
        score = -self.likelihood.negative_log(self.parameters_of(posterior.mean, labels), images)
        score = score - self.likelihood.constant(images[0].numel())
        return score - posterior.kl().sum(1) if isinstance(posterior, DiagonalGaussian) else score

    def classify(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch classes"]:
        """The probability of each class for each picture, by its code."""
        return self.logits_of(self.encode(images, labels)).softmax(1)

    def logits_of(self, codes: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch classes"]:
        """The classifier's logits for these codes."""
        return self._filled("classifier", self.classifier)(codes).float()

    # Slots

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The slots that are filled, by name."""
        slots = {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        return {name: network for name, network in slots.items() if network is not None}

    @property
    def _encoder(self) -> Encoder:
        return self._filled("encoder", self.encoder)

    @property
    def _decoder(self) -> nn.Module:
        return self._filled("decoder", self.decoder)

    def _filled(self, name: str, network: Network | None) -> Network:
        if network is None:
            have = ", ".join(self.networks) or "no network"
            raise TrompeError(f"this model has no {name} (it has: {have})", hint="use a model of another family")
        return network

    def _checked(self, labels: Tensor | None) -> Tensor | None:
        """Labels reach the networks of a class-conditional model only, and it needs them."""
        if self.num_classes == 0:
            return None
        if labels is None:
            raise TrompeError(
                f"this model is class-conditional ({self.num_classes} classes) and needs labels",
                hint="give a class for each picture",
            )
        return labels

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device
