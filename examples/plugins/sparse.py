"""A family of your own: a sparse autoencoder, whose latents pay for being large. `trompe train sparse.py:sparse`."""

from dataclasses import dataclass
from typing import ClassVar

from trompe.families import Family, family
from trompe.options.nets import MLPOptions
from trompe.options.train import TrainOptions
from trompe.recipes import Recipe


@family
@dataclass(frozen=True)
class SparseAutoencoder(Family):
    """A sparse autoencoder: an L1 penalty on the latents."""

    kind: ClassVar[str] = "sparse"
    title: ClassVar[str] = "sparse autoencoder"
    likelihood: ClassVar[str] = "bernoulli"
    posterior: ClassVar[str] = "point"
    prior: ClassVar[None] = None

    sparsity: float = 0.1
    """Weight of the L1 penalty, nats per unit."""

    def phases(self):
        from trompe.core.phases import Phase, constant

        def loss(model, batch, step):
            latents = model.encode(batch.images, batch.condition)
            nll = model.likelihood.nll(model.decoder_parameters(latents, batch.condition), batch.images)
            return {"reconstruction": nll, "l1": self.sparsity * latents.abs().sum(1)}

        return (Phase("autoencoder", ("encoder", "decoder"), loss, variant=constant),)


def sparse() -> Recipe:
    return Recipe(nets=MLPOptions(widths=(64,), latent=32), family=SparseAutoencoder(), train=TrainOptions(steps=2000))
