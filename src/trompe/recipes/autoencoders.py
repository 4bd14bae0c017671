"""Recipes of autoencoders: principal components, deep ones, and what the lecture compares them on."""

from __future__ import annotations

from dataclasses import replace

from ..options import (
    AutoencoderOptions,
    ConvOptions,
    DataOptions,
    MLPOptions,
    PatchOptions,
    PCAOptions,
    Recipe,
    StackedOptions,
    TrainOptions,
)

FACE_PATCHES = PatchOptions(size=25, window=57, turn=90, enlarge=(1.4, 1.8), count=414)
"""165,600 patches of 400 faces (Hinton & Salakhutdinov 2006). Their exact crop law is unpublished; this one gives 30
principal components the error they report."""


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


def pca() -> Recipe:
    """Principal components of any pictures, as a model like any other: what a deep autoencoder must beat.

    Command: `trompe train pca --data PATH --size 32 --nets.latent 30 --out runs/pca`

    Cost: seconds.
    """
    nets = MLPOptions(widths=(), latent=30, standardise=True)
    return Recipe("pca", nets=nets, family=PCAOptions(), train=TrainOptions(steps=0))


def pca_mnist() -> Recipe:
    """Thirty principal components of MNIST.

    Command: `trompe train pca-mnist --out runs/pca-mnist`

    Cost: seconds. Expect a squared error of 13.9 a picture; published 13.87 (Hinton & Salakhutdinov 2006).
    """
    return replace(pca(), name="pca-mnist", data=DataOptions("mnist"))


def pca_faces() -> Recipe:
    """Thirty principal components of face patches, measured on people they have not seen.

    Command: `trompe train pca-faces --out runs/pca-faces`

    Cost: seconds. Expect a standardised squared error of 134 a patch; published 135 (Hinton & Salakhutdinov 2006).
    """
    return replace(pca(), name="pca-faces", data=DataOptions("olivetti", patch=FACE_PATCHES))


def pca_curves() -> Recipe:
    """Eighteen principal components of the curves, three times what six numbers made.

    Command: `trompe train pca-curves --out runs/pca-curves`

    Cost: seconds. Expect a squared error of 6.1 a picture; published 5.90 (Hinton & Salakhutdinov 2006).
    """
    base = pca()
    return replace(base, name="pca-curves", data=DataOptions("curves"), nets=replace(base.nets, latent=18))


def logistic_pca_mnist() -> Recipe:
    """Logistic PCA of MNIST: an autoencoder of one layer each way, trained on the cross-entropy.

    Command: `trompe train logistic-pca-mnist --out runs/logistic-pca-mnist`

    Cost: a minute. Expect a squared error of 7.96 a picture; published 8.01 (Hinton & Salakhutdinov 2006).
    """
    return Recipe(
        "logistic-pca-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(), latent=30),
        family=AutoencoderOptions(likelihood="bernoulli"),
        train=TrainOptions(schedule="cosine", steps=20_000, batch=200, learning_rate=2e-3),
    )


def deep_mnist() -> Recipe:
    """The deep autoencoder 784-1000-500-250-30 on MNIST.

    Command: `trompe train deep-mnist --out runs/deep-mnist`

    Cost: half an hour. Expect a squared error of 1.79 a picture; published 3.00, with pretraining (Hinton &
    Salakhutdinov 2006).
    """
    return Recipe(
        "deep-mnist",
        data=DataOptions("mnist", turn=10, zoom=0.1, shift=1.5),
        nets=MLPOptions(widths=(1000, 500, 250), latent=30, activation="silu"),
        family=AutoencoderOptions(),
        train=TrainOptions(
            optimiser="muon",
            learning_rate=2e-3,
            schedule="cosine",
            steps=15_000,
            batch=500,
            rate_warmup=300,
            weight_decay=0.02,
            ema=0.999,
            sample_every=2500,
        ),
    )


def deep_faces() -> Recipe:
    """The deep autoencoder 625-2000-1000-500-30 on face patches, measured on people it has not seen.

    Command: `trompe train deep-faces --out runs/deep-faces`, then
    `trompe figure reconstructions runs/deep-faces runs/pca-faces`

    Cost: ten minutes. Expect a standardised squared error of 101 a patch, .754 of PCA's; published 126 of 135, .933 of
    it, with pretraining (Hinton & Salakhutdinov 2006).
    """
    return Recipe(
        "deep-faces",
        data=DataOptions("olivetti", flip=True, patch=replace(FACE_PATCHES, fresh=True)),
        nets=MLPOptions(widths=(2000, 1000, 500), latent=30, activation="silu", standardise=True),
        family=AutoencoderOptions(likelihood="linear"),
        train=TrainOptions(
            schedule="cosine", steps=12_000, batch=256, rate_warmup=300, weight_decay=0.05, ema=0.999, sample_every=2000
        ),
    )


def deep_curves() -> Recipe:
    """The deep autoencoder 784-400-200-100-50-25-6 on curves that six numbers make.

    Command: `trompe train deep-curves --out runs/deep-curves`

    Cost: ten minutes. Expect a squared error of 1.07 a picture; published 1.44, with pretraining and on curves whose
    law is not known exactly (Hinton & Salakhutdinov 2006).
    """
    return Recipe(
        "deep-curves",
        data=DataOptions("curves", turn=180, zoom=0.1, shift=1, flip=True),
        nets=MLPOptions(widths=(400, 200, 100, 50, 25), latent=6, activation="silu"),
        family=AutoencoderOptions(),
        train=TrainOptions(
            optimiser="muon",
            learning_rate=2e-3,
            schedule="cosine",
            steps=20_000,
            batch=256,
            rate_warmup=300,
            ema=0.999,
            sample_every=5000,
        ),
    )


def rbm_mnist() -> Recipe:
    """`deep-mnist` as it was first done: logistic units, a restricted Boltzmann machine a layer, then all together.

    Command: `trompe train rbm-mnist --out runs/rbm-mnist`; without its pretraining, the same with
    `--family.layer-steps --train.steps 14000`

    Cost: ten minutes. Expect a squared error of 2.87 a picture, of 11.5 before all layers learn together, and of 23.0
    without pretraining; published 3.00 (Hinton & Salakhutdinov 2006).
    """
    return Recipe(
        "rbm-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(1000, 500, 250), latent=30, activation="sigmoid"),
        family=StackedOptions(
            layer_steps=(4000, 4000, 4000, 4000), layer_rate=10, layers="rbm", finetune="reconstruction"
        ),
        train=TrainOptions(schedule="cosine", steps=30_000, batch=250, ema=0.999, sample_every=0, snapshots=(16_000,)),
    )
