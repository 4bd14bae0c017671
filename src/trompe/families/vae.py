"""Variational autoencoders.

Kingma & Welling 2014, *Auto-encoding variational Bayes*; Higgins et al. 2017, *beta-VAE*; Burda et al. 2016,
*Importance weighted autoencoders*; Kingma et al. 2016, *Improved variational inference with inverse autoregressive
flow* (free bits); Sonderby et al. 2016, *Ladder variational autoencoders* (warm-up of the KL).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName, PriorName
from ..options.numbers import Count, Natural, NonNegative
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch
    from ..recipes.tree import Recipe


@family
@dataclass(frozen=True)
class VAE(Family):
    """A variational autoencoder with a Gaussian posterior and a standard normal prior."""

    kind: ClassVar[str] = "vae"
    title: ClassVar[str] = "variational autoencoder"
    posterior: ClassVar[PosteriorName] = "gaussian"
    prior: ClassVar[PriorName] = "normal"

    likelihood: LikelihoodName = "bernoulli"
    """Likelihood p(x | z) of an image given its latent."""
    beta: NonNegative = 1.0
    """Weight of the KL divergence; 1 for the evidence lower bound."""
    kl_warmup: Natural = 0
    """Steps over which the weight of the KL divergence rises from 0."""
    free_bits: NonNegative = 0.0
    """Free bits: nats per latent dimension below which the KL divergence is not penalized."""
    importance_samples: Count = 1
    """Importance samples per image (K); more than one trains the IWAE bound, with beta 1 and no free bits."""

    def phases(self) -> tuple[Phase, ...]:
        from ..core.phases import Phase
        from ..losses.elbo import negative_elbo, negative_iwae_bound

        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            if self.importance_samples > 1:
                return negative_iwae_bound(model, batch, importance_samples=self.importance_samples)
            return negative_elbo(model, batch, beta=self.beta_at(step), free_bits=self.free_bits)

        return (Phase("vae", ("encoder", "decoder"), loss, variant=self.beta_at),)

    def beta_at(self, step: int) -> float:
        """The weight of the KL divergence at a step: it rises from 0 over the warm-up."""
        return self.beta * min(1.0, step / self.kl_warmup) if self.kl_warmup else self.beta

    def check(self, recipe: Recipe) -> None:
        if self.importance_samples > 1 and (self.beta != 1 or self.free_bits or self.kl_warmup):
            raise TrompeError(
                f"the IWAE bound (family.importance_samples = {self.importance_samples}) has no separate KL to weight: "
                f"got beta {self.beta:g}, free_bits {self.free_bits:g}, kl_warmup {self.kl_warmup}",
                hint="leave those three at 1, 0 and 0, or use `--family.importance-samples 1`",
            )
