"""Layers that torch does not have, and what all networks share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..condition import NOTHING, Condition
from ..options.names import Activation
from ..ranks import ALONE, Ranks

Images = Float[Tensor, "batch channels *spatial"]
Latents = Float[Tensor, "batch latent"]

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


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalization (Ioffe & Szegedy 2015) over the global batch, for any number of spatial axes. In a single
    process it is torch's own.
    """

    ranks: Ranks = ALONE
    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def _check_input_dim(self, x: Tensor) -> None:
        pass

    def forward(self, x: Images) -> Images:
        if self.ranks.size == 1 or not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.ndim)]
        each = (1, -1, *(1,) * (x.ndim - 2))
        counts = self.ranks.sum(torch.tensor(float(x[:, 0].numel()), device=x.device))
        mean = self.ranks.sum(x.float().sum(axes)) / counts
        centered = x.float() - mean.view(each)
        variance = self.ranks.sum(centered.square().sum(axes)) / counts
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * counts / (counts - 1), self.momentum)
        normalized = centered * (variance + self.eps).rsqrt().view(each)
        return (normalized * self.weight.view(each) + self.bias.view(each)).to(x.dtype)


class Encoder(nn.Module, ABC):
    """A network from images (and a condition) to a posterior's parameters, layer by layer.

    Attributes:
        width: units of the layer before the last.
    """

    width: int

    @abstractmethod
    def features(self, images: Images, condition: Condition = NOTHING) -> list[Float[Tensor, "batch _"]]:
        """The output of each layer, flattened, the lowest first; the last is the posterior's parameters."""

    def forward(self, images: Images, condition: Condition = NOTHING) -> Float[Tensor, "batch outputs"]:
        return self.features(images, condition)[-1]


def initialize_normal(network: nn.Module, std: float) -> None:
    """Weights of convolutions and linear layers from a normal distribution, biases zero (Radford et al. 2016); weights
    that start at zero stay zero, and those of a model of shapes alone (on torch's `meta`) have no values.
    """
    for module in network.modules():
        if not isinstance(module, nn.Linear | nn.modules.conv._ConvNd) or module.weight.is_meta:
            continue
        if module.weight.any():
            nn.init.normal_(module.weight, std=std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def class_vectors(classes: int, width: int) -> nn.Embedding:
    """A vector for each class, of a length of about one. On `meta`, where there are no values, drawing them as
    `nn.Embedding` does would load torch's compiler, which takes two seconds.
    """
    weight = torch.empty(classes, width)
    if not weight.is_meta:
        nn.init.normal_(weight)  # `nn.Embedding`'s own, so that a seed gives the weights it always gave
        nn.init.normal_(weight, std=width**-0.5)
    return nn.Embedding(classes, width, _weight=weight)


class GatedLinear(nn.Module):
    """`(W x + b) * sigmoid(V x + c)` (Dauphin et al. 2017; the hidden layer of the VampPrior's networks)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.both = nn.Linear(inputs, 2 * outputs)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        value, gate = self.both(x).chunk(2, dim=1)
        return value * gate.sigmoid()


class ResidualBlock(nn.Module):
    """`x + conv(act(conv(act(x))))` with kernels of 3. The second convolution starts at zero, so that the block is at
    first the identity and a deep stack trains without normalization (Zhang et al. 2019).
    """

    def __init__(self, channels: int, activation: Activation, ndim: int) -> None:
        super().__init__()
        convolution = CONVOLUTION[ndim]
        last = convolution(channels, channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.branch = nn.Sequential(
            ACTIVATIONS[activation](), convolution(channels, channels, 3, padding=1), ACTIVATIONS[activation](), last
        )

    def forward(self, x: Images) -> Images:
        return x + self.branch(x)


class WithScale(nn.Module):
    """A decoder of means, with a learned log-scale per channel as the second parameter of the likelihood: the same at
    every pixel, which Rybkin et al. 2021 find better than one per pixel.
    """

    def __init__(self, decoder: nn.Module, image_shape: tuple[int, ...], initial: float = -1.0) -> None:
        super().__init__()
        self.decoder = decoder
        self.log_scale = nn.Parameter(torch.full((image_shape[0], *(1,) * (len(image_shape) - 1)), initial))

    def forward(
        self, latents: Float[Tensor, "batch *latent"], condition: Condition = NOTHING
    ) -> Float[Tensor, "batch two_channels *spatial"]:
        mean = self.decoder(latents, condition)
        return torch.cat([mean, self.log_scale.expand_as(mean)], dim=1)


def with_class(x: Float[Tensor, "batch features"], condition: Condition, classes: int) -> Float[Tensor, "batch more"]:
    """Features and the one-hot class, of a class-conditional network; else the features."""
    if classes == 0:
        return x
    assert condition.labels is not None, "a class-conditional network needs labels"
    return torch.cat([x, nn.functional.one_hot(condition.labels, classes).to(x.dtype)], dim=1)
