"""A model: up to four networks in declared slots, three small values, and its verbs."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .distributions import LIKELIHOODS, DiagonalGaussian, Point
from .errors import TrompeError
from .names import LikelihoodName, PosteriorName, PriorName
from .nets import Discriminator, Encoder

Network = TypeVar("Network", bound=nn.Module)


class Model(nn.Module):
    """The slots hold a network or `None`; the values say how to read what the networks give.

    `encoder(images, labels)` gives the posterior's parameters, `decoder(codes, labels)` the likelihood's,
    `discriminator(images, labels, codes)` a logit, `classifier(codes)` a logit for each class. `prior` is `None` for a
    model whose codes follow no known law, from which nothing can be sampled. Pictures at this boundary are float in
    [0, 1], of shape `(batch, *image_shape)`.
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None = None,
        decoder: nn.Module | None = None,
        discriminator: Discriminator | None = None,
        classifier: nn.Module | None = None,
        posterior: PosteriorName = "point",
        likelihood: LikelihoodName = "squared-error",
        prior: PriorName | None = None,
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

    def realness(
        self,
        images: Float[Tensor, "batch channels *spatial"],
        labels: Int[Tensor, " batch"] | None = None,
        codes: Float[Tensor, "batch latent"] | None = None,
    ) -> Float[Tensor, " batch"]:
        """The discriminator's logit of pictures, or of these codes, or of pictures with these codes."""
        return self._filled("discriminator", self.discriminator)(images, self._checked(labels), codes).float()

    def codes_from(self, noise: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch latent"]:
        """Codes of the prior from standard normal numbers: a uniform prior's, from -1 to 1, by the normal's
        distribution function.
        """
        return torch.erf(noise / math.sqrt(2)) if self.prior == "uniform" else noise

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
        """Pictures from the prior, whose codes are made of `noise`, which is standard normal."""
        if self.prior is None:
            raise TrompeError(
                "an autoencoder's codes follow no known law, so nothing can be sampled from it",
                hint="train a VAE (`trompe train vae ...`), or decode codes of your own with `decode`",
            )
        return self.decode(self.codes_from(noise), labels)

    def score(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        """How well the model accounts for each picture, higher is better: the discriminator's logit where there is
        one, with the picture's code if it sees codes; else in nats the log-likelihood at the posterior's mean code,
        less the KL where the posterior has one. It has no noise, and so ranks pictures; the bounds themselves are
        `trompe.measures`'.
        """
        if self.discriminator is not None:
            return self.realness(images, labels, self.encode(images, labels) if self.discriminator.sees_codes else None)
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
            generates = name == "encoder" and self.prior is not None
            hint = (
                "find codes by `trompe invert`, or train `bigan-mnist` or a VAE" if generates else "use another family"
            )
            raise TrompeError(f"this model has no {name} (it has: {have})", hint=hint)
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
