"""VAE-GANs: a VAE whose likelihood is of a discriminator's features instead of grey levels, and whose decoder is also
paid for looking real.

Larsen et al. 2016, *Autoencoding beyond pixels using a learned similarity metric* (algorithm 1).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data.batches import Batch
from ..losses import gaussian_posterior
from ..model import Model
from ..nets import ImageDiscriminator
from ..options import VAEGANOptions
from ..phases import Phase
from .gan import cross_entropy, generated, watched


def phases(options: VAEGANOptions) -> tuple[Phase, ...]:
    """The discriminator's phase, which has both reconstructions and samples for fakes; the encoder's; the decoder's."""

    def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        real = model.realness(batch.images, batch.labels)
        sampled, back = (model.realness(fake, batch.labels) for fake in fakes(model, batch))
        return {"loss": cross_entropy(real, sampled) + F.softplus(back), **watched(real, sampled)}

    def encoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        posterior = gaussian_posterior(model, batch)
        back = model.decode(posterior.sample(), batch.labels)
        return {"features": apart(model, batch.images, back), "kl": options.beta * posterior.kl().sum(1)}

    def decoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        sampled, back = fakes(model, batch)
        logits = (model.realness(fake, batch.labels) for fake in (sampled, back))
        paid = options.adversarial * torch.stack([F.softplus(-one) for one in logits]).sum(0)
        return {"features": apart(model, batch.images, back), "adversarial": paid}

    return (
        Phase("discriminator", ("discriminator",), discriminator, rate=options.discriminator_rate),
        Phase("encoder", ("encoder",), encoder),
        Phase("decoder", ("decoder",), decoder),
    )


def fakes(model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
    """Pictures from the prior, and the batch's own, encoded and decoded."""
    codes = model.posterior(batch.images, batch.labels).sample()
    return generated(model, batch), model.decode(codes, batch.labels)


def apart(model: Model, images: Tensor, others: Tensor) -> Float[Tensor, " batch"]:
    """Minus the log-density of the one's features under a unit Gaussian around the other's (eq. 7, 8), in nats up to a
    constant.
    """
    discriminator = model.discriminator
    assert isinstance(discriminator, ImageDiscriminator)
    difference = discriminator.features(others).float() - discriminator.features(images).float()
    return 0.5 * difference.square().sum(1)
