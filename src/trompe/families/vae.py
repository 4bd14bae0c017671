"""Variational autoencoders.

Kingma & Welling 2014, *Auto-encoding variational Bayes*; Higgins et al. 2017, *beta-VAE*; Burda et al. 2016,
*Importance weighted autoencoders*; Kingma et al. 2016, *Improved variational inference with inverse autoregressive
flow* (free bits); Sonderby et al. 2016, *Ladder variational autoencoders* (warm-up of the KL).
"""

from __future__ import annotations

from torch import Tensor

from ..data.batches import Batch
from ..losses import negative_elbo, negative_importance_bound
from ..model import Model
from ..options import VAEOptions
from ..phases import Phase


def phases(options: VAEOptions) -> tuple[Phase, ...]:
    """One phase: both networks, on minus the bound."""

    def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        if options.samples > 1:
            return negative_importance_bound(model, batch, samples=options.samples)
        return negative_elbo(model, batch, beta=beta(options, step), free_bits=options.free_bits)

    return (Phase("vae", ("encoder", "decoder"), loss),)


def beta(options: VAEOptions, step: int) -> float:
    """The weight of the KL at a step: it rises from 0 over the warm-up."""
    return options.beta * min(1.0, step / options.warmup) if options.warmup else options.beta
