"""Recipes of generative adversarial networks."""

from __future__ import annotations

from dataclasses import replace

from ..options import (
    AAEOptions,
    BiGANOptions,
    ConvOptions,
    DataOptions,
    GANOptions,
    MLPOptions,
    Recipe,
    TrainOptions,
    VAEGANOptions,
)

SETTLING = GANOptions(objective="relativistic", r1=0.3, r2=0.3, penalty_every=4)
"""A game with an equilibrium that it finds (Huang et al. 2024), its penalties taken at every fourth step."""


def gan() -> Recipe:
    """GAN for any pictures: your folder, your zip, or a named set.

    The game of `gan-cifar10`, in which the discriminator sees pictures changed by colour, shifts and boxes, so that it
    does not learn a few of them by heart, and the generator is not squashed by a sigmoid, so that it learns dark ones.

    Command: `trompe train gan --data PATH --size 64 --out runs/mine`

    Cost: 32x32 colour at about 85 pictures a second on one core in float32. Of 3,600 faces it makes others, coarse but
    each with its own features, after 600 steps, 8 minutes. Of 180 dark galaxies, in batches of 32, small and various
    ones after 800 steps: a few hundred pictures do not collapse it, and are few all the same.
    """
    base = gan_cifar10()
    return replace(
        base,
        name="gan",
        data=DataOptions(flip=True),
        family=replace(SETTLING, likelihood="linear", augment=("colour", "shift", "cutout")),
    )


def gan_faces() -> Recipe:
    """The same on Olivetti's faces of 64x64, grey; another size or folder of faces by flags.

    Command: `trompe train gan-faces --out runs/faces`

    Cost: about 55 pictures a second on one core in float32, 1.6 hours. From 300 pictures of thirty people it makes
    plain, frontal faces after 700 steps, 7 minutes, and no copies.
    """
    base = gan()
    return replace(
        base,
        name="gan-faces",
        data=replace(base.data, source="olivetti"),
        nets=replace(base.nets, widths=(32, 64, 128, 256)),
        train=replace(base.train, steps=10_000, batch=32),
    )


def gan_2d() -> Recipe:
    """GAN in the plane, on eight Gaussians around a circle: small enough to watch all of it.

    Command: `trompe train gan-2d --data ring --out runs/plane` (or `grid`, or `spirals`), then
    `trompe figure field runs/plane`

    Cost: half a minute on one core.
    """
    return Recipe(
        "gan-2d",
        data=DataOptions(source="ring"),
        nets=MLPOptions(widths=(128, 128, 128), latent=8, activation="leaky-relu"),
        family=GANOptions(r1=0.01),
        train=TrainOptions(
            steps=3000,
            batch=256,
            learning_rate=1e-3,
            beta1=0.5,
            schedule="cosine",
            ema=0.99,
            evaluate_every=0,
            snapshots=(*range(0, 1000, 50), *range(1000, 3001, 200)),
        ),
    )


def gan_mnist() -> Recipe:
    """A small GAN on MNIST.

    Command: `trompe train gan-mnist --out runs/gan-mnist`

    Cost: about 1,280 pictures a second on one core in bfloat16, 4 minutes.
    """
    base = gan_cifar10_lecture()
    return replace(
        base,
        name="gan-mnist",
        data=DataOptions(source="mnist"),
        nets=replace(base.nets, widths=(32, 64, 128)),
        train=replace(base.train, steps=5000, ema=0.999, snapshots=()),
    )


def gan_cifar10_lecture() -> Recipe:
    """The lecture's GAN on CIFAR-10: three 5x5 convolutions of stride 2, looked at after 300, 900 and 6,000 steps.

    Command: `trompe train gan-cifar10-lecture --out runs/lecture`

    Cost: about 380 pictures a second on one core in bfloat16, 17 minutes.
    """
    return Recipe(
        "gan-cifar10-lecture",
        data=DataOptions(source="cifar10"),
        nets=ConvOptions(widths=(64, 128, 256), kernel=5, latent=100, norm="batch"),
        family=GANOptions(),
        train=TrainOptions(
            steps=6000, batch=64, learning_rate=2e-4, beta1=0.5, snapshots=(300, 900, 6000), evaluate_every=0
        ),
    )


def gan_imagenet64_lecture() -> Recipe:
    """The same on sub-sampled ImageNet at 64x64, a layer deeper.

    Command: `trompe train gan-imagenet64-lecture --out runs/lecture64`

    Cost: about 12 pictures a second on one core in float32, 9 hours.
    """
    base = gan_cifar10_lecture()
    return replace(
        base,
        name="gan-imagenet64-lecture",
        data=DataOptions(source="tiny-imagenet"),
        nets=replace(base.nets, widths=(64, 128, 256, 512)),
    )


def dcgan_cifar10() -> Recipe:
    """DCGAN (Radford et al. 2016) on CIFAR-10.

    4x4 convolutions, weights from N(0, .02), batches of 128; the generator that is used is a moving average.

    Command: `trompe train dcgan-cifar10 --out runs/dcgan`
    """
    base = gan_cifar10_lecture()
    return replace(
        base,
        name="dcgan-cifar10",
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=100, norm="batch", initial=0.02),
        train=replace(base.train, steps=12_000, batch=128, ema=0.999, snapshots=()),
    )


def gan_cifar10() -> Recipe:
    """A modern game for DCGAN's networks: relativistic, with R1 and R2 (Huang et al. 2024).

    The generator is normalised and the discriminator is not; the penalties allow three times DCGAN's learning rate.
    Narrower networks with residual blocks came no further in equal time (176 against 171 of 1,000 samples, after ten
    minutes).

    Command: `trompe train gan-cifar10 --out runs/cifar`

    Cost: about 90 pictures a second on one core in float32, 4 hours. Expect a Frechet distance of 127 from the test
    pictures after 1,234 steps, a quarter of an hour (5,000 samples); DCGAN's is 191 in that time.
    """
    return Recipe(
        "gan-cifar10",
        data=DataOptions(source="cifar10", flip=True),
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=100, norm="decoder", initial=0.02),
        family=SETTLING,
        train=TrainOptions(steps=20_000, batch=64, learning_rate=6e-4, beta1=0.0, beta2=0.99, ema=0.998),
    )


def cgan() -> Recipe:
    """GAN that is told the class, for pictures sorted into one folder a class: `trompe sample RUN --class NAME`.

    Command: `trompe train cgan --data PATH --size 64 --out runs/mine`

    A class is a vector of its own in the first layer of the generator, and in the last of the discriminator.
    """
    base = gan()
    return replace(base, name="cgan", nets=replace(base.nets, conditional=True))


def cgan_mnist() -> Recipe:
    """The GAN on MNIST that is told the digit.

    Command: `trompe train cgan-mnist --out runs/cgan`, then `trompe sample runs/cgan --class 7`

    Cost: about 290 pictures a second on one core in float32. Expect 97.9 % of its samples to be recognised as the digit
    that was asked for, after 3,000 steps.
    """
    base = gan_mnist()
    return replace(base, name="cgan-mnist", nets=replace(base.nets, conditional=True))


def bigan_mnist() -> Recipe:
    """Bidirectional GAN on MNIST, of multilayer perceptrons: its encoder has learned from the discriminator alone.

    Command: `trompe train bigan-mnist --out runs/bigan`, then
    `trompe evaluate runs/bigan --measures probe,reconstruction`

    Cost: about 1,300 pictures a second on one core in float32, 50 minutes. Expect the nearest neighbour among the codes
    of all training pictures to be right for 93.9 % of the test pictures; published 97.39, after six times as many steps
    of wider networks (Donahue et al. 2017).
    """
    return Recipe(
        "bigan-mnist",
        data=DataOptions(source="mnist"),
        nets=MLPOptions(widths=(512, 512), latent=50, activation="leaky-relu", norm="batch"),
        family=BiGANOptions(prior="uniform", r1=0.1),
        train=TrainOptions(
            steps=30_000, batch=128, learning_rate=2e-4, beta1=0.5, ema=0.999, schedule="cosine", evaluate_every=0
        ),
    )


def vae_gan() -> Recipe:
    """VAE-GAN for any pictures: reconstructions and samples that are compared by a discriminator's features.

    Command: `trompe train vae-gan --data PATH --size 64 --out runs/mine`

    Its weights are the best of three that were tried: on MNIST, with widths of 32 and 64 and 32 code numbers, after 800
    steps reconstructions are sharp, and samples beginnings of digits.
    """
    return Recipe(
        "vae-gan",
        data=DataOptions(flip=True),
        nets=ConvOptions(widths=(64, 128, 256), kernel=4, latent=128, norm="batch"),
        family=VAEGANOptions(beta=10.0, adversarial=20.0, discriminator_rate=0.3),
        train=TrainOptions(steps=20_000, batch=64, learning_rate=2e-4, beta1=0.5, ema=0.999),
    )


def aae_mnist() -> Recipe:
    """Adversarial autoencoder on MNIST, with eight code numbers that a discriminator makes normal.

    Command: `trompe train aae-mnist --out runs/aae`
    """
    return Recipe(
        "aae-mnist",
        data=DataOptions(source="mnist"),
        nets=MLPOptions(widths=(512, 512), latent=8),
        family=AAEOptions(),
        train=TrainOptions(steps=20_000, batch=128, learning_rate=5e-4, beta1=0.5, ema=0.999),
    )
