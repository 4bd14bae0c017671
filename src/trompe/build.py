"""A recipe and a shape of pictures make a model."""

from __future__ import annotations

from torch import nn

from .distributions import LIKELIHOODS
from .errors import TrompeError
from .families import family_of
from .model import Model
from .nets import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder, SharedScale
from .options import MLPOptions, NetsOptions, Recipe
from .rng import Stream, seeded


def build_model(recipe: Recipe, image_shape: tuple[int, ...], num_classes: int = 0) -> Model:
    """The recipe's model for pictures of this shape, its weights a function of the recipe's seed.

    Args:
        image_shape: channels and spatial sizes.
        num_classes: classes of the data; they matter to a class-conditional recipe only.
    """
    family = family_of(recipe.family)
    classes = num_classes if recipe.nets.conditional else 0
    if recipe.nets.conditional and num_classes == 0:
        raise TrompeError(
            "a class-conditional recipe needs classes, and these pictures have none",
            hint="sort the pictures into one folder a class, or drop `--nets.conditional True`",
        )
    outputs = recipe.nets.latent * (2 if family.posterior == "gaussian" else 1)
    with seeded(recipe.train.seed, Stream.INITIALISE):
        return Model(
            encoder=encoder(recipe.nets, image_shape, outputs, classes),
            decoder=scaled(decoder(recipe.nets, image_shape, classes), recipe, image_shape),
            posterior=family.posterior,
            likelihood=recipe.family.likelihood,
            prior=family.prior,
            image_shape=image_shape,
            latent=recipe.nets.latent,
            num_classes=classes,
        )


def encoder(nets: NetsOptions, image_shape: tuple[int, ...], outputs: int, classes: int) -> nn.Module:
    if isinstance(nets, MLPOptions):
        return MLPEncoder(image_shape, outputs, nets.widths, nets.activation, gated=nets.gated, num_classes=classes)
    return ConvEncoder(
        image_shape,
        outputs,
        nets.widths,
        nets.activation,
        kernel=nets.kernel,
        blocks=nets.blocks,
        hidden=nets.hidden,
        num_classes=classes,
    )


def decoder(nets: NetsOptions, image_shape: tuple[int, ...], classes: int) -> nn.Module:
    if isinstance(nets, MLPOptions):
        widths = nets.widths[::-1]
        return MLPDecoder(image_shape, nets.latent, widths, nets.activation, gated=nets.gated, num_classes=classes)
    return ConvDecoder(
        image_shape,
        nets.latent,
        nets.widths,
        nets.activation,
        kernel=nets.kernel,
        blocks=nets.blocks,
        hidden=nets.hidden,
        num_classes=classes,
    )


def scaled(network: nn.Module, recipe: Recipe, image_shape: tuple[int, ...]) -> nn.Module:
    """A decoder of means, with a learned scale beside them where the likelihood has one."""
    if LIKELIHOODS[recipe.family.likelihood].parameters_per_pixel == 1:
        return network
    return WithScale(network, SharedScale(image_shape[0], ndim=len(image_shape) - 1))


class WithScale(nn.Module):
    """A conditional decoder followed by its shared scale."""

    def __init__(self, network: nn.Module, scale: SharedScale) -> None:
        super().__init__()
        self.network = network
        self.scale = scale

    def forward(self, codes, labels=None):  # type: ignore[no-untyped-def]
        return self.scale(self.network(codes, labels))
