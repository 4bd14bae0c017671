"""Windows onto pictures: patches turned, enlarged and cut out, as Hinton & Salakhutdinov (2006) made theirs of faces;
and whole pictures moved a little, to learn from more of them than there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import TrompeError
from ..options import DataOptions, PatchOptions
from ..rng import Stream, numpy_generator
from .arrays import ImageData

TOGETHER = 2048
MOST_BYTES = 2**32


@dataclass(frozen=True)
class Windows:
    """Windows of square cells, one a picture: `centre` (x, y) and `pitch`, the side of a cell, in pixels of the
    picture; `angle` in radians.
    """

    centre: Float[Tensor, "count two"]
    pitch: Float[Tensor, " count"]
    angle: Float[Tensor, " count"]

    def view(
        self, images: Float[Tensor, "count channels height width"], size: tuple[int, int], *, cubic: bool = False
    ) -> Float[Tensor, "count channels rows columns"]:
        """Each picture sampled, bilinearly or by cubics, at the centres of its window's rows and columns of cells;
        beyond a picture's border its border is repeated.
        """
        (height, width), (rows, columns) = images.shape[-2:], size
        cos, sin = self.pitch * self.angle.cos(), self.pitch * self.angle.sin()
        x, y = self.centre.unbind(1)
        to_x = torch.stack([cos * columns / width, -sin * rows / width, 2 * x / width - 1], 1)
        to_y = torch.stack([sin * columns / height, cos * rows / height, 2 * y / height - 1], 1)
        grid = F.affine_grid(torch.stack([to_x, to_y], 1), [len(images), 1, rows, columns], align_corners=False)
        mode = "bicubic" if cubic else "bilinear"
        return F.grid_sample(images, grid, mode, padding_mode="border", align_corners=False)


# Patches


def patch_windows(uniform: Float[Tensor, "count four"], size: tuple[int, int], options: PatchOptions) -> Windows:
    """Windows from uniform numbers in [0, 1): angle, enlargement, and the centre's two coordinates, which keep the
    window inside a picture of this height and width where it fits, and in its middle where it does not.
    """
    turn, enlarge, across, down = uniform.unbind(1)
    angle = math.radians(options.turn) * (2 * turn - 1)
    least, most = options.enlarge
    side = (options.window or options.size) / (least + (most - least) * enlarge)
    half = 0.5 * side * (angle.cos().abs() + angle.sin().abs())
    centre = [
        0.5 * length + (place - 0.5) * (length - 2 * half).clamp(min=0)
        for place, length in ((across, size[1]), (down, size[0]))
    ]
    return Windows(torch.stack(centre, 1), side / options.size, angle)


def random_patches(
    images: Float[Tensor, "count channels height width"], options: PatchOptions
) -> Float[Tensor, "count channels size size"]:
    """A patch of each picture, drawn from the global generator."""
    uniform = torch.rand(len(images), 4, device=images.device)
    windows = patch_windows(uniform, (images.shape[2], images.shape[3]), options)
    return windows.view(images, (options.size, options.size))


def patches_of(data: ImageData, options: PatchOptions) -> ImageData:
    """`count` patches of each picture with its label and name, a function of the options and the pictures' number."""
    size = (options.size, options.size)
    if data.images.ndim != 4:
        raise TrompeError("patches are cut from pictures, not from videos or voxels", hint="leave `--data.patch` out")
    smallest = (options.window or options.size) / options.enlarge[1]
    if smallest > max(data.image_shape[1:]):
        raise TrompeError(
            f"a window of {smallest:.0f} pixels is larger than pictures of {data.image_shape[1]}x{data.image_shape[2]}",
            hint="give a smaller `--data.patch.size` or `--data.patch.window`, or a larger `--size`",
        )
    shape = (len(data) * options.count, data.image_shape[0], *size)
    if math.prod(shape) > MOST_BYTES:
        raise TrompeError(f"{shape[0]:,} patches are too many to keep", hint="give a smaller `--data.patch.count`")
    patches = np.empty(shape, np.uint8)
    which = np.repeat(np.arange(len(data)), options.count)
    uniform = numpy_generator(0, Stream.PATCH, len(data)).random((len(which), 4), dtype=np.float32)
    for start in range(0, len(which), TOGETHER):
        part = slice(start, start + TOGETHER)
        images = torch.from_numpy(data.images[which[part]]).float()
        windows = patch_windows(torch.from_numpy(uniform[part]), (images.shape[2], images.shape[3]), options)
        patches[part] = windows.view(images, size).round().byte().numpy()
    without_pictures = replace(data, images=np.empty((len(data), 0), np.uint8))  # not one whole picture a patch
    return replace(without_pictures.take(which), images=patches)


# Pictures moved


def moved(
    images: Float[Tensor, "count channels height width"], options: DataOptions
) -> Float[Tensor, "count channels height width"]:
    """Each picture, but for a share that stays, turned, scaled and shifted at random, by the global generator."""
    height, width = images.shape[-2:]
    turn, zoom, across, down = (2 * torch.rand(4, len(images), device=images.device) - 1).unbind(0)
    centre = torch.stack([0.5 * width + options.shift * across, 0.5 * height + options.shift * down], 1)
    windows = Windows(centre, 1 + options.zoom * zoom, math.radians(options.turn) * turn)
    still = torch.rand(len(images), device=images.device) < options.still
    seen = windows.view(images, (height, width), cubic=True).clamp(0, 1)
    return torch.where(still.view(-1, 1, 1, 1), images, seen)
