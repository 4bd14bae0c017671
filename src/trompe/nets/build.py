"""Networks as options describe them, for data of a format."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from ..data.samples import Format
from ..options.names import PosteriorName
from ..options.nets import MLPOptions, NetsOptions
from .conv import ConvDecoder, ConvEncoder
from .discriminators import JOINT, Discriminator, ImageDiscriminator, LatentDiscriminator, PairDiscriminator
from .layers import Encoder
from .mlp import MLPDecoder, MLPEncoder


def networks(
    nets: NetsOptions,
    data: Format,
    *,
    posterior: PosteriorName = "point",
    encodes: bool = True,
    discriminator_sees: tuple[str, ...] = (),
    classifies: bool = False,
) -> dict[str, nn.Module]:
    """The networks of a model, by their slots, in the order in which they are initialized."""
    found: dict[str, nn.Module] = {}
    if encodes:
        outputs = nets.latent * (2 if posterior == "gaussian" else 1)
        found["encoder"] = body(nets, data, outputs, classes_of(nets, data))
    found["decoder"] = decoder(nets, data)
    if discriminator_sees:
        found["discriminator"] = discriminator(nets, data, discriminator_sees)
    if classifies:
        found["classifier"] = nn.Linear(nets.latent, data.num_classes)
    return found


def decoder(nets: NetsOptions, data: Format) -> nn.Module:
    """From latents to the parameters of a likelihood."""
    kind = MLPDecoder if isinstance(nets, MLPOptions) else ConvDecoder
    return kind(data.shape, nets, classes_of(nets, data))  # type: ignore[arg-type]


def discriminator(nets: NetsOptions, data: Format, sees: tuple[str, ...]) -> Discriminator:
    """From images, latents or both to a logit, which has no bounds."""
    classes = classes_of(nets, data)
    if sees == ("latents",):
        return LatentDiscriminator(nets.latent, classes)
    nets = replace(nets, linear_latent=True) if isinstance(nets, MLPOptions) else nets
    if sees == ("images",):
        return ImageDiscriminator(body(nets, data, 1), classes)
    # normalized by itself, a batch of fakes would lose what sets its mean apart from the real ones'
    return PairDiscriminator(body(replace(nets, norm="none"), data, JOINT, classes), nets.latent)


def body(nets: NetsOptions, data: Format, outputs: int, classes: int = 0) -> Encoder:
    """From images to this many outputs."""
    kind = MLPEncoder if isinstance(nets, MLPOptions) else ConvEncoder
    return kind(data.shape, outputs, nets, classes)  # type: ignore[arg-type]


def classes_of(nets: NetsOptions, data: Format) -> int:
    return data.num_classes if nets.conditional else 0
