"""What the headers of a set of images say: which size and gray levels to bring them to, and what to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import TrompeError
from ...text import counted, listed, printable
from .decoding import Form, Header, Levels, Size

DEFAULT_SIZE = 64
LARGEST_AS_IS = 128
NEARLY_ALL = 0.9
"""Share of the images that have a size for it to be that of the set."""
TOPS = (1.0, 255.0, 4095.0, 65535.0)
"""Customary white levels: of masks and floats, and of 8, 12 and 16 bits."""
MOST_CROPPED = 0.5
NUMBERS = {"I": "integer", "F": "floating-point"}


@dataclass(frozen=True)
class Survey:
    """The images that can be read, by name, and why others cannot."""

    headers: Mapping[str, Header]
    broken: Mapping[str, str]

    @property
    def several(self) -> list[str]:
        """Images that are the first of several frames or pages."""
        return [name for name, header in self.headers.items() if header.several]


def survey(headers: Mapping[str, Header | str], value_range: tuple[float, float] | None) -> Survey:
    """Headers apart from reasons; without a value range, gray levels beyond 16 bits are a reason too.

    Raises:
        TrompeError: no image has more than 8 bits that a value range could be of.
    """
    broken = {name: header for name, header in headers.items() if isinstance(header, str)}
    good = {name: header for name, header in headers.items() if not isinstance(header, str)}
    if value_range is not None:
        if good and not any(header.levels for header in good.values()):
            raise TrompeError(
                "a value range is of images deeper than 8 bits, and all of these have 8", hint="leave the range out"
            )
        return Survey(good, broken)
    for name, header in list(good.items()):
        low, high = header.levels or (0, 0)
        if low < 0 or high > TOPS[-1]:
            broken[name] = (
                f"has gray levels from {low:g} to {high:g}, beyond 0 to {TOPS[-1]:g}: give their `--value-range`"
            )
            del good[name]
    return Survey(good, broken)


def levels_of(images: Survey, value_range: tuple[float, float] | None) -> Levels:
    """The gray levels that become black and white, for all integer files and all floating-point files of a set: the
    value range, or from 0 to the least customary level that holds them all.
    """
    found: dict[str, tuple[float, float]] = {}
    for header in images.headers.values():
        if header.levels:
            low, high = found.get(header.mode[0], (0.0, 0.0))
            found[header.mode[0]] = min(low, header.levels[0]), max(high, header.levels[1])
    return {mode: value_range or (0.0, next(top for top in TOPS if high <= top)) for mode, (_, high) in found.items()}


def size_of(path: Path, images: Survey, size: Size) -> tuple[int, int]:
    """Height and width to bring images to.

    Raises:
        TrompeError: their own is asked for, and they have several.
    """
    if isinstance(size, tuple):
        return size
    sizes = Counter((header.height, header.width) for header in images.headers.values()).most_common()
    common, count = sizes[0]
    if size == "own" and len(sizes) > 1:
        shown = ", ".join(f"{height}x{width}" for (height, width), _ in sizes[:3])
        raise TrompeError(
            f"the images in `{path}` have {len(sizes)} sizes ({shown}, ...), and scaling changes what is measured",
            hint="give `--size` to bring them all to one",
        )
    as_is = size == "own" or (count >= NEARLY_ALL * len(images.headers) and max(common) <= LARGEST_AS_IS)
    return common if as_is else (DEFAULT_SIZE, DEFAULT_SIZE)


def notes_on(images: Survey, form: Form) -> list[str]:
    """Sentences on what of the images is not in the pack, or not as it was."""
    assert form.size is not None
    headers, (height, width) = list(images.headers.values()), form.size
    notes = [_note_on_levels([one.levels for one in headers if one.mode[0] == mode and one.levels], mode, *ends)
             for mode, ends in (form.levels or {}).items()]  # fmt: skip
    other = sum((header.height, header.width) != form.size for header in headers)
    if 0 < other <= (1 - NEARLY_ALL) * len(headers):
        these = f"{other:,} of {len(headers):,} images"
        notes.append(f"{these} are not {height}x{width}, as the others are, and are scaled to it")
    cropped = [share for header in headers if (share := _cropped(header, form.size)) > MOST_CROPPED]
    if cropped and form.fit == "crop":
        lost = f"lose more than {MOST_CROPPED:.0%} of their area to the crop, up to {max(cropped):.0%}"
        notes.append(f"{len(cropped):,} of {len(headers):,} images {lost}: `--fit letterbox` keeps all of it")
    if several := images.several:
        first = f"of which the first is read: {listed(several, 3)}"
        notes.append(f"{counted(len(several), 'file')} with several frames or pages, {first}")
    if halved := sum(header.halved for header in headers):
        notes.append(f"{halved:,} images have 16 bits a channel, of which the upper 8 are read")
    return notes


def _note_on_levels(held: Sequence[tuple[float, float]], mode: str, low: float, high: float) -> str:
    least, most = min(one for one, _ in held), max(one for _, one in held)
    outside = sum(one < low or other > high for one, other in held)
    clipped = f"; levels outside are clipped, in {counted(outside, 'image')}" if outside else ""
    levels = f"{NUMBERS[mode]} gray levels, from {least:g} to {most:g}"
    return f"{counted(len(held), 'image')} with {levels}: {low:g} becomes black and {high:g} white{clipped}"


def _cropped(header: Header, size: tuple[int, int]) -> float:
    """The share of an image's area outside the crop."""
    scale = max(size[0] / header.height, size[1] / header.width)
    return 1 - size[0] * size[1] / (scale**2 * header.height * header.width)


def report_on(images: Survey) -> dict[str, Any]:
    """What to know of images before training on them."""
    headers = images.headers.values()
    shapes = Counter(f"{header.height}x{header.width}" for header in headers)
    return {
        "readable": len(headers),
        "sizes": dict(shapes.most_common(5)),
        "distinct_sizes": len(shapes),
        "smallest": [min(h.height for h in headers), min(h.width for h in headers)],
        "largest": [max(h.height for h in headers), max(h.width for h in headers)],
        "modes": dict(Counter(header.mode for header in headers).most_common()),
        "formats": dict(Counter(header.format for header in headers).most_common()),
        "several_frames": len(images.several),
        "broken": {printable(name): reason for name, reason in images.broken.items()},
    }
