"""Adversarial autoencoders: an autoencoder whose encoder is trained against a discriminator until its latents, taken
together, follow the prior.

Makhzani et al. 2016, *Adversarial autoencoders*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..options.names import LikelihoodName, PosteriorName, PriorName
from ..options.numbers import Positive
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch


@family
@dataclass(frozen=True)
class AAE(Family):
    """An autoencoder whose latents a discriminator compares with the prior."""

    kind: ClassVar[str] = "aae"
    title: ClassVar[str] = "adversarial autoencoder"
    posterior: ClassVar[PosteriorName] = "point"
    discriminator_sees: ClassVar[tuple[str, ...]] = ("latents",)

    likelihood: LikelihoodName = "squared-error"
    """Reconstruction loss."""
    prior: PriorName = "normal"
    """Prior that the latents are to follow: standard normal, or uniform on [-1, 1]."""
    adversarial_lr_scale: Positive = 1.0
    """Learning-rate scale of the discriminator, and of the encoder against it."""

    def phases(self) -> tuple[Phase, ...]:
        """Reconstruction, then the discriminator of latents, then the encoder against it."""
        import torch.nn.functional as F

        from ..core.phases import Phase, constant
        from ..losses.adversarial import accuracy, cross_entropy
        from ..losses.reconstruction import reconstruction

        def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            prior = model.latents_from_noise(batch.normal(*model.latent_shape))
            real = model.discriminator_logits(None, batch.condition, prior)
            fake = model.discriminator_logits(batch.images, batch.condition)
            return {"loss": cross_entropy(real, fake), **accuracy(batch, (real, fake))}

        def encoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            return {"loss": F.softplus(-model.discriminator_logits(batch.images, batch.condition))}

        scale = self.adversarial_lr_scale
        return (
            Phase(
                "autoencoder",
                ("encoder", "decoder"),
                lambda model, batch, step: reconstruction(model, batch),
                variant=constant,
            ),
            Phase("discriminator", ("discriminator",), discriminator, lr_scale=scale, variant=constant),
            Phase("encoder", ("encoder",), encoder, lr_scale=scale, variant=constant),
        )
