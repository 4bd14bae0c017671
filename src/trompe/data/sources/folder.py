"""Your own images: a survey of what is there, and a pack of it to train on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import TrompeError
from ...terminal import note
from ...text import counted, printable
from ..samples import Format, Splits
from .decoding import GRAY_MODES, Form, Reading, decode_image, known_formats, read_header
from .files import Collection, collection
from .layouts import Layout, Place, by_folders, train_first
from .pack import Contents, check_room, packed
from .parallel import in_parallel
from .survey import levels_of, notes_on, report_on, size_of, survey

NAMED = 20
"""How many ignored files the report names."""


def load_images(path: Path, name: str, how: Reading, layout: Layout = by_folders) -> Splits:
    """The images at a path, packed where they are not yet, and a report on them.

    Raises:
        TrompeError: there is nothing at the path, no image to train on, or no size of their own.
    """
    images = collection(path)
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
    gray = how.color == "gray" or (how.color == "auto" and {one.mode for one in found.headers.values()} <= GRAY_MODES)
    form = Form(size, 1 if gray else 3, how.fit, levels)
    shape = (form.channels, *size)
    notes = [*notes_on(found, form), *check_room(len(places), shape)]
    classes = class_names(list(places.values()))
    contents = Contents(
        Format(shape, class_names=tuple(classes.values())),
        labels=[] if classes else None,
        report=report_on(found) | {"layout": arranged.sentence, "notes": notes, "levels": dict(levels)},
    )
    decode = partial(decode_image, images.open, form=form)
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
                contents.report["readable"] -= 1  # its header was
                continue
            contents.names.append(printable(place.name))
            contents.train_count += number < train_count
            if contents.labels is not None:
                contents.labels.append(indices[place.label])
            yield image[None]
    if broken := contents.report["broken"]:
        note(f"{counted(len(broken), 'image')} left out that cannot be read, such as {next(iter(broken))}")
