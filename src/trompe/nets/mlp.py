"""Multilayer perceptrons over flattened images."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..options import MLPOptions
from .layers import ACTIVATIONS, Encoder, GatedLinear, with_label


def layer(inputs: int, outputs: int, options: MLPOptions) -> nn.Sequential:
    """A hidden layer with its non-linearity; a gated layer is its own."""
    if options.gated:
        return nn.Sequential(GatedLinear(inputs, outputs))
    norm = [nn.BatchNorm1d(outputs)] if options.norm != "none" else []
    return nn.Sequential(nn.Linear(inputs, outputs), *norm, ACTIVATIONS[options.activation]())


def linear_of(layer: nn.Module) -> nn.Linear:
    """The weights of a layer that is not gated."""
    linear = layer.get_submodule("0")
    assert isinstance(linear, nn.Linear)
    return linear


def hidden_layers(inputs: int, widths: tuple[int, ...], options: MLPOptions) -> list[nn.Sequential]:
    """Hidden layers of these widths, one after another."""
    return [layer(below, width, options) for below, width in zip((inputs, *widths), widths, strict=False)]


class Standardise(nn.Module):
    """Pictures to numbers of mean zero at each pixel and variance one over all pixels, and back (Hinton & Salakhutdinov
    2006, supporting text). Mean and scale are the training pictures', measured when a run is made.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(image_shape))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, images: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        return (images - self.mean) / self.scale

    def inverse(self, standardised: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        return self.mean + self.scale * standardised


class MLPEncoder(Encoder):
    """Image (and label) to `outputs` numbers, layer by layer: `layers[k]` is the k-th, with its non-linearity.

    It sees grey levels as they are unless it is to standardise them: on pictures that are mostly zero, like
    handwriting, centring them would spread each step's gradient over all the weights of the background (1.6 nats worse
    after 3,000 steps on MNIST).
    """

    def __init__(self, image_shape: tuple[int, ...], outputs: int, options: MLPOptions, num_classes: int = 0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.standardise = Standardise(image_shape) if options.standardise else None
        inputs = math.prod(image_shape) + num_classes
        options = replace(options, norm="none") if options.norm == "decoder" else options
        hidden = hidden_layers(inputs, options.widths, options)
        self.width = below = (inputs, *options.widths)[-1]
        code = nn.Sequential(nn.Linear(below, outputs)) if options.linear_code else layer(below, outputs, options)
        self.layers = nn.Sequential(*hidden, code)

    def features(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> list[Float[Tensor, "batch width"]]:
        x = self.inputs(images, labels)
        return [x := layer(x) for layer in self.layers]

    def inputs(
        self, images: Float[Tensor, "batch channels *spatial"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch inputs"]:
        """What the first layer sees."""
        images = images if self.standardise is None else self.standardise(images)
        return with_label(images.flatten(1), labels, self.num_classes)


class MLPDecoder(nn.Module):
    """Code (and label) to an image's parameters; the mirror of `MLPEncoder` with the same options: its k-th layer from
    the end undoes the encoder's k-th.
    """

    def __init__(self, image_shape: tuple[int, ...], options: MLPOptions, num_classes: int = 0) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.num_classes = num_classes
        self.standardise = Standardise(image_shape) if options.standardise else None
        inputs, widths = options.latent + num_classes, options.widths[::-1]
        hidden = hidden_layers(inputs, widths, options)
        last = nn.Sequential(nn.Linear((inputs, *widths)[-1], math.prod(image_shape)))
        self.layers = nn.Sequential(*hidden, last)

    def forward(
        self, codes: Float[Tensor, "batch latent"], labels: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels *spatial"]:
        return self.outputs(self.layers(with_label(codes, labels, self.num_classes)))

    def outputs(self, numbers: Float[Tensor, "batch numbers"]) -> Float[Tensor, "batch channels *spatial"]:
        """The last layer's numbers as parameters of a picture."""
        images = numbers.unflatten(1, self.image_shape)
        return images if self.standardise is None else self.standardise.inverse(images)
