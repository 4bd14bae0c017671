"""Networks: what fills a model's slots."""

from .conv import ConvDecoder, ConvEncoder
from .layers import Discriminator, Encoder, WithScale, start_from_normal
from .mlp import MLPDecoder, MLPEncoder, Standardise, linear_of

__all__ = [
    "ConvDecoder",
    "ConvEncoder",
    "Discriminator",
    "Encoder",
    "MLPDecoder",
    "MLPEncoder",
    "Standardise",
    "WithScale",
    "linear_of",
    "start_from_normal",
]
