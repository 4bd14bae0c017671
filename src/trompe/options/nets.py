"""Networks: multilayer perceptrons and convolutional networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, MinLen

from .names import Activation, NormName
from .numbers import LARGEST, Count, Natural, NonNegative, Strict


@dataclass(frozen=True)
class MLPOptions(Strict):
    """Multilayer perceptrons; the decoder mirrors the encoder."""

    kind: ClassVar[str] = "mlp"

    widths: tuple[Count, ...] = (500,)
    """Units of each hidden layer of the encoder."""
    latent: Count = 20
    """Latent dimensions."""
    activation: Activation = "relu"
    """Activation function of the hidden layers."""
    norm: NormName = "none"
    """Batch normalization before each activation, except in a discriminator of pairs;
    `decoder` for the decoder or generator only, as gradient penalties require."""
    gated: bool = False
    """Gated hidden layers instead of an activation function."""
    linear_latent: bool = True
    """No activation function on the latent layer."""
    standardize: bool = False
    """Subtract each pixel's training mean and divide by one overall standard deviation; undone on the way out."""
    conditional: bool = False
    """Condition the networks on the class label."""


@dataclass(frozen=True)
class ConvOptions(Strict):
    """Convolutional networks that halve the image once per width; the decoder mirrors the encoder."""

    kind: ClassVar[str] = "conv"

    widths: Annotated[tuple[Count, ...], MinLen(1)] = (32, 64, 128)
    """Channels after each halving."""
    kernel: Annotated[int, Ge(2), Le(LARGEST)] = 4
    """Kernel size of the strided layers."""
    blocks: Natural = 0
    """Residual blocks at each resolution."""
    hidden: Natural = 0
    """Units of a dense layer between the convolutions and the latent; 0 for none."""
    latent: Count = 64
    """Latent dimensions."""
    activation: Activation = "leaky-relu"
    """Activation function of the hidden layers."""
    norm: NormName = "none"
    """Batch normalization after each strided layer, except next to the image;
    `decoder` for the decoder or generator only, as spectral normalization and gradient penalties require."""
    spectral_norm: bool = False
    """Spectral normalization of the discriminator."""
    init_std: NonNegative = 0.0
    """Standard deviation of the normal weight initialization; 0 for PyTorch's default."""
    conditional: bool = False
    """Condition the networks on the class label."""


NetsOptions = MLPOptions | ConvOptions
