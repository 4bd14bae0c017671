"""A model: networks in declared slots, a few small values, and its verbs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..condition import NOTHING, Condition
from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName, PriorName
from .distributions import LIKELIHOODS, DiagonalGaussian, Point

SLOTS = ("encoder", "decoder", "discriminator", "classifier")

Images = Float[Tensor, "batch channels *spatial"]
Latents = Float[Tensor, "batch *latent"]


def full(x: Tensor) -> Tensor:
    """What autocast computed in half precision as float32; float64 stays."""
    return x if x.dtype == torch.float64 else x.float()


class Model(nn.Module):
    """Networks, and the values that say how to read their outputs.

    `encoder(images, condition)` gives the parameters of the approximate posterior q(z | x), `decoder(latents,
    condition)` those of the likelihood p(x | z), `classifier(latents)` a logit for each class, and `discriminator` a
    logit of what it `sees`: images, latents, or both. A slot without a network is `None`; a family may add slots of its
    own. Images at this boundary are float in [0, 1].

    Attributes:
        prior: the prior of the latents; `None` for a model that has none, and cannot be sampled from.
        image_shape: channels and spatial sizes of the decoder's images.
        input_shape: the same of the encoder's, which may differ: an image, for voxels.
        latent_shape: the shape of a latent: `(20,)` for a vector.
        num_classes: classes that the networks are conditioned on; 0 for none.
        condition_shape: channels and spatial sizes of images that the networks are conditioned on, or `None`.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        *,
        posterior: PosteriorName = "point",
        likelihood: LikelihoodName = "squared-error",
        prior: PriorName | None = None,
        image_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
        input_shape: tuple[int, ...] | None = None,
        num_classes: int = 0,
        condition_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        for slot in (*SLOTS, *networks.keys() - set(SLOTS)):
            self.register_module(slot, networks.get(slot))
        self.posterior_kind = posterior
        self.likelihood = LIKELIHOODS[likelihood]
        self.prior = prior
        self.image_shape, self.latent_shape = image_shape, latent_shape
        self.input_shape = input_shape or image_shape
        self.num_classes, self.condition_shape = num_classes, condition_shape

    # What losses and measures use

    def posterior(self, images: Images, condition: Condition = NOTHING) -> DiagonalGaussian | Point:
        """The approximate posterior q(z | x) of these images."""
        parameters = full(self.network("encoder")(images, self._taken(condition)))
        return Point(parameters) if self.posterior_kind == "point" else DiagonalGaussian.from_parameters(parameters)

    def decoder_parameters(self, latents: Latents, condition: Condition = NOTHING) -> Tensor:
        """The parameters of the likelihood p(x | z) for these latents."""
        return full(self.network("decoder")(latents, self._taken(condition)))

    def likelihood_mean(self, latents: Latents, condition: Condition = NOTHING) -> Images:
        """The mean of the likelihood for these latents. A linear one, PCA's for instance, may leave [0, 1]."""
        return self.likelihood.mean(self.decoder_parameters(latents, condition))

    def features(self, images: Images, condition: Condition = NOTHING) -> list[Float[Tensor, "batch _"]]:
        """The output of each layer of the encoder, flattened, the lowest first."""
        return [full(layer) for layer in self.network("encoder").features(images, self._taken(condition))]

    def discriminator_logits(
        self, images: Images | None = None, condition: Condition = NOTHING, latents: Latents | None = None
    ) -> Float[Tensor, " batch"]:
        """The discriminator's logits of what it sees: these images, these latents, or both. Latents that it sees and
        that are not given are the encoder's of the images.
        """
        discriminator = self.network("discriminator")
        if "latents" in discriminator.sees and latents is None:
            assert images is not None
            latents = self.encode(images, condition)
        given = {"images": images, "latents": latents}
        return full(discriminator(*(given[name] for name in discriminator.sees), self._taken(condition)))

    def class_logits(self, latents: Latents) -> Float[Tensor, "batch classes"]:
        """The classifier's logits for these latents."""
        return full(self.network("classifier")(latents))

    def latents_from_noise(self, noise: Latents) -> Latents:
        """Latents of the prior from standard normal noise: for the uniform prior, on [-1, 1], by the normal
        distribution function.
        """
        return torch.erf(noise / math.sqrt(2)) if self.prior == "uniform" else noise

    # Verbs

    def encode(self, images: Images, condition: Condition = NOTHING) -> Latents:
        """The latent of each image: the posterior's mean."""
        return self.posterior(images, condition).mean

    def decode(self, latents: Latents, condition: Condition = NOTHING) -> Images:
        """The image of each latent: the likelihood's mean, in [0, 1]."""
        return self.likelihood_mean(latents, condition).clamp(0, 1)

    def reconstruct(
        self, images: Images, condition: Condition = NOTHING
    ) -> Float[Tensor, "batch channels_out *spatial_out"]:
        """Each image, encoded and decoded, without noise."""
        return self.decode(self.encode(images, condition), condition)

    def recall(self, indices: Int[Tensor, " batch"], condition: Condition = NOTHING) -> Images:
        """The images of the training samples at these places, of a model that keeps a latent of each."""
        return self.decode(self.network("table")(indices), condition)

    def sample(self, noise: Latents, condition: Condition = NOTHING) -> Images:
        """Images from the prior, given standard normal noise."""
        if self.prior is None:
            raise TrompeError(
                "this model has no prior, so nothing can be sampled from it",
                hint="train a VAE (`trompe train vae ...`), or decode latents of your own with `decode`",
            )
        return self.decode(self.latents_from_noise(noise), condition)

    def log_likelihood_estimate(self, images: Images, condition: Condition = NOTHING) -> Float[Tensor, " batch"]:
        """The log-likelihood of each image at the posterior's mean latent, in nats, less the KL of a Gaussian
        posterior. It has no noise, so it ranks images; the bounds themselves are measures.
        """
        posterior = self.posterior(images, condition)
        estimate = -self.likelihood.nll(self.decoder_parameters(posterior.mean, condition), images)
        estimate = estimate - self.likelihood.constant(images[0].numel())
        return estimate - posterior.kl().flatten(1).sum(1) if isinstance(posterior, DiagonalGaussian) else estimate

    def classify(self, images: Images, condition: Condition = NOTHING) -> Float[Tensor, "batch classes"]:
        """The probability of each class for each image, by its latent."""
        return self.class_logits(self.encode(images, condition)).softmax(1)

    # Slots

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The slots that are filled, by name."""
        return dict(self.named_children())

    def network(self, slot: str) -> Any:
        """The network in a slot.

        Raises:
            TrompeError: the slot is empty.
        """
        if slot not in self.networks:
            have = ", ".join(self.networks) or "no network"
            generates = slot == "encoder" and self.prior is not None
            hint = (
                "find latents by `trompe invert`, or train `bigan-mnist` or a VAE"
                if generates
                else "use another family"
            )
            raise TrompeError(f"this model has no {slot} (it has: {have})", hint=hint)
        return self.networks[slot]

    def _taken(self, condition: Condition) -> Condition:
        """The parts of a condition that this model's networks take, which it needs."""
        labels = condition.labels if self.num_classes else None
        images = condition.images if self.condition_shape else None
        if self.num_classes and labels is None:
            raise TrompeError(
                f"this model is class-conditional ({self.num_classes} classes) and needs labels",
                hint="give a class for each image",
            )
        if self.condition_shape and images is None:
            shape = "x".join(map(str, self.condition_shape))
            raise TrompeError(f"this model is conditioned on images of {shape}", hint="give one for each sample")
        return Condition(labels, images)

    @property
    def lifts(self) -> bool:
        """Whether the encoder takes the image that a sample comes with, of another shape, instead of the sample."""
        return self.input_shape != self.image_shape

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device
