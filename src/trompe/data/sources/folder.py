"""Your own images: a survey of what is there, and a pack of it to train on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from ...errors import TrompeError
from ..samples import Format, Splits, hold_out
from .files import GRAY_MODES, Collection, Header, collection, common_folder, read_header, read_image
from .pack import Contents, packed
from .parallel import in_parallel

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
DEFAULT_SIZE = 64
LARGEST_AS_IS = 128


@dataclass(frozen=True)
class Place:
    """Where an image belongs: its split and class, and the name of the class where that is not its folder's."""

    name: str
    split: str | None
    label: str | None
    class_name: str | None = None


Layout = Callable[[Collection], list[Place]]
Size = tuple[int, int] | Literal["own"] | None


def by_folders(images: Collection) -> list[Place]:
    """Splits and classes by folders: `train/`, `test/` (or `val/`), and below them, or at the top, one folder per
    class where every image lies in one and there are at least two.
    """
    skip = common_folder(images.names)
    parts = [PurePosixPath(name).parts[skip:] for name in images.names]
    tops = {part[0] for part in parts}
    splits: list[str | None] = [None] * len(parts)
    if len(tops) > 1 and all(len(part) > 1 and part[0].lower() in SPLIT_FOLDERS for part in parts):
        splits = [SPLIT_FOLDERS[part[0].lower()] for part in parts]
        if "test" not in splits:
            splits = ["test" if split == "validation" else split for split in splits]
        parts = [part[1:] for part in parts]
    labeled = len({part[0] for part in parts}) > 1 and all(len(part) > 1 for part in parts)
    labels = [part[0] if labeled else None for part in parts]
    return [Place(*place) for place in zip(images.names, splits, labels, strict=True)]


def has_test_split(path: Path) -> bool:
    """Whether folders say which images are to test on, so that none need be held out."""
    return any(place.split == "test" for place in by_folders(collection(path)))


def load_images(path: Path, name: str, size: Size, color: str, layout: Layout = by_folders) -> Splits:
    """The images at a path, packed where they are not yet, and a report on them.

    Args:
        size: height and width; `own` for the one that all images have; by default that one where there is one and it
            is not large, else a square of 64.

    Raises:
        TrompeError: there is nothing at the path, no image to train on, or no size of their own.
    """
    images = collection(path)
    source = f"{path.resolve()} {size} {color} {layout.__name__}"
    return packed(name, source, images.state, lambda: _contents(images, size, color, layout))


def _contents(images: Collection, size: Size, color: str, layout: Layout) -> Contents:
    found = [place for place in layout(images) if place.split != "validation"]
    headers, broken, places = [], {}, []
    read = partial(read_header, images.open)
    found_headers = in_parallel(read, [place.name for place in found], "looking at images")
    for place, header in zip(found, found_headers, strict=True):
        if isinstance(header, str):
            broken[printable(place.name)] = header
        else:
            headers.append(header)
            places.append(place)
    if not places:
        first, reason = next(iter(broken.items()))
        raise TrompeError(
            f"none of the {len(found)} images in `{images.path}` can be read; `{first}`: {reason}",
            hint="open one in an image viewer to see whether it is an image",
        )
    height, width = size_of(images.path, headers, size)
    gray = color == "gray" or (color == "auto" and all(header.mode in GRAY_MODES for header in headers))
    classes = {place.label: place.class_name or printable(place.label) for place in places if place.label is not None}
    indices = {label: index for index, label in enumerate(sorted(classes))}
    contents = Contents(
        Format((1 if gray else 3, height, width), class_names=tuple(classes[label] for label in indices)),
        labels=[] if classes else None,
        report=survey_report(headers, broken, images.ignored),
    )
    contents.rows = _rows(contents, images, indices, *train_first(places))
    return contents


def _rows(
    contents: Contents, images: Collection, indices: dict[str, int], places: Sequence[Place], train_count: int
) -> Iterator[np.ndarray]:
    """The images' pixels, one after another; what is known of each that can be read is added to the contents."""
    channels, height, width = contents.format.shape
    read = partial(read_image, images.open, size=(height, width), channels=channels)
    pixels = in_parallel(read, [place.name for place in places], "packing images")
    for number, (place, image) in enumerate(zip(places, pixels, strict=True)):
        if isinstance(image, str):
            contents.report["broken"][printable(place.name)] = image
            continue
        contents.names.append(printable(place.name))
        contents.train_count += number < train_count
        if contents.labels is not None and place.label is not None:
            contents.labels.append(indices[place.label])
        yield image[None]


def printable(name: str) -> str:
    """A file's name as text that can be written down, whatever its bytes are."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def train_first(places: Sequence[Place]) -> tuple[list[Place], int]:
    """The places to train on, those to test on after them, and the number of the first; without a test split, a tenth
    is held out.
    """
    tested = np.array([place.split == "test" for place in places])
    train, test = (np.flatnonzero(~tested), np.flatnonzero(tested)) if tested.any() else hold_out(len(places))
    return [places[index] for index in [*train, *test]], len(train)


def size_of(path: Path, headers: Sequence[Header], size: Size) -> tuple[int, int]:
    """Height and width to bring images to."""
    if isinstance(size, tuple):
        return size
    (common, _), *others = sizes = Counter((header.height, header.width) for header in headers).most_common()
    if size == "own" and others:
        shown = ", ".join(f"{height}x{width}" for (height, width), _ in sizes[:3])
        raise TrompeError(
            f"the images in `{path}` have {len(sizes)} sizes ({shown}, ...), and scaling changes what is measured",
            hint="give `--size` to bring them all to one",
        )
    as_is = size == "own" or (not others and max(common) <= LARGEST_AS_IS)
    return common if as_is else (DEFAULT_SIZE, DEFAULT_SIZE)


def survey_report(headers: Sequence[Header], broken: dict[str, str], ignored: int) -> dict[str, Any]:
    """What to know of images before training on them."""
    shapes = Counter(f"{header.height}x{header.width}" for header in headers)
    return {
        "readable": len(headers),
        "sizes": dict(shapes.most_common(5)),
        "distinct_sizes": len(shapes),
        "smallest": [min(h.height for h in headers), min(h.width for h in headers)],
        "largest": [max(h.height for h in headers), max(h.width for h in headers)],
        "modes": dict(Counter(header.mode for header in headers).most_common()),
        "formats": dict(Counter(header.format for header in headers).most_common()),
        "ignored_files": ignored,
        "broken": broken,
    }
