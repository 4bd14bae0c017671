"""Reading pictures of any kind: where they lie, what they are, and their pixels in one size and one form."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from ..errors import TrompeError
from .pack import digest, state_of

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pbm", ".jp2", ".avif"}
)
MOST_PIXELS = 100_000_000
"""Pictures that claim more are refused unread: they are mistakes, or bombs."""
RUN = "run.json"
"""What makes a folder a run of trompe's."""
MOST_BYTES = 512 * 2**20
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
SWAPPING_ORIENTATIONS = frozenset({5, 6, 7, 8})
ORIENTATION_TAG = 0x0112


class Collection(Protocol):
    """Picture files somewhere: their names, with `/` between folders, in order."""

    names: list[str]
    ignored: int
    state: str

    def open(self, name: str) -> IO[bytes]: ...


Opener = Callable[[str], IO[bytes]]


class Folder:
    """The pictures below a folder; hidden files, links to folders, and run folders are passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names, self.ignored = [], 0
        stamps = []
        for folder, subfolders, files in os.walk(path):
            if RUN in files and Path(folder) != path:  # a run among the pictures it is trained on
                subfolders.clear()
                continue
            subfolders[:] = [name for name in subfolders if not name.startswith(".") and name != "__MACOSX"]
            for name in files:
                if name.startswith("."):
                    continue
                file = Path(folder, name)
                if file.suffix.lower() not in SUFFIXES or not file.is_file():
                    self.ignored += 1
                    continue
                status = file.stat()
                self.names.append(file.relative_to(path).as_posix())
                stamps.append((self.names[-1], status.st_size, status.st_mtime_ns))
        self.names.sort()
        self.state = digest(repr(sorted(stamps)))

    def open(self, name: str) -> IO[bytes]:
        return open(self.path / name, "rb")


class Zip:
    """The pictures in a zip file. They are read where they are: nothing is ever extracted, so a member's name, `..`
    and all, is never a path.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.file = opened_zip(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise TrompeError(
                f"cannot read `{path}` as a zip file: {error}", hint="is the download complete?"
            ) from error
        self.path, self.process = path, os.getpid()
        self.names, self.ignored = [], 0
        for member in self.file.infolist():
            place = PurePosixPath(member.filename)
            if member.is_dir() or place.name.startswith(".") or "__MACOSX" in place.parts:
                continue
            if place.suffix.lower() in SUFFIXES:
                self.names.append(member.filename)
            else:
                self.ignored += 1
        self.names.sort()
        self.state = state_of([path])

    def open(self, name: str) -> IO[bytes]:
        if os.getpid() != self.process:  # in a forked process: the parent's file would be read from two places
            self.file, self.process = opened_zip(self.path), os.getpid()
        member = self.file.getinfo(name)
        if member.file_size > MOST_BYTES:
            raise ValueError(f"claims {member.file_size:,} bytes")
        return io.BytesIO(self.file.read(member))


def opened_zip(path: Path) -> zipfile.ZipFile:
    """A zip whose names are UTF-8 where they can be, as nearly every zip program writes them, flagged or not."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def collection(path: Path) -> Collection:
    """The pictures at a path: a folder, or a zip file.

    Raises:
        TrompeError: nothing is there, it is neither, or it holds no picture.
    """
    found: Collection
    if path.is_dir():
        found = Folder(path)
    elif path.is_file() and zipfile.is_zipfile(path):
        found = Zip(path)
    elif path.is_file():
        raise TrompeError(
            f"`{path}` is a file, but not a zip of pictures", hint="give a folder, or a zip file, of pictures"
        )
    else:
        raise TrompeError(f"there is nothing at `{path}`", hint="check the path; it may be a folder or a zip file")
    if not found.names:
        raise TrompeError(
            f"no pictures in `{path}` ({found.ignored} other files)",
            hint=f"pictures are files ending in {', '.join(sorted(SUFFIXES))}",
        )
    return found


@dataclass(frozen=True)
class Header:
    """What a picture says of itself, upright."""

    width: int
    height: int
    mode: str
    format: str

    @property
    def grey(self) -> bool:
        return self.mode in GREY_MODES


def read_header(opener: Opener, name: str) -> Header | str:
    """A picture's header, or in words why it cannot be read."""
    try:
        with opener(name) as file, Image.open(file) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                return f"claims {width}x{height} pixels"
            # asked only where it stands in the header: for a PNG without it, PIL would decode the whole picture
            known = image.format in ("JPEG", "MPO", "TIFF", "WEBP") or "exif" in image.info
            if known and image.getexif().get(ORIENTATION_TAG) in SWAPPING_ORIENTATIONS:
                width, height = height, width
            return Header(width, height, image.mode, image.format or "?")
    except Exception as error:  # whatever a hostile file makes its decoder raise, it is one broken picture
        return _reason(error)


def read_picture(
    opener: Opener, name: str, size: tuple[int, int] | None, channels: int
) -> UInt8[np.ndarray, "channels height width"] | str:
    """A picture's pixels, upright, in this size (height, width), or in words why it cannot be read.

    The picture is scaled to cover the size and cropped around its centre; transparency shows white.
    """
    try:
        with opener(name) as file, Image.open(file) as image:
            if image.width * image.height > MOST_PIXELS:
                return f"claims {image.width}x{image.height} pixels"
            if size is not None:  # lets JPEG decode at a half, quarter or eighth where that is plenty
                image.draft("L" if channels == 1 else "RGB", (2 * max(size), 2 * max(size)))
            upright = in_form(ImageOps.exif_transpose(image), channels)
            if size is not None and upright.size != size[::-1]:
                upright = ImageOps.fit(upright, size[::-1], Image.Resampling.LANCZOS)
            pixels = np.asarray(upright)
            return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
    except Exception as error:
        return _reason(error)


def in_form(image: Image.Image, channels: int) -> Image.Image:
    """A picture of any mode as 8-bit grey or RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L" if channels == 1 else "RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating-point grey levels, by their customary ranges."""
    levels = np.asarray(image).astype(np.float64)
    low, high = float(levels.min()), float(levels.max())
    if not (np.isfinite(levels).all() and low >= 0 and high <= 65535):
        raise ValueError(f"grey levels from {low:g} to {high:g}; known are 0 to 1, 255 or 65535")
    scale = 1 / 257
    if image.mode == "F" and high <= 255:
        scale = 255.0 if high <= 1 else 1.0
    return Image.fromarray(np.round(levels * scale).astype(np.uint8))


def _reason(error: Exception) -> str:
    text = re.sub(r" <.*>", "", str(error).split("\n")[0])  # not the repr of an open file
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def common_folder(names: Sequence[str]) -> int:
    """How many leading folders all names share."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    return len(os.path.commonprefix(folders))  # noqa: RUF071 (of any sequences, here of folders)
