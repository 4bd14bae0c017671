"""Recipes of autoencoders."""

from __future__ import annotations

from ..options import AutoencoderOptions, ConvOptions, DataOptions, MLPOptions, Recipe, TrainOptions


def autoencoder() -> Recipe:
    """Convolutional autoencoder for any pictures: your folder, your zip, or a named set.

    Command: `trompe train autoencoder --data PATH --size 64 --out runs/mine`
    """
    return Recipe(
        "autoencoder",
        nets=ConvOptions(),
        family=AutoencoderOptions(),
        train=TrainOptions(steps=10_000, batch=64, ema=0.999),
    )


def autoencoder_mnist() -> Recipe:
    """MNIST through a 20-number code: what `vae-mnist` is without its constraint.

    Command: `trompe train autoencoder-mnist --out runs/ae`
    """
    return Recipe(
        "autoencoder-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(500,), latent=20),
        family=AutoencoderOptions(likelihood="bernoulli"),
        train=TrainOptions(schedule="cosine", steps=12_000, batch=100),
    )
