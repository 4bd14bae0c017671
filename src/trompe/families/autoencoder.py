"""Autoencoders: a code small enough, and a picture back from it (Hinton & Salakhutdinov 2006)."""

from __future__ import annotations

from torch import Tensor

from ..data.batches import Batch
from ..losses import reconstruction
from ..model import Model
from ..options import AutoencoderOptions
from ..phases import Phase


def phases(options: AutoencoderOptions) -> tuple[Phase, ...]:
    def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        return reconstruction(model, batch)

    return (Phase("autoencoder", ("encoder", "decoder"), loss),)
