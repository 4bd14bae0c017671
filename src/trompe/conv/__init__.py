"""Convolutions, drawn: any layer at work, as an animation.

import torch, trompe.conv
trompe.conv.animate(torch.nn.ConvTranspose2d(1, 1, 3, stride=2), 3)     # in a notebook: the image
trompe.conv.animate(torch.nn.Conv2d(3, 8, 5, padding="same"), (9, 12)).save("same.gif")
"""

from .cases import CASES, Case, case
from .drawing import Animation
from .layers import Layer, layer, layer_of
from .scene import animate

__all__ = ["CASES", "Animation", "Case", "Layer", "animate", "case", "layer", "layer_of"]
