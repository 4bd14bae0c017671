"""The few layers that torch does not have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..names import Activation

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "sigmoid": nn.Sigmoid,
}

CONVOLUTION: dict[int, type[nn.Conv1d | nn.Conv2d | nn.Conv3d]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED: dict[int, type[nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
BATCH_NORM: dict[int, type[nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d]] = {
    1: nn.BatchNorm1d,
    2: nn.BatchNorm2d,
    3: nn.BatchNorm3d,
}


class Encoder(nn.Module, ABC):
    """A network from images (and labels) to a posterior's parameters, layer by layer.

    Attributes:
        width: of the layer before the last.
    """

    width: int

    @abstractmethod
    def features(self, images: Tensor, labels: Tensor | None = None) -> list[Float[Tensor, "batch width"]]:
        """What each layer makes of these images, flat, the lowest first; the last is the posterior's parameters."""

    def forward(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch outputs"]:
        return self.features(images, labels)[-1]


def start_from_normal(network: nn.Module, deviation: float) -> None:
    """Weights of convolutions and linear layers from N(0, deviation), without biases (Radford et al. 2016); those that
    start at zero stay there.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and module.weight.any():
            nn.init.normal_(module.weight, std=deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class GatedLinear(nn.Module):
    """`(W x + b) * sigmoid(V x + c)` (Dauphin et al. 2017; the hidden layer of the VampPrior's networks)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.both = nn.Linear(inputs, 2 * outputs)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        value, gate = self.both(x).chunk(2, dim=1)
        return value * gate.sigmoid()


class ResidualBlock(nn.Module):
    """`x + conv(act(conv(act(x))))` of two 3-wide convolutions; the second starts at zero, so that the block starts
    as the identity and a deep stack trains without normalisation (Zhang et al. 2019).
    """

    def __init__(self, channels: int, activation: Activation, ndim: int) -> None:
        super().__init__()
        convolution = CONVOLUTION[ndim]
        last = convolution(channels, channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.branch = nn.Sequential(
            ACTIVATIONS[activation](),
            convolution(channels, channels, 3, padding=1),
            ACTIVATIONS[activation](),
            last,
        )

    def forward(self, x: Float[Tensor, "batch channels *spatial"]) -> Float[Tensor, "batch channels *spatial"]:
        return x + self.branch(x)


class WithScale(nn.Module):
    """A decoder of means with one learned logarithm of a scale per channel beside them: the second parameter of a
    likelihood whose noise is the same at every pixel (Rybkin et al. 2021 find it better than one per pixel).
    """

    def __init__(self, decoder: nn.Module, image_shape: tuple[int, ...], initial: float = -1.0) -> None:
        super().__init__()
        self.decoder = decoder
        self.log_scale = nn.Parameter(torch.full((image_shape[0], *(1,) * (len(image_shape) - 1)), initial))

    def forward(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch two_channels *spatial"]:
        mean = self.decoder(codes, labels)
        return torch.cat([mean, self.log_scale.expand_as(mean)], dim=1)


def with_label(
    x: Float[Tensor, "batch features"], labels: Int[Tensor, " batch"] | None, classes: int
) -> Float[Tensor, "batch more"]:
    """Features with the class beside them, as ones and zeros, where there is one."""
    return x if labels is None else torch.cat([x, nn.functional.one_hot(labels, classes).to(x.dtype)], dim=1)
