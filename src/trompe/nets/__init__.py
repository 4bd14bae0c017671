"""Networks: what fills a model's slots."""

from .conv import ConvDecoder, ConvEncoder
from .discriminators import (
    JOINT,
    CodeDiscriminator,
    Discriminator,
    ImageDiscriminator,
    PairDiscriminator,
    make_spectral,
)
from .layers import Encoder, WithScale, start_from_normal
from .mlp import MLPDecoder, MLPEncoder, Standardise, linear_of

__all__ = [
    "JOINT",
    "CodeDiscriminator",
    "ConvDecoder",
    "ConvEncoder",
    "Discriminator",
    "Encoder",
    "ImageDiscriminator",
    "MLPDecoder",
    "MLPEncoder",
    "PairDiscriminator",
    "Standardise",
    "WithScale",
    "linear_of",
    "make_spectral",
    "start_from_normal",
]
