"""Networks: what fills a model's slots."""

from .conv import ConvDecoder, ConvEncoder
from .layers import SharedScale
from .mlp import MLPDecoder, MLPEncoder

__all__ = ["ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder", "SharedScale"]
