"""VAE-GANs: a VAE whose likelihood is of a discriminator's features instead of gray levels, and whose decoder is also
trained against that discriminator.

Larsen et al. 2016, *Autoencoding beyond pixels using a learned similarity metric* (algorithm 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName, PriorName
from ..options.numbers import NonNegative, Positive
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch
    from ..recipes.tree import Recipe


@family
@dataclass(frozen=True)
class VAEGAN(Family):
    """A VAE whose reconstructions are compared in the features of a discriminator."""

    kind: ClassVar[str] = "vae-gan"
    title: ClassVar[str] = "variational autoencoder with a discriminator"
    likelihood: ClassVar[LikelihoodName] = "squared-error"
    posterior: ClassVar[PosteriorName] = "gaussian"
    prior: ClassVar[PriorName] = "normal"
    discriminator_sees: ClassVar[tuple[str, ...]] = ("images",)

    beta: NonNegative = 1.0
    """Weight of the KL divergence."""
    adversarial: Positive = 1.0
    """Weight of the adversarial loss in the decoder's, against that of the features."""
    discriminator_lr_scale: Positive = 1.0
    """Learning-rate scale of the discriminator (TTUR)."""

    def phases(self) -> tuple[Phase, ...]:
        """The discriminator's phase, for which samples and reconstructions are fakes; the encoder's; the decoder's."""
        import torch.nn.functional as F

        from ..core.phases import Phase, constant
        from ..losses.adversarial import accuracy, cross_entropy
        from ..losses.elbo import gaussian_posterior
        from ..losses.reconstruction import feature_distance, sampled

        def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            real = model.discriminator_logits(batch.images, batch.condition)
            sample, back = (model.discriminator_logits(fake, batch.condition) for fake in fakes(model, batch))
            return {"loss": cross_entropy(real, sample) + F.softplus(back), **accuracy(batch, (real, sample))}

        def encoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            posterior = gaussian_posterior(model, batch)
            back = model.decode(sampled(posterior, batch), batch.condition)
            kl = self.beta * posterior.kl().flatten(1).sum(1)
            return {"features": feature_distance(model, batch.images, back), "kl": kl}

        def decoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            sample, back = fakes(model, batch)
            logits = [model.discriminator_logits(fake, batch.condition) for fake in (sample, back)]
            adversarial = self.adversarial * (F.softplus(-logits[0]) + F.softplus(-logits[1]))
            return {"features": feature_distance(model, batch.images, back), "adversarial": adversarial}

        return (
            Phase(
                "discriminator",
                ("discriminator",),
                discriminator,
                lr_scale=self.discriminator_lr_scale,
                variant=constant,
            ),
            Phase("encoder", ("encoder",), encoder, variant=constant),
            Phase("decoder", ("decoder",), decoder, variant=constant),
        )

    def check(self, recipe: Recipe) -> None:
        if not recipe.nets.widths:
            raise TrompeError(
                "a discriminator without a hidden layer has no features to compare images in",
                hint="give `--nets.widths`",
            )


def fakes(model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
    """Images from the prior, and reconstructions of the batch."""
    from ..losses.adversarial import generated
    from ..losses.reconstruction import sampled

    latents = sampled(model.posterior(batch.images, batch.condition), batch)
    return generated(model, batch), model.decode(latents, batch.condition)
