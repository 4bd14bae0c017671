"""Packs: pictures decoded once into one memory-mapped array in the user's cache.

A pack is a folder holding `images.bin`, the raw uint8 pictures, training split first, and `index.json`, everything
else. It lies under the name of its source and of the source's present state, so a source that changed is packed anew
and the old pack goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ..errors import TrompeError
from ..files import disk_errors, read_json, write_json
from .arrays import ImageData, splits

FORMAT = 1


@dataclass
class Contents:
    """What goes into a pack. `rows` gives, in order, blocks of pictures `(n, *image_shape)`; the rest may be filled
    while they are drawn, and is read when they are all there.
    """

    image_shape: tuple[int, ...]
    rows: Iterable[np.ndarray]
    labels: list[int] | None = None
    class_names: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    train_count: int = 0
    report: dict[str, Any] = field(default_factory=dict)


def cache_folder() -> Path:
    """Where packs and downloads are kept: `$TROMPE_CACHE`, or the user's cache."""
    if chosen := os.environ.get("TROMPE_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trompe"


def packed(
    name: str, source: str, state: str, build: Callable[[], Contents]
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    """The training and test split of a pack, and its report; built first where it is not there.

    Args:
        name: the set's name, for reports.
        source: what was packed, and how: path, size, colour.
        state: what the source is like now; when it changes, the pack is made anew.
        build: gives the contents.
    """
    place = cache_folder() / "packs" / digest(f"{FORMAT} {source}")
    folder = place / digest(state)
    if not (folder / "index.json").exists():
        with disk_errors(str(place)):
            place.mkdir(parents=True, exist_ok=True)
            with FileLock(place / ".lock"):  # another process may be packing the same: its pack serves as well
                if not (folder / "index.json").exists():
                    _write(place, folder, build())
    return _read(name, folder)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _write(place: Path, folder: Path, contents: Contents) -> None:
    for leftover in place.glob(".packing.*"):  # of a packer that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=".packing.", dir=place))
    try:
        count = 0
        digests: set[bytes] = set()
        with open(temporary / "images.bin", "wb") as file:
            for block in contents.rows:
                block = np.ascontiguousarray(block)
                file.write(block.data)
                count += len(block)
                digests.update(hashlib.blake2b(row, digest_size=12).digest() for row in block)
            file.flush()
            os.fsync(file.fileno())
        if contents.train_count == 0:
            broken = contents.report.get("broken", {})
            first = next((f"; `{name}`: {reason}" for name, reason in broken.items()), "")
            raise TrompeError(f"there are no pictures to train on{first}", hint="give a folder with a training split")
        index = {
            "image_shape": contents.image_shape,
            "count": count,
            "train_count": contents.train_count,
            "labels": contents.labels,
            "class_names": contents.class_names,
            "names": contents.names,
            "report": contents.report | {"duplicates": count - len(digests)},
        }
        train, test, _ = _assemble("", temporary, index)
        index["fingerprints"] = [train.fingerprint, test.fingerprint]
        write_json(temporary / "index.json", index)
        for old in place.iterdir():
            if old != temporary and not old.name.startswith("."):
                shutil.rmtree(old, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(name: str, folder: Path) -> tuple[ImageData, ImageData, dict[str, Any]]:
    return _assemble(name, folder, read_json(folder / "index.json"))


def _assemble(name: str, folder: Path, index: dict[str, Any]) -> tuple[ImageData, ImageData, dict[str, Any]]:
    count, shape = index["count"], tuple(index["image_shape"])
    # copy-on-write, so that torch may share the memory although nothing ever writes to it
    images = (
        np.memmap(folder / "images.bin", np.uint8, "c", shape=(count, *shape))
        if count
        else np.empty((0, *shape), np.uint8)
    )
    everything = ImageData(
        images=images,
        labels=None if index["labels"] is None else np.asarray(index["labels"], np.int64),
        class_names=tuple(index["class_names"]),
        names=tuple(index["names"]),
        name=name,
    )
    train, test = splits(everything, index["train_count"])
    if "fingerprints" in index:
        for part, fingerprint in zip((train, test), index["fingerprints"], strict=True):
            object.__setattr__(part, "known_fingerprint", fingerprint)
    return train, test, index["report"]


def state_of(paths: Iterable[Path]) -> str:
    """A string that changes when one of these files does."""
    return json.dumps([(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths])
