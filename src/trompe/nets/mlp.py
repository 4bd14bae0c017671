"""Multilayer perceptrons over flattened images."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..condition import NOTHING, Condition
from ..options.nets import MLPOptions
from .layers import ACTIVATIONS, BatchNorm, Encoder, GatedLinear, Images, Latents, with_class


def layer(inputs: int, outputs: int, options: MLPOptions) -> nn.Sequential:
    """A hidden layer with its non-linearity, which a gated layer has built in."""
    if options.gated:
        return nn.Sequential(GatedLinear(inputs, outputs))
    norm = [BatchNorm(outputs)] if options.norm != "none" else []
    return nn.Sequential(nn.Linear(inputs, outputs), *norm, ACTIVATIONS[options.activation]())


def linear_of(layer: nn.Module) -> nn.Linear:
    """The weights of a layer that is not gated."""
    linear = layer.get_submodule("0")
    assert isinstance(linear, nn.Linear)
    return linear


def hidden_layers(inputs: int, widths: tuple[int, ...], options: MLPOptions) -> list[nn.Sequential]:
    return [layer(below, width, options) for below, width in zip((inputs, *widths), widths, strict=False)]


class Standardize(nn.Module):
    """Images to mean zero at each pixel and variance one over all pixels, and back (Hinton & Salakhutdinov 2006,
    supporting text). Mean and scale are the training images', set when a run is made.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(image_shape))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, images: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        return (images - self.mean) / self.scale

    def inverse(self, standardized: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *shape"]:
        return self.mean + self.scale * standardized


class MLPEncoder(Encoder):
    """Image (and label) to `outputs` values, layer by layer: `layers[k]` is the k-th, with its non-linearity.

    Gray levels stay as they are unless the options standardize them: on images that are mostly zero, like handwriting,
    centering would spread each step's gradient over all the weights of the background (1.6 nats worse after 3,000 steps
    on MNIST).
    """

    def __init__(self, image_shape: tuple[int, ...], outputs: int, options: MLPOptions, num_classes: int = 0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.standardize = Standardize(image_shape) if options.standardize else None
        inputs = math.prod(image_shape) + num_classes
        options = replace(options, norm="none") if options.norm == "decoder" else options
        hidden = hidden_layers(inputs, options.widths, options)
        self.width = below = (inputs, *options.widths)[-1]
        latent = nn.Sequential(nn.Linear(below, outputs)) if options.linear_latent else layer(below, outputs, options)
        self.layers = nn.Sequential(*hidden, latent)

    def features(self, images: Images, condition: Condition = NOTHING) -> list[Float[Tensor, "batch _"]]:
        x = self.inputs(images, condition)
        return [x := layer(x) for layer in self.layers]

    def inputs(self, images: Images, condition: Condition = NOTHING) -> Float[Tensor, "batch inputs"]:
        """The first layer's input."""
        images = images if self.standardize is None else self.standardize(images)
        return with_class(images.flatten(1), condition, self.num_classes)


class MLPDecoder(nn.Module):
    """Latent (and label) to an image's parameters: the mirror of an `MLPEncoder` with the same options. Its k-th layer
    from the end inverts the encoder's k-th.
    """

    def __init__(self, image_shape: tuple[int, ...], options: MLPOptions, num_classes: int = 0) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.num_classes = num_classes
        self.standardize = Standardize(image_shape) if options.standardize else None
        inputs, widths = options.latent + num_classes, options.widths[::-1]
        hidden = hidden_layers(inputs, widths, options)
        last = nn.Sequential(nn.Linear((inputs, *widths)[-1], math.prod(image_shape)))
        self.layers = nn.Sequential(*hidden, last)

    def forward(self, latents: Latents, condition: Condition = NOTHING) -> Images:
        return self.outputs(self.layers(with_class(latents, condition, self.num_classes)))

    def outputs(self, values: Float[Tensor, "batch values"]) -> Images:
        """The last layer's output as parameters of an image."""
        images = values.unflatten(1, self.image_shape)
        return images if self.standardize is None else self.standardize.inverse(images)
