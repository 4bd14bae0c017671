"""Which images a run was trained and tested on, by file name and content, so that what changed since can be named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydantic

from ..data.samples import Samples, Splits
from ..errors import TrompeError
from ..files import read_json, write_json
from ..text import listed

MANIFEST_NAME = "images.json"
SHOWN = 5
"""Names in a message."""

Manifest = dict[str, dict[str, str]]
"""By split, and by an image's file name: a digest of its pixels, where it is not cut into patches, and its class."""
ADAPTER = pydantic.TypeAdapter(Manifest)


def write_manifest(folder: Path, splits: Splits, *, patches: bool) -> None:
    """Keep what the images are, where they have names; what is there stays."""
    if splits.train.names and not (folder / MANIFEST_NAME).exists():
        write_json(folder / MANIFEST_NAME, manifest_of(splits, patches=patches))


def read_manifest(folder: Path) -> Manifest | None:
    """What a run kept of its images, or `None`.

    Raises:
        TrompeError: it is damaged.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        return ADAPTER.validate_python(read_json(path))
    except pydantic.ValidationError as error:
        hint = "restore it from a copy, or remove it"
        raise TrompeError(f"`{path}` was not written by trompe, or it is damaged", hint=hint) from error


def manifest_of(splits: Splits, *, patches: bool) -> Manifest:
    """The manifest of images that have names."""
    return {
        part: dict(zip(data.names, described(data, patches=patches), strict=True))
        for part, data in (("train", splits.train), ("test", splits.test))
    }


def described(data: Samples, *, patches: bool) -> list[str]:
    """Of each sample a digest of its pixels, unless they are patches, which depend on all the others; and its class."""
    digests = [] if patches else [hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=8) for one in data.images]
    pixels = [one.hexdigest() for one in digests] or [""] * len(data)
    if data.labels is None:
        return pixels
    return [f"{one} {data.class_names[label]}" for one, label in zip(pixels, data.labels.tolist(), strict=True)]


def changes(before: Manifest, now: Manifest) -> list[str]:
    """What was added, removed and changed between two manifests, one line each with counts and the first names."""
    old, new = (
        {name: (part, what) for part in ("test", "train") for name, what in one.get(part, {}).items()}
        for one in (before, now)
    )
    both = old.keys() & new.keys()
    found = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "changed": {name for name in both if old[name][1] != new[name][1]},
        "moved between training and test": {name for name in both if old[name][0] != new[name][0]},
    }
    return [f"{what} ({len(names):,}): {listed(sorted(names), SHOWN)}" for what, names in found.items() if names]


def trained_on(before: Manifest, data: Samples, *, patches: bool) -> np.ndarray:
    """Whether each sample was one that a run was trained on, and not among its test samples too: by its pixels, or by
    its name where it is a patch.
    """

    def known(names: Iterable[str], contents: Iterable[str]) -> list[str]:
        return list(names) if patches else [one.partition(" ")[0] for one in contents]

    train, test = (set(known(part, part.values())) for part in (before.get("train", {}), before.get("test", {})))
    learned = train - test
    return np.array([one in learned for one in known(data.names, described(data, patches=patches))], bool)
