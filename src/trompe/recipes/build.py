"""A recipe and the format of the data make a model."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..core.distributions import LIKELIHOODS
from ..core.model import Model
from ..data.samples import Format, Samples
from ..errors import TrompeError
from ..nets.discriminators import make_spectral
from ..nets.layers import WithScale, initialize_normal
from ..nets.mlp import Standardize
from ..options.nets import ConvOptions
from ..rng import Stream, seeded
from .tree import Recipe

TOGETHER = 4096


def build_model(recipe: Recipe, data: Format) -> Model:
    """The recipe's model for data of this format, its weights a function of the recipe's seed.

    Raises:
        TrompeError: the recipe needs classes, and the data have none.
    """
    family, nets = recipe.family, recipe.nets
    if nets.conditional and data.num_classes == 0:
        raise TrompeError(
            "a class-conditional recipe needs classes, and these images have none",
            hint="sort the images into one folder per class, or train an unconditional recipe (`vae`, `gan`)",
        )
    if family.learns_labels and data.num_classes == 0:
        raise TrompeError(
            "this recipe learns to classify, and these images have no classes",
            hint="sort the images into one folder per class, or train a recipe without labels (`vae`, `autoencoder`)",
        )
    with seeded(recipe.train.seed, Stream.INITIALIZE):
        networks = family.networks(nets, data)
        if isinstance(nets, ConvOptions):
            for network in networks.values() if nets.init_std else ():
                initialize_normal(network, nets.init_std)
            if nets.spectral_norm:
                make_spectral(networks["discriminator"])
        if LIKELIHOODS[family.likelihood].parameters_per_value == 2:
            networks["decoder"] = WithScale(networks["decoder"], data.shape)
        return Model(
            networks,
            posterior=family.posterior,
            likelihood=family.likelihood,
            prior=family.prior,
            image_shape=data.shape,
            latent_shape=family.latent_shape(nets, data),
            input_shape=family.input_shape(data),
            num_classes=data.num_classes if nets.conditional else 0,
            condition_shape=data.condition_shape if family.takes_condition_images else None,
        )


def prepare(model: Model, recipe: Recipe, data: Samples) -> None:
    """Set what of a new model is a function of its training data."""
    if standardizers := [module for module in model.modules() if isinstance(module, Standardize)]:
        mean, scale = mean_and_scale(data)
        for module in standardizers:
            module.mean.copy_(mean)
            module.scale.fill_(scale)
    recipe.family.fit(model, data)


def mean_and_scale(data: Samples) -> tuple[Float[Tensor, "channels *spatial"], float]:
    """The mean of each pixel, and the root of the variance around it averaged over all pixels, on the [0, 1] scale."""
    low, high = data.value_range
    total, squares = (np.zeros(data.image_shape) for _ in range(2))
    for start in range(0, len(data), TOGETHER):
        values = (data.images[start : start + TOGETHER] - low) / (high - low)
        total += values.sum(0)
        squares += np.square(values).sum(0)
    mean = total / len(data)
    variance = float((squares / len(data) - mean**2).mean())
    return torch.from_numpy(mean), math.sqrt(max(variance, 1e-12))
