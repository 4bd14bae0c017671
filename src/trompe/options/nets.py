"""Networks: multilayer perceptrons and convolutional towers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pydantic
import tyro
from annotated_types import Ge, MinLen

from ..names import Activation, NormName
from .numbers import Count, Natural, NonNegative, Strict


@dataclass(frozen=True)
class MLPOptions(Strict):
    """Multilayer perceptrons; the decoder mirrors the encoder."""

    kind: tyro.conf.Suppress[Literal["mlp"]] = "mlp"
    widths: tuple[Count, ...] = (500,)
    """Units of each hidden layer of the encoder."""
    latent: Count = 20
    """Numbers in a code."""
    activation: Activation = "relu"
    """Between layers."""
    norm: NormName = "none"
    """Normalise each hidden unit over the batch before its activation, but not in a discriminator of pairs; `decoder`
    in the decoder or generator alone, as penalised discriminators want it."""
    gated: bool = False
    """Gate each hidden unit by a second one, instead of the activation."""
    linear_code: bool = True
    """Leave the code without the activation."""
    standardise: bool = False
    """Shift each pixel by its mean over the training pictures and scale all by one number, on the way in and back."""
    conditional: bool = False
    """Give the class to both networks."""


@dataclass(frozen=True)
class ConvOptions(Strict):
    """Convolutional towers that halve the picture once per width; the decoder mirrors the encoder."""

    kind: tyro.conf.Suppress[Literal["conv"]] = "conv"
    widths: Annotated[tuple[Count, ...], MinLen(1)] = (32, 64, 128)
    """Channels after each halving."""
    kernel: Annotated[int, Ge(2)] = 4
    """Kernel of the strided layers."""
    blocks: Natural = 0
    """Residual blocks at each size."""
    hidden: Natural = 0
    """Units of a dense layer between tower and code; 0 for none."""
    latent: Count = 64
    """Numbers in a code."""
    activation: Activation = "leaky-relu"
    """Between layers."""
    norm: NormName = "none"
    """Normalise channels over the batch after each strided layer, but not next to the pictures; `decoder` in the
    decoder or generator alone, as spectral or penalised discriminators want it."""
    spectral: bool = False
    """Divide each of a discriminator's weights by its largest singular value."""
    initial: NonNegative = 0.0
    """Deviation of the normal law that weights start from; 0 for torch's own law."""
    conditional: bool = False
    """Give the class to both networks."""


NetsOptions = Annotated[MLPOptions | ConvOptions, pydantic.Field(discriminator="kind")]
