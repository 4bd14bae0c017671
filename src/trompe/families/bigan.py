"""Bidirectional GANs: a generator from codes to pictures, an encoder from pictures to codes, and a discriminator that
tells pairs of the one kind from pairs of the other. Where it cannot, the two undo each other.

Donahue et al. 2017, *Adversarial feature learning* (BiGAN, a code for each picture); Dumoulin et al. 2017,
*Adversarially learned inference* (ALI, a Gaussian posterior).
"""

from __future__ import annotations

from torch import Tensor

from ..data.batches import Batch
from ..model import Model
from ..options import BiGANOptions
from ..phases import Phase
from .gan import cross_entropy, gradient, noise_for, watched


def phases(options: BiGANOptions) -> tuple[Phase, ...]:
    """The discriminator's phase, then that of encoder and generator, each paid when it is mistaken."""

    def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        real, fake = pairs(model, batch)
        real_logits, fake_logits = (model.realness(images, batch.labels, codes) for images, codes in (real, fake))
        terms = {"loss": cross_entropy(real_logits, fake_logits), **watched(real_logits, fake_logits)}
        if options.r1:
            terms["r1"] = 0.5 * options.r1 * gradient(model, real[0], batch.labels, real[1]).square().sum(1)
        return terms

    def encoder_generator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        real, fake = (model.realness(images, batch.labels, codes) for images, codes in pairs(model, batch))
        return {"loss": cross_entropy(-real, -fake)}

    return (
        Phase("discriminator", ("discriminator",), discriminator, rate=options.discriminator_rate),
        Phase("encoder_generator", ("encoder", "decoder"), encoder_generator),
    )


def pairs(model: Model, batch: Batch) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Pictures with the codes that they are given; codes of the prior, after the pictures that are made of them."""
    codes = model.codes_from(noise_for(model, batch))
    real = (batch.images, model.posterior(batch.images, batch.labels).sample())
    return real, (model.decode(codes, batch.labels), codes)
