"""From an image file of any format to pixels in one size and one form: by a closed list of decoders, none of which
starts a program, in bounded memory, and without a word on stderr.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, Literal, NamedTuple, TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, JpegImagePlugin, TiffImagePlugin

from ...options.names import FitName
from ...text import reason_of
from .parallel import alone, quiet

FORMATS = ("PNG", "WEBP", "TIFF", "GIF", "BMP", "DIB", "PPM", "JPEG2000", "AVIF", "HEIF", "QOI")
"""Pillow's decoders that are used, beside JPEG, and TGA where the name says so, since its files have no signature.
Others start programs (PostScript) or are of no use here. HEIF is there where a plugin of the user's adds it.
"""
HEIC = re.compile(rb"....ftyp(heic|heix|heim|heis|hevc|hevx)", re.DOTALL)
MOST_PIXELS = 100_000_000
"""Images that claim more are not decoded: they are mistakes, or bombs. A JPEG may claim more where it is decoded at a
fraction of its size.
"""
LARGE = 16_000_000
"""Images of more pixels are decoded one at a time, and made smaller before all else."""
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
FITS: dict[str, Callable[..., Image.Image]] = {
    "crop": ImageOps.fit, "letterbox": ImageOps.pad, "stretch": Image.Image.resize,
}  # fmt: skip
SWAPPING_ORIENTATIONS = frozenset({5, 6, 7, 8})
ORIENTATION_TAG = 0x0112

T = TypeVar("T")
Opener = Callable[[str], IO[bytes]]
Levels = Mapping[str, tuple[float, float]]
"""The gray levels that become black and white, of files deeper than 8 bits: `I` of integers, `F` of floats."""
Size = tuple[int, int] | Literal["own"] | None
"""Height and width; `own` for the one that all images have; by default that one where nearly all have one and it is not
large, else a square of 64.
"""


@dataclass(frozen=True)
class Reading:
    """How a user wants samples brought to one form.

    Attributes:
        color: `gray`, `rgb`, or `auto` as the images are.
        fit: how an image of another shape is brought to the size.
        value_range: the levels that become black and white in images deeper than 8 bits, by default a customary range
            that holds those of all images; and the least and largest value in arrays.
    """

    size: Size = None
    color: str = "auto"
    fit: FitName = "crop"
    value_range: tuple[float, float] | None = None


class Form(NamedTuple):
    """What images become: 8-bit levels in this size (height, width; by default each in its own) and color. An image of
    another shape is scaled to cover the size and cropped around the center (`crop`), scaled to lie within it on black
    (`letterbox`), or scaled in each direction by itself (`stretch`). Levels are by default those customary for the kind
    of file.
    """

    size: tuple[int, int] | None
    channels: int
    fit: FitName = "crop"
    levels: Levels | None = None


class Unreadable(ValueError):
    """An image that is not decoded; its text is the reason."""


@dataclass(frozen=True)
class Header:
    """What an image's header says.

    Attributes:
        width, height: once upright.
        mode, format: Pillow's.
        levels: least and largest gray level, where they are deeper than 8 bits.
        several: whether the file has more frames or pages than the first.
        halved: whether its channels have 16 bits, of which Pillow reads the upper 8.
    """

    width: int
    height: int
    mode: str
    format: str
    levels: tuple[float, float] | None = None
    several: bool = False
    halved: bool = False


@cache
def known_formats() -> tuple[str, ...]:
    """The formats of `FORMATS` that this Pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def open_image(file: IO[bytes] | io.BytesIO, name: str) -> Image.Image:
    """An image file by its content, its pixels not yet decoded.

    Raises:
        Unreadable: it is known, and known not to be read.
        Exception: whatever Pillow raises.
    """
    start = file.read(16)
    file.seek(0)
    if start.startswith(b"\xff\xd8\xff"):  # as `Image.open` does, which sets a limit before `draft` can be asked for
        return JpegImagePlugin.jpeg_factory(file)
    if HEIC.match(start) and "HEIF" not in known_formats():
        raise Unreadable("is a HEIC image, which is not read: convert it to JPEG or PNG")
    return Image.open(file, formats=known_formats() + ("TGA",) * name.lower().endswith(".tga"))


def is_image(opener: Opener, name: str) -> bool:
    """Whether a file is an image by its content."""
    try:
        with opener(name) as file, open_image(file, name):
            return True
    except Unreadable:
        return True
    except Exception:  # as in `_read`
        return False


def read_header(opener: Opener, name: str) -> Header | str:
    """An image's header, or in words why it cannot be read."""
    return _read(opener, name, _header)


def _header(image: Image.Image) -> Header:
    width, height = image.size
    if image.format not in ("JPEG", "MPO") or image.info.get("progressive"):  # decoded whole, whatever the size
        _check_pixels(image, image.size)
    # asked only where it stands in the header: for a PNG without it, Pillow would decode the whole image
    known = image.format in ("JPEG", "MPO", "TIFF", "WEBP") or "exif" in image.info
    swapped = isinstance(image, TiffImagePlugin.TiffImageFile) and image.size != _tagged_size(image)
    if known and not swapped and image.getexif().get(ORIENTATION_TAG) in SWAPPING_ORIENTATIONS:
        width, height = height, width
    several = False
    if image.format not in ("JPEG", "MPO"):  # in a camera's MPO the others are previews
        with suppress(Exception):  # a second frame that is broken does no harm
            several = bool(getattr(image, "is_animated", False))
    halved = not is_deep(image) and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    levels = _levels_of(image) if is_deep(image) else None
    return Header(width, height, image.mode, image.format or "?", levels, several, halved)


def _tagged_size(image: TiffImagePlugin.TiffImageFile) -> tuple[Any, Any]:
    """Width and height as they are stored; newer versions of Pillow give those of the image upright."""
    return image.tag_v2.get(256), image.tag_v2.get(257)


def _check_pixels(image: Image.Image, claimed: tuple[int, int]) -> None:
    if image.width * image.height > MOST_PIXELS:
        width, height = claimed
        raise Unreadable(f"claims {width}x{height} pixels, more than the {MOST_PIXELS:,} that are decoded")


def is_deep(image: Image.Image) -> bool:
    """Whether gray levels are deeper than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def _levels_of(image: Image.Image) -> tuple[float, float]:
    with alone() if image.width * image.height > LARGE else nullcontext():
        array = np.asarray(image)
        low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise Unreadable("has gray levels that are not finite")
    return low, high


def read_image(opener: Opener, name: str, form: Form) -> UInt8[np.ndarray, "channels height width"] | str:
    """An image's pixels, upright, or in words why it cannot be read.

    Transparency becomes white. Nothing is written to stderr, whatever the decoder has to say.
    """
    with quiet():
        return decode_image(opener, name, form)


def decode_image(opener: Opener, name: str, form: Form) -> UInt8[np.ndarray, "channels height width"] | str:
    """`read_image` in a worker, where nobody listens to warnings."""

    def read(image: Image.Image) -> UInt8[np.ndarray, "channels height width"]:
        claimed = image.size
        if form.size is not None:  # lets JPEG decode at a half, quarter or eighth where that is plenty
            image.draft("L" if form.channels == 1 else "RGB", (2 * max(form.size),) * 2)
        _check_pixels(image, claimed)
        with alone() if image.width * image.height > LARGE else nullcontext():
            ImageOps.exif_transpose(image, in_place=True)
            return pixels_of(image, form)

    return _read(opener, name, read)


def _read(opener: Opener, name: str, read: Callable[[Image.Image], T]) -> T | str:
    try:
        with opener(name) as file, open_image(file, name) as image:
            return read(image)
    except Unreadable as error:
        return str(error)
    except Image.DecompressionBombError:
        return f"claims more than the {MOST_PIXELS:,} pixels that are decoded"
    except Exception as error:  # whatever a hostile file makes its decoder raise, it is one broken image
        if isinstance(error, OSError) and error.errno:
            return f"cannot be read: {error.strerror}"
        text = re.sub(r" <.*>", "", reason_of(error))  # not the repr of an open file
        return f"{type(error).__name__}: {text}" if text != type(error).__name__ else text


def pixels_of(image: Image.Image, form: Form) -> UInt8[np.ndarray, "channels height width"]:
    """An image's pixels in a form."""
    image = in_color(image, form)
    if form.size is not None and image.size != (size := form.size[::-1]):
        image = FITS[form.fit](image, size, Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return pixels[None] if form.channels == 1 else pixels.transpose(2, 0, 1)


def in_color(image: Image.Image, form: Form) -> Image.Image:
    """An image of any mode as 8-bit gray or RGB; a large one is made smaller first where twice the size is left."""
    if is_deep(image):
        known = form.levels if form.levels and image.mode[0] in form.levels else _customary(image)
        image = _eight_bit(image, known)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = _smaller(_converted(image, "RGBA"), form.size)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return _smaller(_converted(image, "L" if form.channels == 1 else "RGB"), form.size)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode and "transparency" not in image.info else image.convert(mode)


def _smaller(image: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    if size is None or image.width * image.height <= LARGE:
        return image
    factor = int(min(image.width / size[1], image.height / size[0]) / 2)
    return image.reduce(factor) if factor > 1 else image


def _customary(image: Image.Image) -> Levels:
    """The range of one file of which no more is known: 16 bits, or for floats 1, 255 or 65535 by the largest."""
    low, high = _levels_of(image)
    if low < 0 or high > 65535:
        raise Unreadable(f"has gray levels from {low:g} to {high:g}; without a value range, 0 to 65535 are read")
    floats = next(float(top) for top in (1, 255, 65535) if high <= top)
    return {"I": (0.0, 65535.0), "F": (0.0, floats)}


def _eight_bit(image: Image.Image, levels: Levels) -> Image.Image:
    low, high = levels[image.mode[0]]
    array: Any = np.asarray(image).astype(np.float32)
    array -= low
    array *= 255 / (high - low)
    return Image.fromarray(np.clip(np.rint(array, out=array), 0, 255, out=array).astype(np.uint8))
