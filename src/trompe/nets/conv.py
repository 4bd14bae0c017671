"""Convolutional towers for images of any size, in one, two or three dimensions.

The encoder halves the image once per width; the decoder is its mirror, and takes its `output_padding` from the
arithmetic, so that 25x31 comes back as 25x31.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..conv_arithmetic import lost_by_stride, pyramid
from ..errors import TrompeError
from ..names import Activation
from .layers import ACTIVATIONS, CONVOLUTION, TRANSPOSED, ResidualBlock, one_hot

STRIDE = 2


def tower_sizes(image_shape: tuple[int, ...], widths: Sequence[int], kernel: int) -> list[tuple[int, ...]]:
    """Spatial sizes of the image and after each strided layer."""
    try:
        return pyramid(image_shape[1:], len(widths), kernel, STRIDE, padding(kernel))
    except TrompeError as error:
        size = "x".join(map(str, image_shape[1:]))
        raise TrompeError(
            f"images of {size} are too small to be halved {len(widths)} times by kernels of {kernel}",
            hint="give fewer `--nets.widths`, an odd `--nets.kernel`, or a larger `--size`",
        ) from error


def padding(kernel: int) -> int:
    """The padding with which a stride of two halves: exactly for even sizes, rounded for odd ones."""
    return (kernel - 1) // 2


class ConvEncoder(nn.Module):
    """Image (and label) to `outputs` numbers: a strided convolution and `blocks` residual blocks per width, then one
    dense hidden layer where `hidden` is not zero, then a linear head. It centres grey levels to [-1, 1] first.
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        outputs: int,
        widths: Sequence[int],
        activation: Activation,
        *,
        kernel: int = 4,
        blocks: int = 0,
        hidden: int = 0,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        ndim = len(image_shape) - 1
        self.num_classes = num_classes
        sizes = tower_sizes(image_shape, widths, kernel)
        layers: list[nn.Module] = []
        channels = image_shape[0]
        for width in widths:
            layers.append(CONVOLUTION[ndim](channels, width, kernel, STRIDE, padding(kernel)))
            layers += [ResidualBlock(width, activation, ndim) for _ in range(blocks)]
            layers.append(ACTIVATIONS[activation]())
            channels = width
        self.tower = nn.Sequential(*layers)
        features = channels * math.prod(sizes[-1]) + num_classes
        dense = [nn.Linear(features, hidden), ACTIVATIONS[activation]()] if hidden else []
        self.head = nn.Sequential(*dense, nn.Linear(hidden or features, outputs))

    def forward(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch outputs"]:
        x = self.tower(2 * images - 1).flatten(1)
        if labels is not None:
            x = torch.cat([x, one_hot(labels, self.num_classes)], dim=1)
        return self.head(x)


class ConvDecoder(nn.Module):
    """Code (and label) to an image's parameters: the mirror of `ConvEncoder` with the same arguments."""

    def __init__(
        self,
        image_shape: tuple[int, ...],
        latent: int,
        widths: Sequence[int],
        activation: Activation,
        *,
        kernel: int = 4,
        blocks: int = 0,
        hidden: int = 0,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        ndim = len(image_shape) - 1
        self.num_classes = num_classes
        sizes = tower_sizes(image_shape, widths, kernel)
        self.start = (widths[-1], *sizes[-1])
        inputs = latent + num_classes
        dense = [nn.Linear(inputs, hidden), ACTIVATIONS[activation]()] if hidden else []
        self.stem = nn.Sequential(*dense, nn.Linear(hidden or inputs, math.prod(self.start)))
        layers: list[nn.Module] = []
        outputs = [image_shape[0], *widths[:-1]]
        for level in reversed(range(len(widths))):
            layers += [ResidualBlock(widths[level], activation, ndim) for _ in range(blocks)]
            layers.append(ACTIVATIONS[activation]())
            lost = tuple(lost_by_stride(size, kernel, STRIDE, padding(kernel)) for size in sizes[level])
            transposed: Any = TRANSPOSED[ndim]  # its signature wants a tuple of a length known beforehand
            layers.append(transposed(widths[level], outputs[level], kernel, STRIDE, padding(kernel), lost))
        self.tower = nn.Sequential(*layers)

    def forward(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        if labels is not None:
            codes = torch.cat([codes, one_hot(labels, self.num_classes)], dim=1)
        return self.tower(self.stem(codes).unflatten(1, self.start))
