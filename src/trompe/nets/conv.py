"""Convolutional networks for images of any size, in one, two or three dimensions.

The encoder halves the image once per width; the decoder mirrors it, with the `output_padding` that restores each size,
25x31 for instance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ..condition import NOTHING, Condition
from ..conv_arithmetic import Axis, accepted_sizes, lost_by_stride, pyramid
from ..errors import TrompeError
from ..options.nets import ConvOptions
from .layers import ACTIVATIONS, CONVOLUTION, BatchNorm, Encoder, Images, Latents, ResidualBlock, with_class

# torch types their sizes as tuples of a fixed length
TRANSPOSED: dict[int, Any] = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
STRIDE = 2
LARGEST = 1024
"""Largest side tried in the search for the smallest that fits."""


def tower_sizes(image_shape: tuple[int, ...], widths: Sequence[int], kernel: int) -> list[tuple[int, ...]]:
    """Spatial sizes of the image and after each strided layer."""
    try:
        return pyramid(image_shape[1:], len(widths), kernel, STRIDE, padding(kernel))
    except TrompeError as error:
        size = "x".join(map(str, image_shape[1:]))
        stack = [Axis(kernel, STRIDE, (padding(kernel),) * 2)] * len(widths)
        smallest = next(iter(accepted_sizes(stack, LARGEST)), None)
        raise TrompeError(
            f"images of {size} are too small to be halved {len(widths)} times by kernels of {kernel}",
            hint="give fewer `--nets.widths`, an odd `--nets.kernel`, or a larger `--size`"
            + (f", from {smallest} on" if smallest else ""),
        ) from error


def padding(kernel: int) -> int:
    """The padding with which a stride of two halves: exactly for even sizes, rounded for odd ones."""
    return (kernel - 1) // 2


class ConvEncoder(Encoder):
    """Image (and label) to `outputs` values: a strided convolution and residual blocks per width, then a dense hidden
    layer where the options have one, then a linear head. Gray levels are first scaled to [-1, 1]. The first layer, next
    to the images, is not normalized (Radford et al. 2016).
    """

    def __init__(self, image_shape: tuple[int, ...], outputs: int, options: ConvOptions, num_classes: int = 0) -> None:
        super().__init__()
        ndim, kernel, activation = len(image_shape) - 1, options.kernel, options.activation
        self.num_classes = num_classes
        sizes = tower_sizes(image_shape, options.widths, kernel)
        layers: list[nn.Module] = []
        channels = image_shape[0]
        for width in options.widths:
            layers.append(CONVOLUTION[ndim](channels, width, kernel, STRIDE, padding(kernel)))
            if options.norm == "batch" and len(layers) > 1:
                layers.append(BatchNorm(width))
            layers += [ResidualBlock(width, activation, ndim) for _ in range(options.blocks)]
            layers.append(ACTIVATIONS[activation]())
            channels = width
        self.tower = nn.Sequential(*layers)
        self.width = channels * math.prod(sizes[-1])
        self.head = dense(self.width + num_classes, outputs, options)

    def features(self, images: Images, condition: Condition = NOTHING) -> list[Float[Tensor, "batch _"]]:
        tower = self.tower(2 * images - 1).flatten(1)
        return [tower, self.head(with_class(tower, condition, self.num_classes))]


class ConvDecoder(nn.Module):
    """Latent (and label) to an image's parameters: the mirror of a `ConvEncoder` with the same options."""

    def __init__(self, image_shape: tuple[int, ...], options: ConvOptions, num_classes: int = 0) -> None:
        super().__init__()
        ndim, kernel, activation, widths = len(image_shape) - 1, options.kernel, options.activation, options.widths
        self.num_classes = num_classes
        sizes = tower_sizes(image_shape, widths, kernel)
        self.start = (widths[-1], *sizes[-1])
        self.stem = dense(options.latent + num_classes, math.prod(self.start), options)
        layers: list[nn.Module] = []
        outputs = [image_shape[0], *widths[:-1]]
        for level in reversed(range(len(widths))):
            layers += [ResidualBlock(widths[level], activation, ndim) for _ in range(options.blocks)]
            if options.norm != "none":
                layers.append(BatchNorm(widths[level]))
            layers.append(ACTIVATIONS[activation]())
            lost = tuple(lost_by_stride(size, kernel, STRIDE, padding(kernel)) for size in sizes[level])
            layers.append(TRANSPOSED[ndim](widths[level], outputs[level], kernel, STRIDE, padding(kernel), lost))
        self.tower = nn.Sequential(*layers)

    def forward(self, latents: Latents, condition: Condition = NOTHING) -> Images:
        return self.tower(self.stem(with_class(latents, condition, self.num_classes)).unflatten(1, self.start))


def dense(inputs: int, outputs: int, options: ConvOptions) -> nn.Sequential:
    """A linear layer, with a hidden one before it where the options have one."""
    if options.hidden == 0:
        return nn.Sequential(nn.Linear(inputs, outputs))
    hidden = nn.Linear(inputs, options.hidden)
    return nn.Sequential(hidden, ACTIVATIONS[options.activation](), nn.Linear(options.hidden, outputs))
