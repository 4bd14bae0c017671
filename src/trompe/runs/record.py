"""What a run folder says of itself: the recipe as requested and as resolved, and the data it was made from."""

from __future__ import annotations

import math
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pydantic

from ..data.samples import Format, Splits
from ..errors import TrainingStopped, TrompeError
from ..files import RECORD_NAME, check_run, read_json, write_json
from ..options.numbers import Count, Natural
from ..recipes.resume import continued, differences
from ..recipes.serialize import from_json, to_json
from ..recipes.tree import Recipe
from ..terminal import note
from ..version import __version__
from .manifest import MANIFEST_NAME, changes, manifest_of, read_manifest, write_manifest
from .tensors import DAMAGE

DIRECTIONS_NAME = "directions.json"
MOST_VALUES = 2**29
"""Values in one sample; an image of a hundred million pixels has fewer."""
OWN_NAMES = (RECORD_NAME, MANIFEST_NAME, "state.safetensors", "weights.safetensors", "test-samples.safetensors",
             "log.jsonl", "tensorboard", "samples", "snapshots", "figures", "measures.jsonl", ".measures.jsonl.lock",
             "report.html", ".lock", DIRECTIONS_NAME)  # fmt: skip
"""What trompe writes into a run folder."""


@dataclass(frozen=True)
class DataRecord:
    """The samples a run was trained on, by what must not change."""

    source: str
    fingerprint: str
    train_count: Count
    test_count: Natural
    format: Format
    test_fingerprint: str = ""
    levels: dict[str, tuple[float, float]] | None = None
    """Gray levels that became black and white, in image files deeper than 8 bits."""

    @staticmethod
    def of(splits: Splits) -> DataRecord:
        train, test, levels = splits.train, splits.test, splits.report.get("levels")
        return DataRecord(
            train.name, train.fingerprint, len(train), len(test), train.format, test.fingerprint, levels or None
        )


@dataclass(frozen=True)
class Origin:
    """The run whose weights a run started from: its folder or file, its step, and a hash of those weights."""

    run: str
    step: int
    digest: str


@dataclass(frozen=True)
class Record:
    """`requested` is the recipe as it was given, `recipe` the same with every open field resolved."""

    requested: Recipe
    recipe: Recipe
    data: DataRecord
    origin: Origin | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "trompe": __version__,
            "requested": to_json(self.requested),
            "recipe": to_json(self.recipe),
            "data": asdict(self.data),
        } | ({"origin": asdict(self.origin)} if self.origin else {})

    @staticmethod
    def from_json(value: Any) -> Record:
        """A record from what `to_json` gave.

        Raises:
            TrompeError, or one of `DAMAGE`: it is none.
        """
        data = pydantic.TypeAdapter(DataRecord).validate_python(value["data"])
        check_format(data.format)
        origin = pydantic.TypeAdapter(Origin | None).validate_python(value.get("origin"))
        return Record(from_json(value["requested"]), from_json(value["recipe"]), data, origin)


def read_record(folder: Path) -> Record:
    """The record of a run folder.

    Raises:
        TrompeError: there is no run in this folder, or its record is damaged.
    """
    path = folder / RECORD_NAME
    check_links(folder)
    check_run(folder)
    value = read_json(path)
    try:
        return Record.from_json(value)
    except DAMAGE as error:
        reason = " ".join(str(error).split("\n")[:3])[:300]
        raise TrompeError(f"`{path}` is not a run's record: {reason}", hint="restore it from a copy") from error


def check_format(format: Format) -> None:
    """Refuse a format that no samples have, before anything of its size is built."""
    for shape in (format.shape, format.condition_shape or (1, 1)):
        if not (2 <= len(shape) <= 4 and min(shape) >= 1 and math.prod(shape) <= MOST_VALUES):
            raise ValueError(f"there are no samples of shape {shape}")
    low, high = format.value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"there is no range of values from {low:g} to {high:g}")


def check_links(folder: Path) -> None:
    """Refuse a run folder in which a name of trompe's own is a link, which may lead out of it, or a device.

    Raises:
        TrompeError: one is.
    """
    for name in OWN_NAMES:
        with suppress(OSError):
            kind = (folder / name).lstat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise TrompeError(
                    f"`{folder / name}` is a link, and trompe writes only inside a run folder",
                    hint="put the file or folder itself in its place",
                )


def still_there(folder: Path) -> None:
    """Stop a training whose run folder is gone.

    Raises:
        TrainingStopped: it was deleted or renamed.
    """
    if not (folder / RECORD_NAME).is_file():
        raise TrainingStopped(
            f"the run folder `{folder}` was deleted or renamed while it was trained",
            hint="if it was renamed, give the same command with its new name as `--out`",
        )


def check_folder(folder: Path) -> None:
    """A run goes into a new or empty folder, or on in its own; anything else is refused before any work is done."""
    check_links(folder)
    if folder.exists() and not folder.is_dir():
        raise TrompeError(f"`{folder}` is a file", hint="choose another run folder with `--out`")
    if folder.is_dir() and not (folder / RECORD_NAME).exists():
        strangers = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if strangers:
            raise TrompeError(
                f"`{folder}` is not empty and not a run (it holds `{strangers[0]}`)",
                hint="choose another run folder with `--out`",
            )


def open_record(
    folder: Path, requested: Recipe, recipe: Recipe, splits: Splits, origin: Origin | None = None
) -> Record:
    """Write a new run's record; or check that the run in this folder may go on with this recipe and this data.

    Raises:
        TrompeError: it may not; the message names each difference.
    """
    data, patches = DataRecord.of(splits), recipe.data.patch.size > 0
    if not (folder / RECORD_NAME).exists():
        record = Record(requested, recipe, data, origin)
    else:
        old = read_record(folder)
        changes = differences(old.requested, requested)
        if changes and differences(old.recipe, requested):
            raise TrompeError(
                f"the run in `{folder}` was made by another recipe:\n  " + "\n  ".join(changes),
                hint="train into another folder with `--out`, or give the recipe as it was",
            )
        check_same(folder, old.data, data, splits, patches=patches)
        kept = replace(old.data, test_fingerprint=old.data.test_fingerprint or data.test_fingerprint)
        record = Record(old.requested, continued(old.recipe, requested), kept, old.origin)
    write_json(folder / RECORD_NAME, record.to_json())
    write_manifest(folder, splits, patches=patches)
    return record


def check_same(folder: Path, old: DataRecord, new: DataRecord, splits: Splits, *, patches: bool) -> None:
    """A run goes on with the training images it began with; that others are tested on is worth a note.

    Raises:
        TrompeError: the training images changed; the message names which, or says how they differ.
    """
    if old.test_fingerprint in ("", new.test_fingerprint) and old.fingerprint == new.fingerprint:
        return
    before = read_manifest(folder) if splits.train.names else None
    found = changes(before, manifest_of(splits, patches=patches)) if before else []
    was, now = ({**asdict(one), **asdict(one.format), "format": "", "levels": ""} for one in (old, new))
    listed = "\n  ".join(found or [f"{key}: {was[key]} -> {now[key]}" for key in was if was[key] != now[key]])
    if old.fingerprint == new.fingerprint:
        note(f"the test images of the run in `{folder}` changed:\n  {listed}")
        return
    raise TrompeError(
        f"the run in `{folder}` was made from other data:\n  {listed}",
        hint="train into another folder with `--out`, or bring the data back as they were",
    )
