"""Recipes of autodecoders."""

from __future__ import annotations

from dataclasses import replace

from ..families import Autodecoder
from ..options.nets import ConvOptions
from ..options.train import TrainOptions
from .table import YOURS, named
from .tree import Recipe
from .vaes import vae_mnist


@named(command="trompe train autodecoder --data PATH --size 64 --out runs/mine")
def autodecoder() -> Recipe:
    """Convolutional autodecoder for any images: a latent for each, optimized with the decoder, and no encoder.

    Sixteen images: `--data.limit 16`; with one-hot latents also `--family.latents one-hot --nets.latent 16`.
    """
    train = TrainOptions(steps=10_000, batch=64, evaluate_every=0)
    return Recipe(data=YOURS, nets=ConvOptions(), family=Autodecoder(), train=train)


@named(cost="a minute")
def autodecoder_mnist() -> Recipe:
    """MNIST with a free 20-dimensional latent for each of 60,000 images: `autoencoder-mnist` without its encoder."""
    base = vae_mnist()
    return replace(base, family=Autodecoder(likelihood="bernoulli"), train=replace(base.train, evaluate_every=0))
