"""How the splits and classes of image files are found: by folders, or in a file that lists labels."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ...errors import TrompeError
from ...text import counted, listed, printable
from ..samples import FEWEST_TO_SPLIT, file_key, held_out
from .files import Collection, collection, common_folder

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
PLAIN_FOLDERS = frozenset({"image", "images", "img", "imgs"})
"""Names of folders that, alone, are no class."""
MOST_STRAY = 0.1
"""Share of images without a class that are left out; where there are more, there are no classes."""
FILE_COLUMNS, LABEL_COLUMNS = ("file", "file_name", "filename", "image", "path"), ("label", "class", "category")

Parts = Mapping[str, tuple[str, ...]]
"""Names of images, and for each its folders, without those that all have in common, and its file name."""


@dataclass(frozen=True)
class Place:
    """Where an image belongs: its split and class, and the name of the class where that is not its folder's."""

    name: str
    split: str | None
    label: str | None
    class_name: str | None = None


@dataclass(frozen=True)
class Arrangement:
    """Where every image belongs, and one sentence that says what was found and how it was read."""

    places: list[Place]
    sentence: str


Layout = Callable[[Collection], Arrangement]


def by_folders(images: Collection) -> Arrangement:
    """Splits by the folders `train/`, `test/` (or `val/`) at the top, and classes by a file that lists labels, or else
    by the folders at the top, or below the splits.
    """
    skip = common_folder(images.names)
    everything = {name: PurePosixPath(name).parts[skip:] for name in images.names}
    folders = splits_of({part[0] for part in everything.values() if len(part) > 1})
    if folders:
        parts = {name: part[1:] for name, part in everything.items() if len(part) > 1 and part[0] in folders}
    else:
        parts = everything
    wrapped = 0 if images.path.is_dir() else 1  # a zip's one folder at the top is the zip's own
    if skip > wrapped and all(len(part) == 1 for part in parts.values()) and not folders:
        parts = {name: PurePosixPath(name).parts[skip - 1 :] for name in parts}  # one folder, of one class
    labels, classes = listed_classes(images, parts) or folder_classes(parts)
    kept = [name for name in parts if not labels or name in labels]
    places = [Place(name, folders.get(everything[name][0]), *labels.get(name, (None, None))) for name in kept]
    used, unused = ([f"{printable(name)}/" for name, split in folders.items() if (split == "validation") is left]
                    for left in (False, True))  # fmt: skip
    said = [classes, f"splits: {', '.join(used) or 'none'}", *([f"{', '.join(unused)} left out"] if unused else [])]
    for count, where in (
        (len(everything) - len(parts), "outside the splits"),
        (len(parts) - len(kept), "without a class"),
    ):
        said += [f"{counted(count, 'image')} {where} left out"] if count else []
    return Arrangement(places, "; ".join(said))


def splits_of(tops: set[str]) -> dict[str, str]:
    """The folders among these that are splits, training first, and the split of each: none where they do not name at
    least two, one of them to train on (a class may be of trains).
    """
    known = {top: SPLIT_FOLDERS[top.lower()] for top in sorted(tops) if top.lower() in SPLIT_FOLDERS}
    if len(set(known.values())) < 2 or ("train" not in known.values() and len(known) < len(tops)):
        return {}
    if "test" not in known.values():
        known = {top: "test" if split == "validation" else split for top, split in known.items()}
    return dict(sorted(known.items(), key=lambda item: ("train", "test", "validation").index(item[1])))


Labels = dict[str, tuple[str, str | None]]
"""Names of images, and the class of each: what it is sorted by, and its name where that is another."""


def folder_classes(parts: Parts) -> tuple[Labels, str]:
    """Classes by the first folder of each image, and how they were found."""
    inside = {name: part for name, part in parts.items() if len(part) > 1}
    folders = {part[0] for part in inside.values()}
    outside = len(parts) - len(inside)
    lone = next(iter(folders)).lower() if len(folders) == 1 else ""
    if not folders or (lone and (outside or lone in PLAIN_FOLDERS or lone in SPLIT_FOLDERS)):
        return {}, "classes: none"
    if all(is_shard(*part[:2]) for part in inside.values()):
        return {}, "classes: none (numbered folders are parts of one set)"
    if outside > MOST_STRAY * len(parts):
        return {}, f"classes: none (of {len(parts):,} images, {outside:,} are not in a class folder)"
    return {name: (part[0], None) for name, part in inside.items()}, f"classes: {counted(len(folders), 'folder')}"


def is_shard(folder: str, file: str) -> bool:
    """Whether a folder is one of those of a thousand files each that StyleGAN's tools write, `00012/img00012345.png`
    (`12000/12345.png` in FFHQ), rather than a class with a number for a name.
    """
    match = re.fullmatch(r"(?:img)?(\d{5}|\d{8})", PurePosixPath(file).stem)
    if not match or not re.fullmatch(r"\d{5}", folder):
        return False
    number = match[1]
    return number[:5] == folder if len(number) == 8 else number[:2] + "000" == folder


# Files that list labels


def listed_classes(images: Collection, parts: Parts) -> tuple[Labels, str] | None:
    """Classes by the files that list them, and how they were found; `None` where no file does."""
    found: dict[str, str] = {}
    for file in images.label_files:
        folder = PurePosixPath(file).parent
        read = listed_in_json if file.endswith(".json") else listed_in_csv
        found |= {str(folder / name): label for name, label in read(images, file).items()}
    found = {name: found[name] for name in parts if name in found}
    if not found:
        return None
    files = listed(images.label_files, 3)
    missing = len(parts) - len(found)
    if missing > MOST_STRAY * len(parts):
        return {}, f"classes: none (of {len(parts):,} images, {missing:,} have no label in {files})"
    names = set(found.values())
    numbered = all(re.fullmatch(r"\d{1,18}", name, re.ASCII) for name in names)
    labels: Labels = {name: (label.zfill(18) if numbered else label, label) for name, label in found.items()}
    return labels, f"classes: {counted(len(names), 'label')} in {files}"


def listed_in_json(images: Collection, file: str) -> dict[str, str]:
    """Labels in a `dataset.json` of StyleGAN's tools: pairs of a file and the number of its class."""
    try:
        with images.open(file) as opened:
            labels = json.load(opened).get("labels") or []
        return {str(name): str(int(label)) for name, label in labels if label is not None}
    except (OSError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        hint = (
            '`{"labels": [["00000/img00000000.png", 3], ...]}` is understood; remove or rename the file if it is other'
        )
        raise TrompeError(f"`{printable(file)}` lists no labels that can be read: {error}", hint=hint) from error


def listed_in_csv(images: Collection, file: str) -> dict[str, str]:
    """Labels in a table with a header: a column of files, and one of labels. A table without these lists none."""
    try:
        with images.open(file) as opened:
            table = csv.DictReader(io.StringIO(opened.read().decode("utf-8-sig"), newline=""))
            columns = {str(name).strip().lower(): name for name in table.fieldnames or ()}
            files, labels = ([columns[name] for name in known if name in columns]
                             for known in (FILE_COLUMNS, LABEL_COLUMNS))  # fmt: skip
            if not files or not labels:
                return {}
            rows = ((row[files[0]], row[labels[0]]) for row in table)
            return {name.strip(): label.strip() for name, label in rows if name and label and label.strip()}
    except (OSError, ValueError, csv.Error) as error:
        hint = "it is a table in UTF-8 with the columns `file` and `label`; remove or rename the file if it is another"
        raise TrompeError(f"`{printable(file)}` cannot be read as a table of labels: {error}", hint=hint) from error


# Splits


def has_test_split(path: Path) -> bool:
    """Whether folders say which images are to test on, so that none need be held out."""
    return any(place.split == "test" for place in by_folders(collection(path)).places)


def train_first(places: Sequence[Place]) -> tuple[list[Place], int]:
    """The places to train on, those to test on after them, and the number of the first; without a test split, a tenth
    is held out.
    """
    tested = np.array([place.split == "test" for place in places])
    if not tested.any():
        tested = held_out([file_key(place.name) for place in places], FEWEST_TO_SPLIT)
    train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
    return [places[index] for index in [*train, *test]], len(train)
