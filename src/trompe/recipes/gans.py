"""Recipes of generative adversarial networks."""

from __future__ import annotations

from dataclasses import replace

from ..families import AAE, GAN, VAEGAN, BiGAN
from ..options.data import DataOptions
from ..options.nets import ConvOptions, MLPOptions
from ..options.train import TrainOptions
from .table import YOURS, Figure, Published, named
from .tree import Recipe

MODERN = GAN(objective="relativistic", r1=0.3, r2=0.3, penalty_interval=4)
"""A relativistic objective with R1 and R2, which converges (Huang et al. 2024), its penalties at every fourth step."""
DONAHUE = Published(0.0261, "the same, wider networks and six times as many steps", "Donahue et al. 2017")


@named(
    command="trompe train gan --data PATH --size 64 --out runs/mine",
    cost="32x32 color at about 85 images/s on one core in float32",
)
def gan() -> Recipe:
    """GAN for any images: your folder, your zip, or a named set.

    As `gan-cifar10`, with differentiable augmentation, so that the discriminator does not memorize a small dataset, and
    a generator without a sigmoid, so that it learns dark images. Trained on 3,600 faces it generates new ones, coarse
    but each with its own features, after 600 steps, 8 minutes; on 180 dark galaxies, in batches of 32, small and varied
    ones after 800 steps.
    """
    base = gan_cifar10()
    family = replace(MODERN, likelihood="linear", augment=("color", "translation", "cutout"))
    return replace(base, data=replace(YOURS, flip=True), family=family)


@named(cost="about 55 images/s on one core in float32, 1.6 hours")
def gan_faces() -> Recipe:
    """`gan` on Olivetti's faces of 64x64, grayscale; another size or folder of faces by flags.

    From 300 images of thirty people it generates plain, frontal faces after 700 steps, 7 minutes, and no copies.
    """
    base = gan()
    return replace(
        base,
        data=replace(base.data, source="olivetti"),
        nets=replace(base.nets, widths=(32, 64, 128, 256)),
        train=replace(base.train, steps=10_000, batch=32),
    )


@named(
    command="trompe train gan-2d --data ring --out runs/plane && trompe figure discriminator-field runs/plane",
    cost="half a minute on one core",
)
def gan_2d() -> Recipe:
    """GAN in the plane, small enough to see all of it: eight Gaussians around a circle, or `--data grid`, `spirals`."""
    snapshots = (*range(0, 1000, 50), *range(1000, 3001, 200))
    return Recipe(
        data=DataOptions(source="ring"),
        nets=MLPOptions(widths=(128, 128, 128), latent=8, activation="leaky-relu"),
        family=GAN(r1=0.01),
        train=TrainOptions(
            steps=3000, batch=256, beta1=0.5, schedule="cosine", ema=0.99, evaluate_every=0, snapshots=snapshots
        ),
    )


@named(cost="about 1,280 images/s on one core in bfloat16, 4 minutes")
def gan_mnist() -> Recipe:
    """A small GAN on MNIST."""
    base = gan_cifar10_lecture()
    return replace(
        base,
        data=DataOptions(source="mnist"),
        nets=replace(base.nets, widths=(32, 64, 128)),
        train=replace(base.train, steps=5000, ema=0.999, snapshots=()),
    )


@named(
    Figure("frechet_distance", 219.3, "in Inception features after 1,146 steps, 5,000 samples against the test set"),
    command="trompe train gan-cifar10-lecture --out runs/lecture",
    cost="about 380 images/s on one core in bfloat16, 17 minutes",
)
def gan_cifar10_lecture() -> Recipe:
    """The lecture's GAN on CIFAR-10: three 5x5 convolutions of stride 2, shown after 300, 900 and 6,000 steps."""
    return Recipe(
        data=DataOptions(source="cifar10"),
        nets=ConvOptions(widths=(64, 128, 256), kernel=5, latent=100, norm="batch"),
        family=GAN(),
        train=TrainOptions(
            steps=6000, batch=64, learning_rate=2e-4, beta1=0.5, snapshots=(300, 900, 6000), evaluate_every=0
        ),
    )


@named(
    command="trompe train gan-imagenet64-lecture --out runs/lecture64",
    cost="about 12 images/s on one core in float32, 9 hours",
)
def gan_imagenet64_lecture() -> Recipe:
    """The same on subsampled ImageNet at 64x64, a layer deeper."""
    base = gan_cifar10_lecture()
    return replace(base, data=DataOptions(source="tiny-imagenet"), nets=replace(base.nets, widths=(64, 128, 256, 512)))


@named(
    Figure("frechet_distance", 191.4, "in Inception features after 893 steps, 5,000 samples against the test set",
           Published(49.0, "10,000 samples against the test set, after full training", "StudioGAN")),
    command="trompe train dcgan-cifar10 --out runs/dcgan",
)  # fmt: skip
def dcgan_cifar10() -> Recipe:
    """DCGAN (Radford et al. 2016) on CIFAR-10.

    4x4 convolutions, weights from N(0, .02), batches of 128; the generator used is a moving average.
    """
    base = gan_cifar10_lecture()
    return replace(
        base,
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=100, norm="batch", init_std=0.02),
        train=replace(base.train, steps=12_000, batch=128, ema=0.999, snapshots=()),
    )


@named(
    Figure("frechet_distance", 127.0, "in Inception features after 1,234 steps, 5,000 samples against the test set"),
    command="trompe train gan-cifar10 --out runs/cifar",
    cost="about 90 images/s on one core in float32, 4 hours",
)
def gan_cifar10() -> Recipe:
    """A modern objective for DCGAN's networks: relativistic, with R1 and R2 (Huang et al. 2024).

    The generator is normalized and the discriminator is not; the penalties allow three times DCGAN's learning rate.
    Narrower networks with residual blocks came no further in equal time (176 against 171 of 1,000 samples, after ten
    minutes).
    """
    return Recipe(
        data=DataOptions(source="cifar10", flip=True),
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=100, norm="decoder", init_std=0.02),
        family=MODERN,
        train=TrainOptions(steps=20_000, batch=64, learning_rate=6e-4, beta1=0.0, beta2=0.99, ema=0.998),
    )


@named(command="trompe train cgan --data PATH --size 64 --out runs/mine")
def cgan() -> Recipe:
    """Class-conditional `gan`, for images sorted into one folder per class: `trompe sample RUN --class NAME`.

    A class is a vector of its own in the first layer of the generator, and in the last of the discriminator.
    """
    base = gan()
    return replace(base, nets=replace(base.nets, conditional=True))


@named(
    Figure("class_accuracy", 0.979, "of 10,000 samples, after 3,000 steps"),
    command="trompe train cgan-mnist --out runs/cgan && trompe sample runs/cgan --class 7",
    cost="about 290 images/s on one core in float32",
)
def cgan_mnist() -> Recipe:
    """Class-conditional GAN on MNIST."""
    base = gan_mnist()
    return replace(base, nets=replace(base.nets, conditional=True))


@named(
    Figure("nearest_neighbor_error", 0.061, "of the test images, among the latents of all training images", DONAHUE),
    command="trompe train bigan-mnist --out runs/bigan && trompe evaluate runs/bigan --measures probe,reconstruction",
    cost="about 1,300 images/s on one core in float32, 50 minutes",
)
def bigan_mnist() -> Recipe:
    """Bidirectional GAN on MNIST, of multilayer perceptrons: its encoder learns from the discriminator alone."""
    return Recipe(
        data=DataOptions(source="mnist"),
        nets=MLPOptions(widths=(512, 512), latent=50, activation="leaky-relu", norm="batch"),
        family=BiGAN(prior="uniform", r1=0.1),
        train=TrainOptions(
            steps=30_000, batch=128, learning_rate=2e-4, beta1=0.5, ema=0.999, schedule="cosine", evaluate_every=0
        ),
    )


@named(command="trompe train vae-gan --data PATH --size 64 --out runs/mine")
def vae_gan() -> Recipe:
    """VAE-GAN for any images: reconstructions and samples that are compared in a discriminator's features.

    Its loss weights are the best of three that were tried: on MNIST, with widths of 32 and 64 and 32 latent dimensions,
    after 800 steps reconstructions are sharp, and samples not yet digits.
    """
    return Recipe(
        data=replace(YOURS, flip=True),
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=128, norm="batch"),
        family=VAEGAN(beta=10.0, adversarial=20.0, discriminator_lr_scale=0.3),
        train=TrainOptions(steps=20_000, batch=64, learning_rate=2e-4, beta1=0.5, ema=0.999),
    )


@named()
def aae_mnist() -> Recipe:
    """Adversarial autoencoder on MNIST, with eight latent dimensions that a discriminator makes normal."""
    return Recipe(
        data=DataOptions(source="mnist"),
        nets=MLPOptions(widths=(512, 512), latent=8),
        family=AAE(),
        train=TrainOptions(steps=20_000, batch=128, learning_rate=5e-4, beta1=0.5, ema=0.999),
    )
