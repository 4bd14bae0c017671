"""What a run folder says of itself: the recipe as asked and as settled, and the data it was made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import __version__
from .data.load import Loaded
from .data.pictures import RUN
from .errors import TrompeError
from .files import read_json, write_json
from .options import Recipe
from .rules import continued, differences, from_json, to_json

RECORD_NAME = RUN


@dataclass(frozen=True)
class DataRecord:
    """The pictures a run was trained on, by what must not change."""

    source: str
    fingerprint: str
    image_shape: tuple[int, ...]
    train_count: int
    test_count: int
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """`asked` is the recipe as it was given, `recipe` the same with every open field decided."""

    asked: Recipe
    recipe: Recipe
    data: DataRecord

    @property
    def num_classes(self) -> int:
        return len(self.data.class_names)

    def to_json(self) -> dict[str, Any]:
        return {
            "trompe": __version__,
            "asked": to_json(self.asked),
            "recipe": to_json(self.recipe),
            "data": asdict(self.data),
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> Record:
        data = value["data"]
        shape, names = tuple(data["image_shape"]), tuple(data["class_names"])
        return Record(
            from_json(value["asked"]),
            from_json(value["recipe"]),
            DataRecord(**{**data, "image_shape": shape, "class_names": names}),
        )


def read_record(folder: Path) -> Record:
    """The record of a run folder.

    Raises:
        TrompeError: there is no run in this folder, or its record is damaged.
    """
    path = folder / RECORD_NAME
    if not path.is_file():
        reason = "there is no such folder" if not folder.exists() else f"it holds no `{RECORD_NAME}`"
        raise TrompeError(f"`{folder}` is not a run: {reason}", hint="give a folder that `trompe train --out` made")
    value = read_json(path)
    try:
        return Record.from_json(value)
    except (KeyError, TypeError) as error:
        raise TrompeError(f"`{path}` is not a run's record: {error}", hint="restore it from a copy") from error


def check_folder(folder: Path) -> None:
    """A run goes into a new or empty folder, or on in its own; anything else is refused before any work is done."""
    if folder.exists() and not folder.is_dir():
        raise TrompeError(f"`{folder}` is a file", hint="choose another run folder with `--out`")
    if folder.is_dir() and not (folder / RECORD_NAME).exists():
        strangers = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if strangers:
            raise TrompeError(
                f"`{folder}` is not empty and not a run (it holds `{sorted(strangers)[0]}`)",
                hint="choose another run folder with `--out`",
            )


def data_record(loaded: Loaded) -> DataRecord:
    return DataRecord(
        source=loaded.train.name,
        fingerprint=loaded.train.fingerprint,
        image_shape=loaded.train.image_shape,
        train_count=len(loaded.train),
        test_count=len(loaded.test),
        class_names=loaded.train.class_names,
    )


def open_record(folder: Path, asked: Recipe, settled: Recipe, loaded: Loaded) -> Record:
    """Write a new run's record; or check that the run in this folder may go on with this recipe and this data.

    Raises:
        TrompeError: it may not; the message names each difference.
    """
    data = data_record(loaded)
    if not (folder / RECORD_NAME).exists():
        record = Record(asked, settled, data)
    else:
        old = read_record(folder)
        changes = differences(old.asked, asked)
        if changes and differences(old.recipe, asked):
            raise TrompeError(
                f"the run in `{folder}` was made by another recipe:\n  " + "\n  ".join(changes),
                hint="train into another folder with `--out`, or give the recipe as it was",
            )
        if old.data.fingerprint != data.fingerprint:
            raise TrompeError(
                f"the run in `{folder}` was made from other data:\n  " + "\n  ".join(data_changes(old.data, data)),
                hint="train into another folder with `--out`, or bring the data back as they were",
            )
        record = Record(old.asked, continued(old.recipe, asked), old.data)
    write_json(folder / RECORD_NAME, record.to_json())
    return record


def data_changes(old: DataRecord, new: DataRecord) -> list[str]:
    before, after = asdict(old), asdict(new)
    return [f"{key}: {before[key]} -> {after[key]}" for key in before if before[key] != after[key]]
