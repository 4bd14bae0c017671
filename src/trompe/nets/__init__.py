"""Networks: what fills a model's slots."""

from .conv import ConvDecoder, ConvEncoder
from .layers import WithScale
from .mlp import MLPDecoder, MLPEncoder

__all__ = ["ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder", "WithScale"]
