"""Packs: samples decoded once into one memory-mapped array in the user's cache.

A pack is a folder holding `images.bin`, the raw samples, training split first, and `index.json`, everything else. It
lies under the name of its source and of the source's present state, so a source that changed is packed anew and the
old pack goes.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ...errors import TrompeError
from ...files import cache_folder, disk_errors, read_json, write_json
from ..samples import Format, Samples, Splits, splits

LAYOUT = 3
WORTH_SAYING = 2**30
"""Bytes of a pack from which on its size is said beforehand."""


@dataclass
class Contents:
    """What goes into a pack. `rows` gives, in order, blocks of samples `(n, *shape)` of one dtype, those to train on
    first; the rest may be filled while they are drawn, and is read when they are all there.
    """

    format: Format
    rows: Iterable[np.ndarray] = ()
    labels: list[int] | None = None
    names: list[str] = field(default_factory=list)
    train_count: int = 0
    report: dict[str, Any] = field(default_factory=dict)


def packed(name: str, source: str, state: str, build: Callable[[], Contents]) -> Splits:
    """The samples of a pack, which is built first where it is not there.

    Args:
        name: the set's name, for reports.
        source: what was packed, and how: path, size, color.
        state: changes when the source does; the pack is then made anew.
        build: gives the contents.
    """
    place = cache_folder() / "packs" / digest(source)
    folder = place / digest(f"{LAYOUT} {state}")
    if not (folder / "index.json").exists():
        with disk_errors(str(place)):
            place.mkdir(parents=True, exist_ok=True)
            with FileLock(place / ".lock"):  # another process may be packing the same: its pack serves as well
                if not (folder / "index.json").exists():
                    _write(place, folder, build())
    return _read(folder, read_json(folder / "index.json"), name)


def check_room(count: int, shape: tuple[int, ...]) -> list[str]:
    """The size of a pack of `count` 8-bit samples as a sentence, where it is worth saying.

    Raises:
        TrompeError: it is more than half of what is free on the disk of the cache.
    """
    needed, folder = count * math.prod(shape), cache_folder()
    with disk_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    size = f"{count:,} images of {'x'.join(map(str, shape))} take {needed / 2**30:,.1f} GiB when packed"
    if needed > free / 2:
        raise TrompeError(
            f"{size}, more than half of the {free / 2**30:,.1f} GiB that are free in `{folder}`",
            hint="give a smaller `--size`, or set `$TROMPE_CACHE` to a folder on a larger disk",
        )
    return [size] if needed > WORTH_SAYING else []


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def state_of(paths: Iterable[Path]) -> str:
    """A string that changes when one of these files does."""
    return json.dumps([(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths])


def _write(place: Path, folder: Path, contents: Contents) -> None:
    for leftover in place.glob(".packing.*"):  # of a packer that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=".packing.", dir=place))
    try:
        count, dtype = 0, np.dtype(np.uint8)
        digests: set[bytes] = set()
        with open(temporary / "images.bin", "wb") as file:
            for block in contents.rows:
                block = np.ascontiguousarray(block)
                file.write(block.data)
                count, dtype = count + len(block), block.dtype
                digests.update(hashlib.blake2b(row, digest_size=12).digest() for row in block)
            file.flush()
            os.fsync(file.fileno())
        if contents.train_count == 0:
            broken = contents.report.get("broken", {})
            first = next((f"; `{name}`: {reason}" for name, reason in broken.items()), "")
            raise TrompeError(f"there are no images to train on{first}", hint="give a folder with a training split")
        contents.rows = ()
        index = asdict(contents) | {"count": count, "dtype": dtype.str}
        index["report"] |= {"duplicates": count - len(digests)}
        written = _read(temporary, index)
        index["fingerprints"] = [written.train.fingerprint, written.test.fingerprint]
        write_json(temporary / "index.json", index)
        for old in place.iterdir():
            if old != temporary and not old.name.startswith("."):
                shutil.rmtree(old, ignore_errors=True)
        temporary.rename(folder)
    finally:
        if isinstance(contents.rows, Generator):  # the disk was full
            contents.rows.close()
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path, index: dict[str, Any], name: str = "") -> Splits:
    form = index["format"]
    everything = Samples(
        # copy-on-write, so that torch may share the memory although nothing ever writes to it
        np.memmap(folder / "images.bin", index["dtype"], "c", shape=(index["count"], *form["shape"])),
        name,
        None if index["labels"] is None else np.asarray(index["labels"], np.int64),
        tuple(form["class_names"]),
        tuple(index["names"]),
        form["kind"],
        tuple(form["value_range"]),
        form["unit"],
    )
    train, test = splits(everything, index["train_count"])
    for part, fingerprint in zip((train, test), index.get("fingerprints", ()), strict=False):
        object.__setattr__(part, "known_fingerprint", fingerprint)
    return Splits(train, test, index["report"])
