"""Autoencoders: a latent small enough, and an image back from it (Hinton & Salakhutdinov 2006)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..options.names import LikelihoodName, PosteriorName
from .base import Family, family

if TYPE_CHECKING:
    from ..core.phases import Phase


@family
@dataclass(frozen=True)
class Autoencoder(Family):
    """A plain autoencoder."""

    kind: ClassVar[str] = "autoencoder"
    title: ClassVar[str] = "plain autoencoder"
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None

    likelihood: LikelihoodName = "squared-error"
    """Reconstruction loss."""

    def phases(self) -> tuple[Phase, ...]:
        from ..core.phases import Phase, constant
        from ..losses.reconstruction import reconstruction

        return (
            Phase(
                "autoencoder",
                ("encoder", "decoder"),
                lambda model, batch, step: reconstruction(model, batch),
                variant=constant,
            ),
        )
