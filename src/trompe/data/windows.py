"""Windows onto images: patches rotated, scaled and cropped, as those of faces in Hinton & Salakhutdinov (2006); and
whole images rotated, scaled and translated a little, as augmentation.
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
from ..options.data import DataOptions, PatchOptions
from ..rng import Noise, Stream, numpy_generator
from .samples import Samples

TOGETHER = 2048
MOST_BYTES = 2**32


@dataclass(frozen=True)
class Windows:
    """Windows of square cells, one per image: `center` (x, y) and `pitch`, the side of a cell, in pixels of the
    image; `angle` in radians.
    """

    center: Float[Tensor, "count two"]
    pitch: Float[Tensor, " count"]
    angle: Float[Tensor, " count"]

    def view(
        self, images: Float[Tensor, "count channels height width"], size: tuple[int, int], *, cubic: bool = False
    ) -> Float[Tensor, "count channels rows columns"]:
        """Each image sampled, bilinearly or by cubics, at the centers of its window's rows and columns of cells;
        beyond an image's border its border is repeated.
        """
        (height, width), (rows, columns) = images.shape[-2:], size
        cos, sin = self.pitch * self.angle.cos(), self.pitch * self.angle.sin()
        x, y = self.center.unbind(1)
        to_x = torch.stack([cos * columns / width, -sin * rows / width, 2 * x / width - 1], 1)
        to_y = torch.stack([sin * columns / height, cos * rows / height, 2 * y / height - 1], 1)
        grid = F.affine_grid(torch.stack([to_x, to_y], 1), [len(images), 1, rows, columns], align_corners=False)
        mode = "bicubic" if cubic else "bilinear"
        return F.grid_sample(images, grid, mode, padding_mode="border", align_corners=False)


# Patches


def patch_windows(uniform: Float[Tensor, "count four"], size: tuple[int, int], options: PatchOptions) -> Windows:
    """Windows from uniform numbers in [0, 1): angle, scale, and the center's two coordinates, which keep the
    window inside an image of this height and width where it fits, and in its middle where it does not.
    """
    rotate, scale, across, down = uniform.unbind(1)
    angle = math.radians(options.rotate) * (2 * rotate - 1)
    least, most = options.scale
    side = (options.window or options.size) / (least + (most - least) * scale)
    half = 0.5 * side * (angle.cos().abs() + angle.sin().abs())
    center = [
        0.5 * length + (place - 0.5) * (length - 2 * half).clamp(min=0)
        for place, length in ((across, size[1]), (down, size[0]))
    ]
    return Windows(torch.stack(center, 1), side / options.size, angle)


def random_patches(
    images: Float[Tensor, "count channels height width"], options: PatchOptions, noise: Noise
) -> Float[Tensor, "count channels size size"]:
    """A patch of each image, at random."""
    windows = patch_windows(noise.uniform(4), (images.shape[2], images.shape[3]), options)
    return windows.view(images, (options.size, options.size))


def patches_of(data: Samples, options: PatchOptions) -> Samples:
    """`count` patches of each image with its label and name, a function of the options and the images' number."""
    size = (options.size, options.size)
    if data.images.ndim != 4:
        raise TrompeError("patches are cut from images, not from videos or voxels", hint="leave `--data.patch` out")
    smallest = (options.window or options.size) / options.scale[1]
    if smallest > max(data.image_shape[1:]):
        raise TrompeError(
            f"a window of {smallest:.0f} pixels is larger than images of {data.image_shape[1]}x{data.image_shape[2]}",
            hint="give a smaller `--data.patch.size` or `--data.patch.window`, or a larger `--size`",
        )
    shape, dtype = (len(data) * options.count, data.image_shape[0], *size), data.images.dtype
    if math.prod(shape) * dtype.itemsize > MOST_BYTES:
        raise TrompeError(f"{shape[0]:,} patches are too many to keep", hint="give a smaller `--data.patch.count`")
    patches = np.empty(shape, dtype)
    which = np.repeat(np.arange(len(data)), options.count)
    uniform = numpy_generator(0, Stream.PATCH, len(data)).random((len(which), 4), dtype=np.float32)
    for start in range(0, len(which), TOGETHER):
        part = slice(start, start + TOGETHER)
        images = torch.from_numpy(data.images[which[part]]).float()
        windows = patch_windows(torch.from_numpy(uniform[part]), (images.shape[2], images.shape[3]), options)
        seen = windows.view(images, size).numpy()
        patches[part] = seen.round() if dtype == np.uint8 else seen
    without_images = replace(data, images=np.empty((len(data), 0), np.uint8))  # not one whole image per patch
    return replace(without_images.take(which), images=patches)


# Augmentation


def moved(
    images: Float[Tensor, "count channels height width"], options: DataOptions, noise: Noise
) -> Float[Tensor, "count channels height width"]:
    """Each image rotated, scaled and translated at random, with probability `augment_probability`."""
    height, width = images.shape[-2:]
    rotate, scale, across, down = (2 * noise.uniform(4) - 1).unbind(1)
    shift = options.translate * torch.stack([across, down], 1)
    center = torch.tensor([0.5 * width, 0.5 * height], device=images.device) + shift
    windows = Windows(center, 1 + options.scale * scale, math.radians(options.rotate) * rotate)
    still = noise.uniform() >= options.augment_probability
    seen = windows.view(images, (height, width), cubic=True).clamp(0, 1)
    return torch.where(still.view(-1, 1, 1, 1), images, seen)
