"""Denoising autoencoders: the clean picture back from a corrupted copy.

Vincent et al. 2008, *Extracting and composing robust features with denoising autoencoders*; Vincent et al. 2010,
*Stacked denoising autoencoders* (kinds of corruption, emphasis on what was corrupted).
"""

from __future__ import annotations

from torch import Tensor

from ..data.batches import Batch
from ..losses import denoising
from ..model import Model
from ..options import DenoisingOptions
from ..phases import Phase


def phases(options: DenoisingOptions) -> tuple[Phase, ...]:
    def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        return denoising(model, batch, options.corruption, options.level, options.emphasis)

    return (Phase("denoising", ("encoder", "decoder"), loss),)
