"""Reading images of any kind: where they lie, what they are, and their pixels in one size and one form."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from ...errors import TrompeError
from .pack import digest, state_of

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pbm", ".jp2", ".avif"}
)
MOST_PIXELS = 100_000_000
"""Images that claim more are not decoded: they are mistakes, or bombs."""
RUN = "run.json"
"""A folder with this file is a run of trompe."""
MOST_BYTES = 512 * 2**20
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
SWAPPING_ORIENTATIONS = frozenset({5, 6, 7, 8})
ORIENTATION_TAG = 0x0112

T = TypeVar("T")
Opener = Callable[[str], IO[bytes]]


@dataclass(frozen=True)
class Collection:
    """The image files in a folder or a zip.

    Attributes:
        path: of the folder or zip.
        names: sorted, with `/` between folders.
        open: opens an image by its name; it can be sent to another process.
        state: changes when one of the files does.
        ignored: number of other files.
    """

    path: Path
    names: list[str]
    open: Opener
    state: str
    ignored: int


def collection(path: Path) -> Collection:
    """The images in a folder or zip.

    Raises:
        TrompeError: nothing is there, it is neither, or it holds no image.
    """
    if path.is_dir():
        found = in_folder(path)
    elif zipfile.is_zipfile(path):
        found = in_zip(path)
    else:
        wrong = f"`{path}` is a file, but not a zip of images" if path.exists() else f"there is nothing at `{path}`"
        raise TrompeError(wrong, hint="check the path; it may be a folder or a zip file of images")
    if not found.names:
        hint = f"images are files ending in {', '.join(sorted(SUFFIXES))}"
        raise TrompeError(f"no images in `{path}` ({found.ignored} other files)", hint=hint)
    return found


def in_folder(path: Path) -> Collection:
    """The images below a folder; hidden files, links to folders, and run folders are passed over."""
    stamps, ignored = [], 0
    for folder, subfolders, files in os.walk(path):
        if RUN in files and Path(folder) != path:  # a run among the images it is trained on
            subfolders.clear()
            continue
        subfolders[:] = [name for name in subfolders if not name.startswith(".") and name != "__MACOSX"]
        for file in (Path(folder, name) for name in files if not name.startswith(".")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                status = file.stat()
                stamps.append((file.relative_to(path).as_posix(), status.st_size, status.st_mtime_ns))
            else:
                ignored += 1
    stamps.sort()
    return Collection(path, [name for name, *_ in stamps], partial(_open_file, path), digest(repr(stamps)), ignored)


def _open_file(folder: Path, name: str) -> IO[bytes]:
    return open(folder / name, "rb")


def in_zip(path: Path) -> Collection:
    """The images in a zip file, which are read where they are: nothing is ever extracted, so a member's name, `..` and
    all, is never a path.
    """
    try:
        with _zip_file(path) as file:
            members = {one.filename: PurePosixPath(one.filename) for one in file.infolist() if not one.is_dir()}
    except (zipfile.BadZipFile, OSError) as error:
        raise TrompeError(f"cannot read `{path}` as a zip file: {error}", hint="is the download complete?") from error
    shown = [name for name, at in members.items() if not at.name.startswith(".") and "__MACOSX" not in at.parts]
    names = sorted(name for name in shown if members[name].suffix.lower() in SUFFIXES)
    state = state_of([path])
    return Collection(path, names, partial(_open_member, path, state), state, len(shown) - len(names))


def _open_member(path: Path, state: str, name: str) -> io.BytesIO:
    file = _opened_zip(path, state, os.getpid())
    if (size := file.getinfo(name).file_size) > MOST_BYTES:
        raise ValueError(f"claims {size:,} bytes")
    return io.BytesIO(file.read(name))


@lru_cache(maxsize=1)
def _opened_zip(path: Path, state: str, process: int) -> zipfile.ZipFile:
    """A zip in this state, opened once per process: two processes cannot read through one open file."""
    return _zip_file(path)


def _zip_file(path: Path) -> zipfile.ZipFile:
    """A zip whose names are UTF-8 where they can be, as nearly every zip program writes them, flagged or not."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


@dataclass(frozen=True)
class Header:
    """What an image's header says: width and height once upright, Pillow's mode, and file format."""

    width: int
    height: int
    mode: str
    format: str


def read_header(opener: Opener, name: str) -> Header | str:
    """An image's header, or in words why it cannot be read."""

    def read(image: Image.Image) -> Header:
        width, height = image.size
        # asked only where it stands in the header: for a PNG without it, Pillow would decode the whole image
        known = image.format in ("JPEG", "MPO", "TIFF", "WEBP") or "exif" in image.info
        if known and image.getexif().get(ORIENTATION_TAG) in SWAPPING_ORIENTATIONS:
            width, height = height, width
        return Header(width, height, image.mode, image.format or "?")

    return _read(opener, name, read)


def read_image(
    opener: Opener, name: str, size: tuple[int, int] | None, channels: int
) -> UInt8[np.ndarray, "channels height width"] | str:
    """An image's pixels, upright, in this size (height, width), or in words why it cannot be read.

    The image is scaled to cover the size and cropped around its center; transparency becomes white.
    """

    def read(image: Image.Image) -> UInt8[np.ndarray, "channels height width"]:
        if size is not None:  # lets JPEG decode at a half, quarter or eighth where that is plenty
            image.draft("L" if channels == 1 else "RGB", (2 * max(size), 2 * max(size)))
        return pixels_of(ImageOps.exif_transpose(image), size, channels)

    return _read(opener, name, read)


def _read(opener: Opener, name: str, read: Callable[[Image.Image], T]) -> T | str:
    try:
        with opener(name) as file, Image.open(file) as image:
            if image.width * image.height > MOST_PIXELS:
                return f"claims {image.width}x{image.height} pixels"
            return read(image)
    except Exception as error:  # whatever a hostile file makes its decoder raise, it is one broken image
        text = re.sub(r" <.*>", "", str(error).split("\n")[0])  # not the repr of an open file
        return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def pixels_of(
    image: Image.Image, size: tuple[int, int] | None, channels: int
) -> UInt8[np.ndarray, "channels height width"]:
    """An image's pixels, scaled to cover a size and cropped around the center."""
    image = in_form(image, channels)
    if size is not None and image.size != size[::-1]:
        image = ImageOps.fit(image, size[::-1], Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def in_form(image: Image.Image, channels: int) -> Image.Image:
    """An image of any mode as 8-bit gray or RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating-point gray levels, by their customary ranges."""
    levels = np.asarray(image).astype(np.float64)
    low, high = float(levels.min()), float(levels.max())
    if not (np.isfinite(levels).all() and low >= 0 and high <= 65535):
        raise ValueError(f"gray levels from {low:g} to {high:g}; known are 0 to 1, 255 or 65535")
    scale = 1 / 257
    if image.mode == "F" and high <= 255:
        scale = 255.0 if high <= 1 else 1.0
    return Image.fromarray(np.round(levels * scale).astype(np.uint8))


def common_folder(names: Sequence[str]) -> int:
    """How many leading folders all names share."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    return len(os.path.commonprefix(folders))  # noqa: RUF071 (of any sequences, here of folders)
