"""Multilayer perceptrons over flattened images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..names import Activation
from .layers import ACTIVATIONS, GatedLinear, one_hot


def stack(inputs: int, widths: Sequence[int], activation: Activation, *, gated: bool) -> nn.Sequential:
    """Hidden layers of these widths; a gated layer is its own non-linearity."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [GatedLinear(inputs, width)] if gated else [nn.Linear(inputs, width), ACTIVATIONS[activation]()]
        inputs = width
    return nn.Sequential(*layers)


class MLPEncoder(nn.Module):
    """Image (and label) to `outputs` numbers, through hidden layers of `widths`.

    It sees grey levels as they are: on pictures that are mostly zero, like handwriting, centring them would spread
    each step's gradient over all the weights of the background (1.6 nats worse after 3,000 steps on MNIST).
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        outputs: int,
        widths: Sequence[int],
        activation: Activation,
        *,
        gated: bool = False,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        inputs = math.prod(image_shape) + num_classes
        self.hidden = stack(inputs, widths, activation, gated=gated)
        self.head = nn.Linear(widths[-1] if widths else inputs, outputs)

    def forward(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch outputs"]:
        x = images.flatten(1)
        if labels is not None:
            x = torch.cat([x, one_hot(labels, self.num_classes)], dim=1)
        return self.head(self.hidden(x))


class MLPDecoder(nn.Module):
    """Code (and label) to an image's parameters, through hidden layers of `widths`."""

    def __init__(
        self,
        image_shape: tuple[int, ...],
        latent: int,
        widths: Sequence[int],
        activation: Activation,
        *,
        gated: bool = False,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.num_classes = num_classes
        inputs = latent + num_classes
        self.hidden = stack(inputs, widths, activation, gated=gated)
        self.head = nn.Linear(widths[-1] if widths else inputs, math.prod(image_shape))

    def forward(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        if labels is not None:
            codes = torch.cat([codes, one_hot(labels, self.num_classes)], dim=1)
        return self.head(self.hidden(codes)).unflatten(1, self.image_shape)
