"""Adversarial autoencoders: an autoencoder whose encoder is trained against a discriminator until its codes, taken
together, follow the prior.

Makhzani et al. 2016, *Adversarial autoencoders*.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ..data.batches import Batch
from ..losses import reconstruction
from ..model import Model
from ..options import AAEOptions
from ..phases import Phase
from .gan import cross_entropy, noise_for, watched


def phases(options: AAEOptions) -> tuple[Phase, ...]:
    """Reconstruction, then the discriminator of codes, then the encoder against it."""

    def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        prior = model.realness(batch.images, batch.labels, model.codes_from(noise_for(model, batch)))
        coded = model.score(batch.images, batch.labels)
        return {"loss": cross_entropy(prior, coded), **watched(prior, coded)}

    def encoder(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        return {"loss": F.softplus(-model.score(batch.images, batch.labels))}

    return (
        Phase("autoencoder", ("encoder", "decoder"), lambda model, batch, step: reconstruction(model, batch)),
        Phase("discriminator", ("discriminator",), discriminator, rate=options.adversarial_rate),
        Phase("encoder", ("encoder",), encoder, rate=options.adversarial_rate),
    )
