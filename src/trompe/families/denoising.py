"""Denoising autoencoders: the clean image back from a corrupted copy.

Vincent et al. 2008, *Extracting and composing robust features with denoising autoencoders*; Vincent et al. 2010,
*Stacked denoising autoencoders* (kinds of corruption, emphasis on what was corrupted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..options.names import CorruptionName, LikelihoodName, PosteriorName
from ..options.numbers import NonNegative, Probability
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch


@family
@dataclass(frozen=True)
class DenoisingAutoencoder(Family):
    """A denoising autoencoder: the clean image back from a corrupted copy."""

    kind: ClassVar[str] = "denoising"
    title: ClassVar[str] = "denoising autoencoder"
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None

    likelihood: LikelihoodName = "squared-error"
    """Reconstruction loss."""
    corruption: CorruptionName = "masking"
    """Corruption: set pixels to zero, add Gaussian noise, or set pixels to zero or one."""
    level: Probability = 0.3
    """Fraction of the pixels corrupted, 0.3 for 30 %; for Gaussian noise its standard deviation on the [0, 1] scale."""
    emphasis: tuple[NonNegative, NonNegative] = (1.0, 1.0)
    """Loss weights of corrupted and of clean pixels."""

    def phases(self) -> tuple[Phase, ...]:
        from ..core.phases import Phase, constant
        from ..losses.reconstruction import denoising

        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            return denoising(model, batch, self.corruption, self.level, self.emphasis)

        return (Phase("denoising", ("encoder", "decoder"), loss, variant=constant),)
