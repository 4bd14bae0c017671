"""Pictures of pictures: grids, pairs and rows, as arrays that can be saved or shown."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from .files import write_bytes

GAP = 2
BACKGROUND = 255
SMALLEST_SIDE = 56
"""Smaller pictures are enlarged, by a whole number and without smoothing, so that a person can see their pixels."""

Pixels = UInt8[np.ndarray, "height width 3"]


def picture_grid(images: Float[Tensor, "count channels height width"], columns: int | None = None) -> Pixels:
    """The pictures in rows, by default nearly square."""
    tiles = as_tiles(images)
    columns = columns or math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    height, width = tiles.shape[1] + GAP, tiles.shape[2] + GAP
    canvas = np.full((rows * height + GAP, columns * width + GAP, 3), BACKGROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // columns * height + GAP, index % columns * width + GAP
        canvas[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return canvas


def side_by_side(
    images: Float[Tensor, "count channels height width"],
    other: Float[Tensor, "count channels height width"],
    columns: int = 8,
) -> Pixels:
    """Each row of pictures above the same row of their counterparts, a wider gap after each pair of rows."""
    bands = []
    for start in range(0, len(images), columns):
        stop = start + columns
        pair = torch.cat([padded(part[start:stop].float().cpu(), columns) for part in (images, other)])
        bands.append(picture_grid(pair, columns))
    gap = np.full((3 * GAP, bands[0].shape[1], 3), BACKGROUND, np.uint8)
    stacked = [part for band in bands for part in (band, gap)]
    return np.concatenate(stacked[:-1])


def padded(images: Tensor, count: int) -> Tensor:
    """White pictures after these, up to the count."""
    white = images.new_ones(count - len(images), *images.shape[1:])
    return torch.cat([images, white])


def as_tiles(images: Float[Tensor, "count channels *spatial"]) -> UInt8[np.ndarray, "count height width 3"]:
    """Pictures as bytes, enlarged where they are small; of videos and voxels the middle slice."""
    array = to_bytes(flat(images)).transpose(0, 2, 3, 1)
    array = np.repeat(array, 3, axis=3) if array.shape[3] == 1 else array
    factor = max(1, round(SMALLEST_SIDE / max(array.shape[1:3])))
    return array.repeat(factor, axis=1).repeat(factor, axis=2)


def flat(images: Float[Tensor, "count channels *spatial"]) -> Float[Tensor, "count channels height width"]:
    """Pictures as they are, of videos and voxels the middle slice."""
    return images[:, :, images.shape[2] // 2] if images.ndim == 5 else images


def to_bytes(images: Float[Tensor, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Grey levels from [0, 1] to 0 ... 255."""
    return (images.detach().float().clamp(0, 1) * 255).round().byte().cpu().numpy()


def png(pixels: Pixels) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", optimize=True)
    return content.getvalue()


def gif(frames: Sequence[Pixels], seconds_each: float) -> bytes:
    content = io.BytesIO()
    pictures = [Image.fromarray(frame) for frame in frames]
    duration = round(1000 * seconds_each)
    pictures[0].save(content, "GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0)
    return content.getvalue()


def save_picture(path: Path, pixels: Pixels) -> None:
    write_bytes(path, png(pixels))
