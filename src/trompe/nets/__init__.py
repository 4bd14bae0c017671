"""Networks: what fills a model's slots."""

from .conv import ConvDecoder, ConvEncoder
from .layers import Encoder, WithScale
from .mlp import MLPDecoder, MLPEncoder, Standardise, linear_of

__all__ = ["ConvDecoder", "ConvEncoder", "Encoder", "MLPDecoder", "MLPEncoder", "Standardise", "WithScale", "linear_of"]
