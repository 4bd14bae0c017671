"""Images of images: grids, pairs and rows, as arrays that can be saved or shown."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..files import write_bytes

GAP = 2
BACKGROUND = 255
TITLE_WIDTH, TITLE_HEIGHT, TITLE_SIZE = 180, 20, 13
SMALLEST_SIDE = 56
"""Smaller images are enlarged, by a whole number and without smoothing, so that a person can see their pixels."""

Images = Float[Tensor, "count channels *spatial"]
Pixels = UInt8[np.ndarray, "_height _width 3"]
Gray = UInt8[np.ndarray, "_height _width"]


class ShownArray(np.ndarray):
    """An array of pixels that a notebook shows as the image it is."""

    def _repr_png_(self) -> bytes | None:
        is_image = self.dtype == np.uint8 and self.ndim == 3 and self.shape[2] == 3 and self.size > 0
        return png(np.asarray(self)) if is_image else None


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of `count` places, evenly spread, the first and the last among them."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, most).round())] if count else []


def image_grid(images: Images, columns: int | None = None) -> Pixels:
    """The images in rows, by default nearly square."""
    columns = columns or math.ceil(math.sqrt(len(images)))
    frame = ((GAP, 0), (GAP, 0), (0, 0))
    grid = np.pad(tiled(as_tiles(images), columns, GAP, BACKGROUND), frame, constant_values=BACKGROUND)
    return grid.view(ShownArray)


def tiled(
    tiles: UInt8[np.ndarray, "count height width channels"], columns: int, gap: int, value: int
) -> UInt8[np.ndarray, "_height _width channels"]:
    """Tiles in rows as one image; `value` fills a gap right of and below each, and the end of the last row."""
    missing = -len(tiles) % columns
    tiles = np.pad(tiles, ((0, missing), (0, gap), (0, gap), (0, 0)), constant_values=value)
    count, height, width, channels = tiles.shape
    grid = tiles.reshape(count // columns, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(count // columns * height, columns * width, channels)


def side_by_side(images: Images, other: Images, columns: int = 8) -> Pixels:
    """Each row of images above the same row of their counterparts, a wider gap after each pair of rows."""
    pairs = zip(images.split(columns), other.split(columns), strict=True)
    bands = [image_grid(torch.cat([padded(part.float().cpu(), columns) for part in pair]), columns) for pair in pairs]
    gap = ((0, 3 * GAP), (0, 0), (0, 0))
    stacked = np.concatenate([np.pad(band, gap, constant_values=BACKGROUND) for band in bands])
    return stacked[: -3 * GAP].view(ShownArray)


def titled(pixels: Pixels, title: str) -> Pixels:
    """An image below a line of text, with white beside it where it is too narrow for one."""
    width = max(0, TITLE_WIDTH - pixels.shape[1])
    pixels = np.pad(pixels, ((0, 0), (0, width), (0, 0)), constant_values=BACKGROUND)
    strip = Image.new("RGB", (pixels.shape[1], TITLE_HEIGHT), "white")
    ImageDraw.Draw(strip).text((GAP + 1, 3), title, "black", ImageFont.load_default(TITLE_SIZE))
    return np.concatenate([np.asarray(strip), pixels]).view(ShownArray)


def padded(images: Tensor, count: int) -> Tensor:
    """White images after these, up to the count."""
    return torch.cat([images, images.new_ones(count - len(images), *images.shape[1:])])


def as_tiles(images: Images) -> UInt8[np.ndarray, "count height width 3"]:
    """Images as bytes, enlarged where they are small; of videos and voxels the middle slice."""
    array = to_bytes(flat(images)).transpose(0, 2, 3, 1)
    array = np.repeat(array, 3, axis=3) if array.shape[3] == 1 else array
    factor = max(1, round(SMALLEST_SIDE / max(array.shape[1:3])))
    return array.repeat(factor, axis=1).repeat(factor, axis=2)


def flat(images: Images) -> Float[Tensor, "count channels height width"]:
    """Images as they are, of videos and voxels the middle slice, of lines an image one pixel high."""
    if images.ndim == 3:
        return images[:, :, None]
    return images[:, :, images.shape[2] // 2] if images.ndim == 5 else images


def to_bytes(images: Float[Tensor, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Gray levels from [0, 1] to 0 ... 255."""
    return (images.detach().float().clamp(0, 1) * 255).round().byte().cpu().numpy()


def png(pixels: Pixels | Gray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", optimize=True)
    return content.getvalue()


def gif(frames: Sequence[Pixels], seconds_each: float) -> bytes:
    content = io.BytesIO()
    images = [Image.fromarray(frame) for frame in frames]
    duration = round(1000 * seconds_each)
    images[0].save(content, "GIF", save_all=True, append_images=images[1:], duration=duration, loop=0)
    return content.getvalue()


def save_image(path: Path, pixels: Pixels | Gray) -> None:
    write_bytes(path, png(pixels))
