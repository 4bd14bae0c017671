"""The named recipes.

Each is a function whose docstring gives the command, the cost on two CPU cores, and the number to expect. A recipe is
derived from another with `dataclasses.replace`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..errors import TrompeError, nearest
from ..options import Recipe
from . import autoencoders, denoising, gans, vaes

RECIPES: dict[str, Callable[[], Recipe]] = {
    "vae": vaes.vae,
    "cvae": vaes.cvae,
    "vae-mlp": vaes.vae_mlp,
    "vae-digits": vaes.vae_digits,
    "vae-mnist": vaes.vae_mnist,
    "vae-mnist-2d": vaes.vae_mnist_2d,
    "vae-mnist-gated": vaes.vae_mnist_gated,
    "cvae-mnist": vaes.cvae_mnist,
    "iwae-mnist": vaes.iwae_mnist,
    "autoencoder": autoencoders.autoencoder,
    "autoencoder-mnist": autoencoders.autoencoder_mnist,
    "pca": autoencoders.pca,
    "pca-mnist": autoencoders.pca_mnist,
    "pca-faces": autoencoders.pca_faces,
    "pca-curves": autoencoders.pca_curves,
    "logistic-pca-mnist": autoencoders.logistic_pca_mnist,
    "deep-mnist": autoencoders.deep_mnist,
    "deep-faces": autoencoders.deep_faces,
    "deep-curves": autoencoders.deep_curves,
    "rbm-mnist": autoencoders.rbm_mnist,
    "dae": denoising.dae,
    "dae-mnist": denoising.dae_mnist,
    "dae-patches": denoising.dae_patches,
    "sdae-mnist": denoising.sdae_mnist,
    "gan": gans.gan,
    "gan-faces": gans.gan_faces,
    "gan-2d": gans.gan_2d,
    "gan-mnist": gans.gan_mnist,
    "gan-cifar10-lecture": gans.gan_cifar10_lecture,
    "gan-imagenet64-lecture": gans.gan_imagenet64_lecture,
    "dcgan-cifar10": gans.dcgan_cifar10,
    "gan-cifar10": gans.gan_cifar10,
    "cgan": gans.cgan,
    "cgan-mnist": gans.cgan_mnist,
    "bigan-mnist": gans.bigan_mnist,
    "aae-mnist": gans.aae_mnist,
    "vae-gan": gans.vae_gan,
}


def recipe(name: str) -> Recipe:
    """A named recipe, to train as it is or to change first.

    Raises:
        TrompeError: no recipe has this name; the hint names the nearest.
    """
    if name not in RECIPES:
        raise TrompeError(f"no recipe is named `{name}`", hint=f"{nearest(name, RECIPES)} (`trompe recipes` lists all)")
    return RECIPES[name]()


def describe(name: str) -> str:
    """A recipe's docstring."""
    recipe(name)
    return inspect.getdoc(RECIPES[name]) or ""
