"""Bidirectional GANs: a generator from latents to images, an encoder from images to latents, and a discriminator that
tells pairs of the one kind from pairs of the other. Where it cannot, the two are each other's inverse.

Donahue et al. 2017, *Adversarial feature learning* (BiGAN, a deterministic encoder); Dumoulin et al. 2017,
*Adversarially learned inference* (ALI, a Gaussian posterior).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..options.names import LikelihoodName, PosteriorName, PriorName
from ..options.numbers import NonNegative, Positive
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch


@family
@dataclass(frozen=True)
class BiGAN(Family):
    """A generator, an encoder, and a discriminator of pairs of image and latent."""

    kind: ClassVar[str] = "bigan"
    title: ClassVar[str] = "bidirectional generative adversarial network"
    likelihood: ClassVar[LikelihoodName] = "squared-error"
    discriminator_sees: ClassVar[tuple[str, ...]] = ("images", "latents")

    posterior: PosteriorName = "point"
    """Encoder: a deterministic latent (BiGAN), or a Gaussian posterior (ALI)."""
    prior: PriorName = "normal"
    """Prior of the latents: standard normal, or uniform on [-1, 1]."""
    discriminator_lr_scale: Positive = 1.0
    """Learning-rate scale of the discriminator (TTUR)."""
    r1: NonNegative = 0.0
    """R1 weight (gamma): squared gradient norm of the discriminator at real images and their latents."""

    def phases(self) -> tuple[Phase, ...]:
        """The discriminator's phase, then that of encoder and generator together."""
        from ..core.phases import Phase, constant
        from ..losses.adversarial import accuracy, cross_entropy, zero_centered_penalty

        def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            real, fake = pairs(model, batch)
            logits = tuple(model.discriminator_logits(images, batch.condition, z) for images, z in (real, fake))
            terms = {"loss": cross_entropy(*logits), **accuracy(batch, logits)}
            return terms | ({"r1": self.r1 * zero_centered_penalty(model, batch, *real)} if self.r1 else {})

        def encoder_generator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            real, fake = (model.discriminator_logits(images, batch.condition, z) for images, z in pairs(model, batch))
            return {"loss": cross_entropy(-real, -fake)}

        return (
            Phase(
                "discriminator",
                ("discriminator",),
                discriminator,
                lr_scale=self.discriminator_lr_scale,
                variant=constant,
            ),
            Phase("encoder_generator", ("encoder", "decoder"), encoder_generator, variant=constant),
        )


def pairs(model: Model, batch: Batch) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Images with their latents; latents of the prior, after the images decoded from them."""
    from ..losses.reconstruction import sampled

    latents = model.latents_from_noise(batch.normal(*model.latent_shape))
    real = (batch.images, sampled(model.posterior(batch.images, batch.condition), batch))
    return real, (model.decode(latents, batch.condition), latents)
