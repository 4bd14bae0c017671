"""Recipes of denoising autoencoders, single and stacked."""

from __future__ import annotations

from ..options import (
    ConvOptions,
    DataOptions,
    DenoisingOptions,
    MLPOptions,
    PatchOptions,
    Recipe,
    StackedOptions,
    TrainOptions,
)


def dae() -> Recipe:
    """Convolutional denoising autoencoder for any pictures; a trained one restores noisy pictures.

    Command: `trompe train dae --data PATH --size 64 --family.level 0.1 --out runs/dae`, then
    `trompe reconstruct runs/dae noisy.png`
    """
    return Recipe(
        "dae",
        nets=ConvOptions(latent=256),
        family=DenoisingOptions(corruption="gaussian", level=0.1),
        train=TrainOptions(steps=10_000, batch=64, ema=0.999),
    )


def dae_mnist() -> Recipe:
    """More hidden units than pixels on MNIST: at `--family.level 0` they learn to copy, corrupted to see strokes.

    Command: `trompe train dae-mnist --family.level 0.3 --out runs/dae`, then `trompe figure filters runs/dae`

    Cost: three minutes. Expect holes in a picture to be passed on to .81 without corruption, to .23 with 25 % of it.
    """
    return Recipe(
        "dae-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(), latent=1000, activation="sigmoid", linear_code=False),
        family=DenoisingOptions(likelihood="bernoulli"),
        train=TrainOptions(schedule="cosine", steps=20_000, batch=100, sample_every=0),
    )


def dae_patches() -> Recipe:
    """Patches of photographs with Gaussian noise: many of the filters that remove it are local and oriented.

    Command: `trompe train dae-patches --out runs/patches`, then `trompe figure filters runs/patches`

    Cost: two minutes. Weight decay is what makes the filters clean; without it they keep their random start.
    """
    return Recipe(
        "dae-patches",
        data=DataOptions("tiny-imagenet", colour="grey", patch=PatchOptions(size=12, count=40)),
        nets=MLPOptions(widths=(), latent=200, linear_code=False, standardise=True),
        family=DenoisingOptions(likelihood="linear", corruption="gaussian", level=0.2),
        train=TrainOptions(
            schedule="cosine", steps=25_000, batch=256, learning_rate=3e-3, weight_decay=1.0, sample_every=0
        ),
    )


def sdae_mnist() -> Recipe:
    """The stacked denoising autoencoder, three layers of 1,000, then all of them fine-tuned to MNIST's labels.

    Command: `trompe train sdae-mnist --out runs/sdae`, then `trompe evaluate runs/sdae`; without pretraining, the same
    with `--family.layer-steps --train.steps 9000`

    Cost: twenty minutes. Expect a test error of 0.86 %, and 0.82 without pretraining; published 1.28 (Vincent et
    al. 2010).
    """
    return Recipe(
        "sdae-mnist",
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(1000, 1000), latent=1000, linear_code=False),
        family=StackedOptions(layer_steps=(3000, 3000, 3000), hide=0.1, dropout=0.3),
        train=TrainOptions(schedule="cosine", steps=18_000, batch=256, ema=0.999, sample_every=0, snapshots=(9_000,)),
    )
