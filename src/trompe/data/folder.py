"""Your own pictures: a survey of what is there, and a pack of it to train on."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from ..errors import TrompeError
from ..progress import tracked
from .arrays import ImageData, hold_out
from .pack import Contents, packed
from .pictures import Collection, Header, collection, common_folder, read_header, read_picture

SPLITS = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
DEFAULT_SIZE = 64
LARGEST_AS_IS = 128
BLOCK = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a picture belongs, by its folders."""

    name: str
    split: str | None
    label: str | None


Layout = Callable[[Collection], list[Place]]


def by_folders(pictures: Collection) -> list[Place]:
    """Splits and classes as folders say: `train/`, `test/` (or `val/`), and below them, or at the top, one folder a
    class where every picture lies in one and there are at least two.
    """
    skip = common_folder(pictures.names)
    parts = [PurePosixPath(name).parts[skip:] for name in pictures.names]
    tops = {part[0] for part in parts}
    splits: list[str | None] = [None] * len(parts)
    if len(tops) > 1 and all(len(part) > 1 and part[0].lower() in SPLITS for part in parts):
        splits = [SPLITS[part[0].lower()] for part in parts]
        if "test" not in splits:
            splits = ["test" if split == "validation" else split for split in splits]
        parts = [part[1:] for part in parts]
    classes = {part[0] for part in parts if len(part) > 1}
    labelled = len(classes) > 1 and all(len(part) > 1 for part in parts)
    return [
        Place(name, split, part[0] if labelled else None)
        for name, split, part in zip(pictures.names, splits, parts, strict=True)
    ]


def has_test_split(path: Path) -> bool:
    """Whether folders say which pictures are to test on, so that none need be held out."""
    return any(place.split == "test" for place in by_folders(collection(path)))


def own_size(path: Path) -> tuple[int, int]:
    """The one height and width that all readable pictures at a path have.

    Raises:
        TrompeError: they have several.
    """
    pictures = collection(path)
    headers = in_parallel(lambda name: read_header(pictures.open, name), pictures.names, "looking at pictures")
    sizes = Counter((header.height, header.width) for header in headers if isinstance(header, Header))
    if len(sizes) > 1:
        common = ", ".join(f"{height}x{width}" for (height, width), _ in sizes.most_common(3))
        raise TrompeError(
            f"the pictures in `{path}` have {len(sizes)} sizes ({common}, ...), and scaling changes what is measured",
            hint="give `--size` to bring them all to one",
        )
    return next(iter(sizes), (DEFAULT_SIZE, DEFAULT_SIZE))


def load_pictures(
    path: Path,
    name: str,
    size: tuple[int, int] | None = None,
    colour: str = "auto",
    layout: Layout = by_folders,
    class_titles: Callable[[Collection, list[str]], list[str]] | None = None,
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    """Training and test split of the pictures at a path, and the report on them; packed where they are not yet."""
    pictures = collection(path)
    source = f"{path.resolve()} {size} {colour} {layout.__name__}"

    def build() -> Contents:
        return _contents(path, pictures, size, colour, layout, class_titles)

    return packed(name, source, pictures.state, build)


def _contents(
    path: Path,
    pictures: Collection,
    size: tuple[int, int] | None,
    colour: str,
    layout: Layout,
    class_titles: Callable[[Collection, list[str]], list[str]] | None,
) -> Contents:
    places = [place for place in layout(pictures) if place.split != "validation"]
    headers = list(in_parallel(lambda place: read_header(pictures.open, place.name), places, "looking at pictures"))
    broken = {
        printable(place.name): found for place, found in zip(places, headers, strict=True) if isinstance(found, str)
    }
    good = [(place, found) for place, found in zip(places, headers, strict=True) if isinstance(found, Header)]
    if not good:
        first, reason = next(iter(broken.items()))
        raise TrompeError(
            f"none of the {len(places)} pictures in `{path}` can be read; `{first}`: {reason}",
            hint="open one in an image viewer to see whether it is a picture",
        )
    size = size or size_as_is([header for _, header in good])
    grey = colour == "grey" or (colour == "auto" and all(header.grey for _, header in good))
    channels = 1 if grey else 3
    ordered = train_first([place for place, _ in good])
    class_names = sorted({place.label for place, _ in good if place.label is not None})
    contents = Contents(
        image_shape=(channels, *size),
        rows=(),
        labels=[] if class_names else None,
        class_names=class_titles(pictures, class_names) if class_titles else [printable(name) for name in class_names],
        report=survey_report([header for _, header in good], broken, pictures.ignored),
    )
    index = {name: number for number, name in enumerate(class_names)}

    def rows() -> Iterator[np.ndarray]:
        def read(entry: tuple[Place, bool]) -> np.ndarray | str:
            return read_picture(pictures.open, entry[0].name, size, channels)

        for (place, trains), pixels in zip(ordered, in_parallel(read, ordered, "packing pictures"), strict=True):
            if isinstance(pixels, str):
                broken[printable(place.name)] = pixels
                continue
            contents.names.append(printable(place.name))
            contents.train_count += trains
            if contents.labels is not None and place.label is not None:
                contents.labels.append(index[place.label])
            yield pixels[None]

    contents.rows = rows()
    return contents


def printable(name: str) -> str:
    """A file's name as text that can be written down, whatever its bytes are."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def train_first(places: Sequence[Place]) -> list[tuple[Place, bool]]:
    """The places with whether each is for training, those first; without a test split, a tenth is held out."""
    if any(place.split == "test" for place in places):
        train = [place for place in places if place.split != "test"]
        test = [place for place in places if place.split == "test"]
    else:
        train_indices, test_indices = hold_out(len(places))
        train, test = [places[i] for i in train_indices], [places[i] for i in test_indices]
    return [(place, True) for place in train] + [(place, False) for place in test]


def size_as_is(headers: Sequence[Header]) -> tuple[int, int]:
    """The pictures' own height and width if they agree and are not large, else a square of 64."""
    sizes = {(header.height, header.width) for header in headers}
    if len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_AS_IS:
        return next(iter(sizes))
    return DEFAULT_SIZE, DEFAULT_SIZE


def survey_report(headers: Sequence[Header], broken: dict[str, str], ignored: int) -> dict[str, Any]:
    """What there is to say about pictures before training on them."""
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


_task: tuple[Callable[[Any], Any], Sequence[Any]]


def in_parallel(function: Callable[[T], Any], items: Sequence[T], what: str) -> Iterable[Any]:
    """Apply a function to all items on all cores, in order, with a progress bar.

    Decoding small pictures is mostly interpreter's work, so threads would take turns. Forked processes inherit the
    task and are sent places in it, and need nothing of the caller's script; elsewhere than on Linux threads must do.
    """
    global _task
    _task = (function, items)
    forks = sys.platform == "linux" and len(items) > 4 * BLOCK
    pool: Executor = (
        ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork"))
        if forks
        else ThreadPoolExecutor(os.cpu_count())
    )
    with warnings.catch_warnings(), pool, tracked(what, len(items)) as advance:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # sizes are checked where pictures are opened
        warnings.simplefilter("ignore", UserWarning)  # PIL's about odd metadata
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the children touch none
        for results in pool.map(_block, range(0, len(items), BLOCK)):
            advance(len(results))
            yield from results


def _block(start: int) -> list[Any]:
    function, items = _task
    return [function(item) for item in items[start : start + BLOCK]]
