"""Recipes of variational autoencoders."""

from __future__ import annotations

from dataclasses import replace

from ..families import VAE
from ..options.data import DataOptions
from ..options.nets import ConvOptions, MLPOptions
from ..options.train import EvaluateOptions, TrainOptions
from .table import YOURS, Figure, Published, named
from .tree import Recipe

IWAE = "nats/image, K = 5,000"
BURDA = Published(-85.54, "trained with K = 5 for 3,280 epochs, evaluated with K = 5,000", "Burda et al. 2016")


@named(
    command="trompe train vae --data PATH --size 64 --out runs/mine",
    cost="64x64 color at about 400 images/s on one core in bfloat16",
)
def vae() -> Recipe:
    """Convolutional VAE for any images: your folder, your zip, or a named set.

    A Gaussian likelihood with a learned scale balances its two terms. 3,600 faces give samples with faces in them after
    3,000 steps; samples of more varied data, Tiny ImageNet for instance, stay blurred.
    """
    return Recipe(
        data=YOURS,
        nets=ConvOptions(hidden=512),
        family=VAE(likelihood="gaussian"),
        train=TrainOptions(steps=10_000, batch=64, ema=0.999),
    )


@named(command="trompe train cvae --data PATH --size 64 --out runs/mine")
def cvae() -> Recipe:
    """Class-conditional `vae`, for data with class folders or labels; `trompe sample RUN --class NAME`."""
    base = vae()
    return replace(base, nets=replace(base.nets, conditional=True))


@named(command="trompe train vae-mlp --data PATH --size 28 --out runs/mine")
def vae_mlp() -> Recipe:
    """The textbook's MLP VAE for any small images."""
    nets = MLPOptions(widths=(500,), latent=20)
    return Recipe(data=YOURS, nets=nets, train=TrainOptions(steps=10_000, batch=100))


@named(Figure("elbo", -23.8, "nats/image"), cost="half a minute")
def vae_digits() -> Recipe:
    """The bundled 8x8 digits with a two-dimensional latent: what `trompe demo` trains."""
    return Recipe(
        data=DataOptions("digits"),
        nets=MLPOptions(widths=(256, 256), latent=2, activation="silu"),
        family=VAE(kl_warmup=500),
        train=TrainOptions(
            schedule="cosine", steps=8000, batch=128, weight_decay=0.05, evaluate_every=500, sample_every=250, ema=0.99
        ),
    )


@named(Figure("elbo", -102.9, "nats/image"), cost="a minute and a half")
def vae_mnist() -> Recipe:
    """The textbook's VAE on MNIST: one hidden layer, 20 latent dimensions, gray levels as Bernoulli means."""
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(500,), latent=20),
        train=TrainOptions(schedule="cosine", steps=12_000, batch=100),
    )


@named(
    Figure("elbo", -131.8, "nats/image"),
    command="trompe train vae-mnist-2d --out runs/map && trompe figure latent-map runs/map",
    cost="ten minutes",
)
def vae_mnist_2d() -> Recipe:
    """MNIST with a two-dimensional latent, and networks deep enough to draw it."""
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(512, 512, 512), latent=2, activation="silu"),
        family=VAE(kl_warmup=2000),
        train=TrainOptions(schedule="cosine", steps=30_000, batch=200, weight_decay=0.02, ema=0.999),
    )


@named(
    Figure("elbo", -88.6, "nats/image"),
    Figure(
        "iwae_bound", -84.95, IWAE, Published(-84.45, "K = 5,000, after many more epochs", "Tomczak & Welling 2018")
    ),
    command="trompe train vae-mnist-gated --out runs/gated && trompe evaluate runs/gated",
    cost="a quarter of an hour on two quiet cores, and as long again to evaluate",
)
def vae_mnist_gated() -> Recipe:
    """The VampPrior paper's plain VAE, wider: dynamically binarized MNIST, gated MLPs, 40 latent dimensions."""
    return Recipe(
        data=DataOptions("mnist", binarize="dynamic"),
        nets=MLPOptions(widths=(500, 500), latent=40, gated=True),
        family=VAE(kl_warmup=10_000),
        train=TrainOptions(schedule="cosine", steps=40_000, batch=200, ema=0.9995, evaluate_every=5000),
        evaluate=EvaluateOptions(importance_samples=5000),
    )


@named()
def cvae_mnist() -> Recipe:
    """Class-conditional VAE on MNIST: the latent keeps the style, and every digit can be sampled."""
    base = vae_mnist()
    return replace(base, nets=MLPOptions(widths=(500,), latent=20, conditional=True))


@named(
    Figure("iwae_bound", None, IWAE, BURDA),
    command="trompe train iwae-mnist --family.importance-samples 50 --out runs/iwae",
)
def iwae_mnist() -> Recipe:
    """Importance-weighted autoencoder: 50 latent dimensions, two tanh layers of 200, dynamic binarization."""
    return Recipe(
        data=DataOptions("mnist", binarize="dynamic"),
        nets=MLPOptions(widths=(200, 200), latent=50, activation="tanh"),
        family=VAE(importance_samples=5),
        train=TrainOptions(schedule="cosine", steps=100_000, batch=100, ema=0.999, evaluate_every=5000),
        evaluate=EvaluateOptions(importance_samples=5000),
    )
