"""What a run folder says of itself: the recipe as requested and as resolved, and the data it was made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pydantic

from ..data.samples import Format, Splits
from ..data.sources.files import RUN as RECORD_NAME
from ..errors import TrompeError
from ..files import read_json, write_json
from ..recipes.resume import continued, differences
from ..recipes.serialize import from_json, to_json
from ..recipes.tree import Recipe
from ..version import __version__


@dataclass(frozen=True)
class DataRecord:
    """The samples a run was trained on, by what must not change."""

    source: str
    fingerprint: str
    train_count: int
    test_count: int
    format: Format


@dataclass(frozen=True)
class Record:
    """`requested` is the recipe as it was given, `recipe` the same with every open field resolved."""

    requested: Recipe
    recipe: Recipe
    data: DataRecord

    def to_json(self) -> dict[str, Any]:
        return {
            "trompe": __version__,
            "requested": to_json(self.requested),
            "recipe": to_json(self.recipe),
            "data": asdict(self.data),
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> Record:
        data = pydantic.TypeAdapter(DataRecord).validate_python(value["data"])
        return Record(from_json(value["requested"]), from_json(value["recipe"]), data)


def read_record(folder: Path) -> Record:
    """The record of a run folder.

    Raises:
        TrompeError: there is no run in this folder, or its record is damaged.
    """
    path = folder / RECORD_NAME
    if not path.is_file():
        reason = "it is a file" if folder.is_file() else f"it holds no `{RECORD_NAME}`"
        reason = reason if folder.exists() else "there is no such folder"
        hint = "give a folder that `trompe train --out` made, or from Python a weights file (`.safetensors`)"
        raise TrompeError(f"`{folder}` is not a run: {reason}", hint=hint)
    value = read_json(path)
    try:
        return Record.from_json(value)
    except (KeyError, TypeError, AttributeError, pydantic.ValidationError) as error:
        reason = " ".join(str(error).split("\n")[:3])
        raise TrompeError(f"`{path}` is not a run's record: {reason}", hint="restore it from a copy") from error


def check_folder(folder: Path) -> None:
    """A run goes into a new or empty folder, or on in its own; anything else is refused before any work is done."""
    if folder.exists() and not folder.is_dir():
        raise TrompeError(f"`{folder}` is a file", hint="choose another run folder with `--out`")
    if folder.is_dir() and not (folder / RECORD_NAME).exists():
        strangers = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if strangers:
            raise TrompeError(
                f"`{folder}` is not empty and not a run (it holds `{strangers[0]}`)",
                hint="choose another run folder with `--out`",
            )


def open_record(folder: Path, requested: Recipe, recipe: Recipe, splits: Splits) -> Record:
    """Write a new run's record; or check that the run in this folder may go on with this recipe and this data.

    Raises:
        TrompeError: it may not; the message names each difference.
    """
    train = splits.train
    data = DataRecord(train.name, train.fingerprint, len(train), len(splits.test), train.format)
    if not (folder / RECORD_NAME).exists():
        record = Record(requested, recipe, data)
    else:
        old = read_record(folder)
        changes = differences(old.requested, requested)
        if changes and differences(old.recipe, requested):
            raise TrompeError(
                f"the run in `{folder}` was made by another recipe:\n  " + "\n  ".join(changes),
                hint="train into another folder with `--out`, or give the recipe as it was",
            )
        if old.data.fingerprint != data.fingerprint:
            before, after = (value | value.pop("format") for value in (asdict(old.data), asdict(data)))
            changes = [f"{key}: {before[key]} -> {after[key]}" for key in before if before[key] != after[key]]
            raise TrompeError(
                f"the run in `{folder}` was made from other data:\n  " + "\n  ".join(changes),
                hint="train into another folder with `--out`, or bring the data back as they were",
            )
        record = Record(old.requested, continued(old.recipe, requested), old.data)
    write_json(folder / RECORD_NAME, record.to_json())
    return record
