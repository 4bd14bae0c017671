"""A recipe and a shape of pictures make a model."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .data.arrays import ImageData
from .distributions import LIKELIHOODS
from .errors import TrompeError
from .families import family_of
from .model import Model
from .nets import ConvDecoder, ConvEncoder, Encoder, MLPDecoder, MLPEncoder, Standardise, WithScale
from .options import MLPOptions, NetsOptions, Recipe, StackedOptions
from .rng import Stream, seeded

TOGETHER = 4096


def build_model(recipe: Recipe, image_shape: tuple[int, ...], num_classes: int = 0) -> Model:
    """The recipe's model for pictures of this shape, its weights a function of the recipe's seed.

    Args:
        image_shape: channels and spatial sizes.
        num_classes: classes of the data; they matter to a class-conditional recipe only.
    """
    family = family_of(recipe.family)
    classes = num_classes if recipe.nets.conditional else 0
    if recipe.nets.conditional and num_classes == 0:
        raise TrompeError(
            "a class-conditional recipe needs classes, and these pictures have none",
            hint="sort the pictures into one folder a class, or train without `--nets.conditional` (the recipe `vae`)",
        )
    learns_labels = isinstance(recipe.family, StackedOptions) and recipe.family.finetune == "labels"
    if learns_labels and num_classes == 0:
        raise TrompeError(
            "this recipe learns to classify, and these pictures have no classes",
            hint="sort the pictures into one folder a class, or use `--family.finetune reconstruction`",
        )
    outputs = recipe.nets.latent * (2 if family.posterior == "gaussian" else 1)
    with seeded(recipe.train.seed, Stream.INITIALISE):
        encoder, decoder = networks(recipe.nets, image_shape, outputs, classes)
        if LIKELIHOODS[recipe.family.likelihood].parameters_per_pixel == 2:
            decoder = WithScale(decoder, image_shape)
        return Model(
            encoder=encoder,
            decoder=decoder,
            classifier=nn.Linear(recipe.nets.latent, num_classes) if learns_labels else None,
            posterior=family.posterior,
            likelihood=recipe.family.likelihood,
            prior=family.prior,
            image_shape=image_shape,
            latent=recipe.nets.latent,
            num_classes=classes,
        )


def labelled(model: Model) -> bool:
    """Whether its losses see labels."""
    return model.num_classes > 0 or model.classifier is not None


def prepare(model: Model, recipe: Recipe, data: ImageData) -> None:
    """Set what of a new model is a function of its training pictures."""
    if standardisers := [module for module in model.modules() if isinstance(module, Standardise)]:
        mean, scale = mean_and_scale(data)
        for module in standardisers:
            module.mean.copy_(mean)
            module.scale.fill_(scale)
    family = family_of(recipe.family)
    if family.fit is not None:
        family.fit(model, recipe.family, data)


def mean_and_scale(data: ImageData) -> tuple[Float[Tensor, "channels *spatial"], float]:
    """The mean of each pixel, and the root of the variance around it averaged over all pixels, in grey levels."""
    total, squares = (np.zeros(data.image_shape) for _ in range(2))
    for start in range(0, len(data), TOGETHER):
        levels = data.images[start : start + TOGETHER] / 255
        total += levels.sum(0)
        squares += np.square(levels).sum(0)
    mean = total / len(data)
    variance = float((squares / len(data) - mean**2).mean())
    return torch.from_numpy(mean), math.sqrt(max(variance, 1e-12))


def networks(nets: NetsOptions, image_shape: tuple[int, ...], outputs: int, classes: int) -> tuple[Encoder, nn.Module]:
    """Encoder and decoder of a kind."""
    if isinstance(nets, MLPOptions):
        return MLPEncoder(image_shape, outputs, nets, classes), MLPDecoder(image_shape, nets, classes)
    return ConvEncoder(image_shape, outputs, nets, classes), ConvDecoder(image_shape, nets, classes)
