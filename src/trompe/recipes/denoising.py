"""Recipes of denoising autoencoders, single and stacked."""

from __future__ import annotations

from ..families import DenoisingAutoencoder, StackedAutoencoder
from ..options.data import DataOptions, PatchOptions
from ..options.nets import ConvOptions, MLPOptions
from ..options.train import TrainOptions
from .table import YOURS, Figure, Published, named
from .tree import Recipe


@named(
    command="trompe train dae --data PATH --size 64 --family.level 0.1 --out runs/dae && "
    "trompe reconstruct runs/dae noisy.png"
)
def dae() -> Recipe:
    """Convolutional denoising autoencoder for any images; once trained, it restores noisy ones."""
    return Recipe(
        data=YOURS,
        nets=ConvOptions(latent=256),
        family=DenoisingAutoencoder(corruption="gaussian", level=0.1),
        train=TrainOptions(steps=10_000, batch=64, ema=0.999),
    )


@named(
    Figure("copying", 0.23, "of the holes passed on at 25 % corruption, .81 at 0 %"),
    command="trompe train dae-mnist --family.level 0.3 --out runs/dae && trompe figure filters runs/dae",
    cost="three minutes",
)
def dae_mnist() -> Recipe:
    """Denoising autoencoder of MNIST with more hidden units than pixels.

    At `--family.level 0` they learn to copy, with corruption to detect strokes.
    """
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(), latent=1000, activation="sigmoid", linear_latent=False),
        family=DenoisingAutoencoder(likelihood="bernoulli"),
        train=TrainOptions(schedule="cosine", steps=20_000, batch=100, sample_every=0),
    )


@named(command="trompe train dae-patches --out runs/patches && trompe figure filters runs/patches", cost="two minutes")
def dae_patches() -> Recipe:
    """Patches of photographs with Gaussian noise: many of the filters that remove it are local and oriented.

    Weight decay makes the filters clean; without it they keep their random initialization.
    """
    return Recipe(
        data=DataOptions("tiny-imagenet", color="gray", patch=PatchOptions(size=12, count=40)),
        nets=MLPOptions(widths=(), latent=200, linear_latent=False, standardize=True),
        family=DenoisingAutoencoder(likelihood="linear", corruption="gaussian", level=0.2),
        train=TrainOptions(
            schedule="cosine", steps=25_000, batch=256, learning_rate=3e-3, weight_decay=1.0, sample_every=0
        ),
    )


@named(
    Figure(
        "classification_error",
        0.0086,
        "on the test set; .0082 without pretraining (`--family.layer-steps --train.steps 9000`)",
        Published(0.0128, "three layers, 25 % masking", "Vincent et al. 2010"),
    ),
    command="trompe train sdae-mnist --out runs/sdae && trompe evaluate runs/sdae",
    cost="twenty minutes",
)
def sdae_mnist() -> Recipe:
    """Stacked denoising autoencoder, three layers of 1,000, fine-tuned on MNIST's labels."""
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(1000, 1000), latent=1000, linear_latent=False),
        family=StackedAutoencoder(layer_steps=(3000, 3000, 3000), masking=0.1, dropout=0.3),
        train=TrainOptions(schedule="cosine", steps=18_000, batch=256, ema=0.999, sample_every=0, snapshots=(9_000,)),
    )
