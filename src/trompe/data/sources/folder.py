"""Your own images: a survey of what is there, and a pack of it to train on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import TrompeError
from ...options.names import FitName
from ...terminal import note
from ...text import printable
from ..samples import Format, Splits
from .decoding import GRAY_MODES, decode_image, known_formats, read_header
from .files import Collection, collection
from .layouts import Layout, Place, by_folders, train_first
from .pack import Contents, check_room, packed
from .parallel import in_parallel
from .survey import Size, levels_of, notes_on, report_on, size_of, survey

NAMED = 20
"""How many ignored files the report names."""


@dataclass(frozen=True)
class Reading:
    """How images are brought to one form.

    Attributes:
        size: height and width; `own` for the one that all images have; by default that one where nearly all have one
            and it is not large, else a square of 64.
        color: `gray`, `rgb`, or `auto` as the images are.
        fit: how an image of another shape is brought to the size.
        value_range: the gray levels that become black and white, in images deeper than 8 bits; by default a customary
            range that holds those of all images.
    """

    size: Size = None
    color: str = "auto"
    fit: FitName = "crop"
    value_range: tuple[float, float] | None = None


def load_images(
    path: Path,
    name: str,
    size: Size,
    color: str,
    layout: Layout = by_folders,
    fit: FitName = "crop",
    value_range: tuple[float, float] | None = None,
) -> Splits:
    """The images at a path, packed where they are not yet, and a report on them.

    Args:
        size: see `Reading`, as for `color`, `fit` and `value_range`.

    Raises:
        TrompeError: there is nothing at the path, no image to train on, or no size of their own.
    """
    images, how = collection(path), Reading(size, color, fit, value_range)
    source = f"{path.resolve()} {how} {layout.__name__}"
    loaded = packed(name, source, images.state, lambda: _contents(images, how, layout))
    ignored = [printable(one) for one in images.others if one not in images.label_files]
    listed = {"ignored_files": len(ignored), "ignored": ignored[:NAMED]}
    return replace(loaded, report=loaded.report | listed | {"notes": [*images.notes, *loaded.report["notes"]]})


def _contents(images: Collection, how: Reading, layout: Layout) -> Contents:
    known_formats()  # imported here, since a worker may not import while a thread beside its parent's did
    arranged = layout(images)
    places = {place.name: place for place in arranged.places if place.split != "validation"}
    headers = in_parallel(partial(read_header, images.open), list(places), "looking at images")
    found = survey(dict(zip(places, headers, strict=True)), how.value_range)
    places = {name: place for name, place in places.items() if name in found.headers}
    if not places:
        first, reason = next(iter(found.broken.items()), ("", "there is none"))
        raise TrompeError(
            f"none of the {len(found.broken)} images in `{images.path}` can be read; `{printable(first)}`: {reason}",
            hint="open one in an image viewer to see whether it is an image",
        )
    size, levels = size_of(images.path, found, how.size), levels_of(found, how.value_range)
    modes = {header.mode for header in found.headers.values()}
    channels = 1 if how.color == "gray" or (how.color == "auto" and modes <= GRAY_MODES) else 3
    notes = [*notes_on(found, size, how.fit, levels), *check_room(len(places), (channels, *size))]
    classes = class_names(list(places.values()))
    contents = Contents(
        Format((channels, *size), class_names=tuple(classes.values())),
        labels=[] if classes else None,
        report=report_on(found) | {"layout": arranged.sentence, "notes": notes, "levels": dict(levels)},
    )
    decode = partial(decode_image, images.open, size=size, channels=channels, fit=how.fit, levels=levels)
    for text in (*images.notes, *notes):
        note(text)
    contents.rows = _rows(contents, decode, list(classes), *train_first(list(places.values())))
    return contents


def class_names(places: Sequence[Place]) -> dict[str, str]:
    """The name of each class by what it is sorted by, no two alike."""
    names = {place.label: place.class_name or printable(place.label) for place in places if place.label is not None}
    taken: dict[str, int] = {}
    for label in sorted(names):
        taken[names[label]] = count = taken.get(names[label], 0) + 1
        names[label] += f" ({count})" * (count > 1)
    return dict(sorted(names.items()))


def _rows(
    contents: Contents, decode: partial[np.ndarray | str], classes: list[str], places: Sequence[Place], train_count: int
) -> Iterator[np.ndarray]:
    """The images' pixels, one after another; what is known of each that can be read is added to the contents."""
    indices: Mapping[str | None, int] = {label: index for index, label in enumerate(classes)}
    size = int(np.prod(contents.format.shape))
    # closed wherever packing ends: left to the garbage collector, a worker's thread might have to wait for itself
    with closing(in_parallel(decode, [place.name for place in places], "packing images", size)) as pixels:
        for number, (place, image) in enumerate(zip(places, pixels, strict=True)):
            if isinstance(image, str):
                contents.report["broken"][printable(place.name)] = image
                continue
            contents.names.append(printable(place.name))
            contents.train_count += number < train_count
            if contents.labels is not None:
                contents.labels.append(indices[place.label])
            yield image[None]
    if broken := contents.report["broken"]:
        note(f"{len(broken):,} images cannot be read and are left out, such as {next(iter(broken))}")
