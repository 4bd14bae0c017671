"""Recipes of autoencoders: principal components, deep ones, and what the lecture compares them on."""

from __future__ import annotations

from dataclasses import replace

from ..families import PCA, Autoencoder, StackedAutoencoder
from ..options.data import DataOptions, PatchOptions
from ..options.nets import ConvOptions, MLPOptions
from ..options.train import TrainOptions
from .table import YOURS, Figure, Published, named
from .tree import Recipe
from .vaes import vae_mnist

FACE_PATCHES = PatchOptions(size=25, window=57, rotate=90, scale=(1.4, 1.8), count=414)
"""165,600 patches of 400 faces (Hinton & Salakhutdinov 2006). Their exact crop procedure is unpublished; with this one
30 principal components have the error they report."""
HINTON = "Hinton & Salakhutdinov 2006"
ERROR = "squared error per test image"
PATCHES = "per patch of unseen people"
DEEP = TrainOptions(schedule="cosine", batch=256, warmup=300, ema=0.999)
MUON = replace(DEEP, optimizer="muon", learning_rate=2e-3)


def hinton(value: float, protocol: str = ERROR) -> Published:
    return Published(value, protocol, HINTON)


@named(command="trompe train autoencoder --data PATH --size 64 --out runs/mine")
def autoencoder() -> Recipe:
    """Convolutional autoencoder for any images: your folder, your zip, or a named set."""
    train = TrainOptions(steps=10_000, batch=64, ema=0.999)
    return Recipe(data=YOURS, nets=ConvOptions(), family=Autoencoder(), train=train)


@named()
def autoencoder_mnist() -> Recipe:
    """MNIST with a 20-dimensional latent: `vae-mnist` without its prior."""
    return replace(vae_mnist(), family=Autoencoder(likelihood="bernoulli"))


@named(command="trompe train pca --data PATH --size 32 --nets.latent 30 --out runs/pca", cost="seconds")
def pca() -> Recipe:
    """Principal components of any images, as a model like any other: what a deep autoencoder must beat."""
    nets = MLPOptions(widths=(), latent=30, standardize=True)
    return Recipe(data=YOURS, nets=nets, family=PCA(), train=TrainOptions(steps=0))


@named(Figure("squared_error", 13.9, "per test image", hinton(13.87)), cost="seconds")
def pca_mnist() -> Recipe:
    """Thirty principal components of MNIST."""
    return replace(pca(), data=DataOptions("mnist"))


@named(Figure("standardized_error", 134, "per patch", hinton(135, PATCHES)), cost="seconds")
def pca_faces() -> Recipe:
    """Thirty principal components of face patches, measured on people they have not seen."""
    return replace(pca(), data=DataOptions("olivetti", patch=FACE_PATCHES))


@named(Figure("squared_error", 6.1, "per test image", hinton(5.90)), cost="seconds")
def pca_curves() -> Recipe:
    """Eighteen principal components of the curves, three times as many as generated them."""
    base = pca()
    return replace(base, data=DataOptions("curves"), nets=replace(base.nets, latent=18))


@named(Figure("squared_error", 7.96, "per test image", hinton(8.01)), cost="a minute")
def logistic_pca_mnist() -> Recipe:
    """Logistic PCA of MNIST: an autoencoder of one layer each way, trained on the cross-entropy."""
    base = autoencoder_mnist()
    train = replace(base.train, steps=20_000, batch=200, learning_rate=2e-3)
    return replace(base, nets=MLPOptions(widths=(), latent=30), train=train)


@named(Figure("squared_error", 1.79, "per test image", hinton(3.00, f"{ERROR}, with pretraining")), cost="half an hour")
def deep_mnist() -> Recipe:
    """The deep autoencoder 784-1000-500-250-30 on MNIST."""
    return Recipe(
        data=DataOptions("mnist", rotate=10, scale=0.1, translate=1.5),
        nets=MLPOptions(widths=(1000, 500, 250), latent=30, activation="silu"),
        family=Autoencoder(),
        train=replace(MUON, steps=15_000, batch=500, weight_decay=0.02, sample_every=2500),
    )


@named(
    Figure(
        "standardized_error",
        101,
        "per patch, .754 of PCA's",
        hinton(126, f"{PATCHES}, .933 of PCA's, with pretraining"),
    ),
    command="trompe train deep-faces --out runs/deep-faces && "
    "trompe figure reconstructions runs/deep-faces runs/pca-faces",
    cost="ten minutes",
)
def deep_faces() -> Recipe:
    """The deep autoencoder 625-2000-1000-500-30 on face patches, measured on people it has not seen."""
    return Recipe(
        data=DataOptions("olivetti", flip=True, patch=replace(FACE_PATCHES, resample=True)),
        nets=MLPOptions(widths=(2000, 1000, 500), latent=30, activation="silu", standardize=True),
        family=Autoencoder(likelihood="linear"),
        train=replace(DEEP, steps=12_000, weight_decay=0.05, sample_every=2000),
    )


@named(
    Figure("squared_error", 1.07, "per test image", hinton(1.44, f"{ERROR}, with pretraining, on their own curves")),
    cost="ten minutes",
)
def deep_curves() -> Recipe:
    """The deep autoencoder 784-400-200-100-50-25-6 on curves with six degrees of freedom."""
    return Recipe(
        data=DataOptions("curves", rotate=180, scale=0.1, translate=1, flip=True),
        nets=MLPOptions(widths=(400, 200, 100, 50, 25), latent=6, activation="silu"),
        family=Autoencoder(),
        train=replace(MUON, steps=20_000, sample_every=5000),
    )


@named(
    Figure("squared_error", 2.87, "per test image; 11.5 before fine-tuning, 23.0 without pretraining", hinton(3.00)),
    cost="ten minutes",
)
def rbm_mnist() -> Recipe:
    """`deep-mnist` as it was first done: logistic units, a restricted Boltzmann machine per layer, then all together.

    Without pretraining: `--family.layer-steps --train.steps 14000`.
    """
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(1000, 500, 250), latent=30, activation="sigmoid"),
        family=StackedAutoencoder(
            layer_steps=(4000,) * 4, layer_lr_scale=10, layer_type="rbm", finetune="reconstruction"
        ),
        train=TrainOptions(schedule="cosine", steps=30_000, batch=250, ema=0.999, sample_every=0, snapshots=(16_000,)),
    )
