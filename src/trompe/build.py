"""A recipe and a shape of pictures make a model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .data.arrays import ImageData
from .distributions import LIKELIHOODS
from .errors import TrompeError
from .families import family_of
from .model import Model
from .nets import (
    JOINT,
    CodeDiscriminator,
    ConvDecoder,
    ConvEncoder,
    Discriminator,
    Encoder,
    ImageDiscriminator,
    MLPDecoder,
    MLPEncoder,
    PairDiscriminator,
    Standardise,
    WithScale,
    make_spectral,
    start_from_normal,
)
from .options import ConvOptions, MLPOptions, NetsOptions, Recipe, StackedOptions
from .rng import Stream, seeded

TOGETHER = 4096


def build_model(recipe: Recipe, image_shape: tuple[int, ...], num_classes: int = 0) -> Model:
    """The recipe's model for pictures of this shape, its weights a function of the recipe's seed.

    Args:
        image_shape: channels and spatial sizes.
        num_classes: classes of the data; they matter to a class-conditional recipe only.
    """
    family = recipe.family
    classes = num_classes if recipe.nets.conditional else 0
    if recipe.nets.conditional and num_classes == 0:
        raise TrompeError(
            "a class-conditional recipe needs classes, and these pictures have none",
            hint="sort the pictures into one folder a class, or train a recipe that is not told it (`vae`, `gan`)",
        )
    learns_labels = isinstance(family, StackedOptions) and family.finetune == "labels"
    if learns_labels and num_classes == 0:
        raise TrompeError(
            "this recipe learns to classify, and these pictures have no classes",
            hint="sort the pictures into one folder a class, or use `--family.finetune reconstruction`",
        )
    with seeded(recipe.train.seed, Stream.INITIALISE):
        encoder, decoder, discriminator = networks(recipe, image_shape, classes)
        if LIKELIHOODS[family.likelihood].parameters_per_pixel == 2:
            decoder = WithScale(decoder, image_shape)
        return Model(
            encoder=encoder,
            decoder=decoder,
            discriminator=discriminator,
            classifier=nn.Linear(recipe.nets.latent, num_classes) if learns_labels else None,
            posterior=family.posterior,
            likelihood=family.likelihood,
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


def networks(
    recipe: Recipe, image_shape: tuple[int, ...], classes: int
) -> tuple[Encoder | None, nn.Module, Discriminator | None]:
    """Encoder, decoder and discriminator, as the family has them."""
    nets, family = recipe.nets, family_of(recipe.family)
    outputs = nets.latent * (2 if recipe.family.posterior == "gaussian" else 1)
    encoder = encoder_of(nets, image_shape, outputs, classes) if family.encodes else None
    decoder = decoder_of(nets, image_shape, classes)
    discriminator: Discriminator | None = None
    linear = replace(nets, linear_code=True) if isinstance(nets, MLPOptions) else nets  # a logit has no bounds
    match family.discriminates:
        case "images":
            discriminator = ImageDiscriminator(encoder_of(linear, image_shape, 1, 0), classes)
        case "pairs":
            # normalised by itself, a batch of fakes would lose what sets its mean apart from the real ones'
            plain = replace(linear, norm="none")
            discriminator = PairDiscriminator(encoder_of(plain, image_shape, JOINT, classes), nets.latent)
        case "codes":
            discriminator = CodeDiscriminator(nets.latent, classes)
    if isinstance(nets, ConvOptions):
        if nets.initial:
            for network in (encoder, decoder, discriminator):
                if network is not None:
                    start_from_normal(network, nets.initial)
        if nets.spectral and discriminator is not None:
            make_spectral(discriminator)
    return encoder, decoder, discriminator


def decoder_of(nets: NetsOptions, image_shape: tuple[int, ...], classes: int) -> nn.Module:
    if isinstance(nets, MLPOptions):
        return MLPDecoder(image_shape, nets, classes)
    return ConvDecoder(image_shape, nets, classes)


def encoder_of(nets: NetsOptions, image_shape: tuple[int, ...], outputs: int, classes: int) -> Encoder:
    if isinstance(nets, MLPOptions):
        return MLPEncoder(image_shape, outputs, nets, classes)
    return ConvEncoder(image_shape, outputs, nets, classes)
