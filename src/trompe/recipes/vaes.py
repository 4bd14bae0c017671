"""Recipes of variational autoencoders."""

from __future__ import annotations

from dataclasses import replace

from ..options import ConvOptions, DataOptions, EvaluateOptions, MLPOptions, Recipe, TrainOptions, VAEOptions


def vae() -> Recipe:
    """Convolutional VAE for any pictures: your folder, your zip, or a named set.

    A Gaussian likelihood with learned deviation finds the balance of its two terms by itself.

    Command: `trompe train vae --data PATH --size 64 --out runs/mine`

    Cost: 64x64 colour at about 400 pictures a second on one core in bfloat16. 3,600 faces give samples with faces in
    them after 3,000 steps; what varies much more, as Tiny ImageNet does, stays a blur.
    """
    return Recipe(
        "vae",
        nets=ConvOptions(hidden=512),
        family=VAEOptions(likelihood="gaussian"),
        train=TrainOptions(steps=10_000, batch=64, ema=0.999),
    )


def cvae() -> Recipe:
    """`vae` told each picture's class: for data with class folders or labels; samples can be asked for by class.

    Command: `trompe train cvae --data PATH --size 64 --out runs/mine`
    """
    base = vae()
    return replace(base, name="cvae", nets=replace(base.nets, conditional=True))


def vae_mlp() -> Recipe:
    """The textbook's MLP VAE for any small pictures.

    Command: `trompe train vae-mlp --data PATH --size 28 --out runs/mine`
    """
    return Recipe("vae-mlp", nets=MLPOptions(widths=(500,), latent=20), train=TrainOptions(steps=10_000, batch=100))


def vae_digits() -> Recipe:
    """The bundled 8x8 digits on a map of two numbers: what `trompe demo` trains.

    Command: `trompe train vae-digits --out runs/digits`

    Cost: half a minute. Expect an ELBO of -23.8 nats.
    """
    return Recipe(
        "vae-digits",
        nets=MLPOptions(widths=(256, 256), latent=2, activation="silu"),
        family=VAEOptions(warmup=500),
        train=TrainOptions(
            schedule="cosine", steps=8000, batch=128, weight_decay=0.05, evaluate_every=500, sample_every=250, ema=0.99
        ),
    )


def vae_mnist() -> Recipe:
    """The textbook's VAE on MNIST: one hidden layer, 20 code numbers, grey levels as Bernoulli means.

    Command: `trompe train vae-mnist --out runs/v`

    Cost: a minute and a half. Expect an ELBO of -102.9 nats.
    """
    return Recipe(
        "vae-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(500,), latent=20),
        train=TrainOptions(schedule="cosine", steps=12_000, batch=100),
    )


def vae_mnist_2d() -> Recipe:
    """MNIST on a map of two numbers, with networks deep enough to draw it.

    Command: `trompe train vae-mnist-2d --out runs/map`, then `trompe figure latent-map runs/map`

    Cost: ten minutes. Expect an ELBO of -131.8 nats.
    """
    return Recipe(
        "vae-mnist-2d",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(512, 512, 512), latent=2, activation="silu"),
        family=VAEOptions(warmup=2000),
        train=TrainOptions(
            schedule="cosine", steps=30_000, batch=200, learning_rate=1e-3, weight_decay=0.02, ema=0.999
        ),
    )


def vae_mnist_gated() -> Recipe:
    """Dynamically binarised MNIST, gated MLPs of two layers, 40 code numbers: the VampPrior paper's plain VAE, wider.

    Command: `trompe train vae-mnist-gated --out runs/gated`, then `trompe evaluate runs/gated --codes 5000`

    Cost: a quarter of an hour on two quiet cores, and as long again to evaluate. Expect an ELBO of -88.6 nats and
    -84.95 with 5,000 codes; published -84.45 (Tomczak & Welling 2018), after many more epochs.
    """
    return Recipe(
        "vae-mnist-gated",
        data=DataOptions("mnist", binarise="dynamic"),
        nets=MLPOptions(widths=(500, 500), latent=40, gated=True),
        family=VAEOptions(warmup=10_000),
        train=TrainOptions(
            schedule="cosine", steps=40_000, batch=200, learning_rate=1e-3, ema=0.9995, evaluate_every=5000
        ),
        evaluate=EvaluateOptions(codes=5000),
    )


def cvae_mnist() -> Recipe:
    """MNIST told the class: the code keeps the style, and every digit can be asked for.

    Command: `trompe train cvae-mnist --out runs/c`
    """
    base = vae_mnist()
    return replace(base, name="cvae-mnist", nets=MLPOptions(widths=(500,), latent=20, conditional=True))


def iwae_mnist() -> Recipe:
    """The importance-weighted autoencoder: one stochastic layer of 50, two tanh layers of 200, dynamic binarisation.

    Command: `trompe train iwae-mnist --family.samples 50 --out runs/iwae`

    Published for these networks after 3,280 epochs, with 5,000 codes: -85.54 nats with 5 samples, -84.78 with 50
    (Burda et al. 2016). Not yet run to its end here.
    """
    return Recipe(
        "iwae-mnist",
        data=DataOptions("mnist", binarise="dynamic"),
        nets=MLPOptions(widths=(200, 200), latent=50, activation="tanh"),
        family=VAEOptions(samples=5),
        train=TrainOptions(schedule="cosine", steps=100_000, batch=100, ema=0.999, evaluate_every=5000),
        evaluate=EvaluateOptions(codes=5000),
    )
