"""How splits and classes are found, what is said of it, and what is held out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trompe.data.load import by_class, everything, for_recipe, load_splits, own_splits
from trompe.data.samples import FEWEST_TO_SPLIT, Samples, Splits, held_out, keys_of, with_held_out
from trompe.data.sources.files import collection
from trompe.data.sources.layouts import Arrangement, by_folders
from trompe.errors import TrompeError
from trompe.options.data import DataOptions


def several(folder: str, count: int = 12) -> list[str]:
    return [f"{folder}{'/' if folder else ''}{number}.png" for number in range(count)]


def write(root: Path, names: Iterable[str], texts: dict[str, str] | None = None) -> Path:
    """Images of these names, which are all different, and text files."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2), number % 256, np.uint8)).save(root / name)
    for name, text in (texts or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def classes(arranged: Arrangement) -> dict[str | None, int]:
    labels = [place.class_name or place.label for place in arranged.places]
    return {label: labels.count(label) for label in sorted(set(labels), key=str)}


def count_tested(arranged: Arrangement) -> int:
    return sum(place.split == "test" for place in arranged.places)


FOLDERS = {
    "flat": (several(""), {None: 12}, 0, "classes: none; splits: none"),
    "two classes": (
        several("cats") + several("dogs"), {"cats": 12, "dogs": 12}, 0, "classes: 2 folders; splits: none"
    ),
    "one class": (several("cats"), {"cats": 12}, 0, "classes: 1 folder; splits: none"),
    "a folder of images is no class": (several("images"), {None: 12}, 0, "classes: none; splits: none"),
    "one stray image": (
        [*several("cats"), *several("dogs"), "stray.png"], {"cats": 12, "dogs": 12}, 0,
        "classes: 2 folders; splits: none; 1 image without a class left out",
    ),
    "most are no strays": (
        [*several("", 30), *several("cats"), *several("dogs")], {None: 54}, 0,
        "classes: none (of 54 images, 30 are not in a class folder); splits: none",
    ),
    "an album in an album": ([*several("", 1), *several("2020", 30)], {None: 31}, 0, "classes: none; splits: none"),
    "splits": (
        several("train/a") + several("train/b") + several("test/a", 3), {"a": 15, "b": 12}, 3,
        "classes: 2 folders; splits: train/, test/",
    ),
    "splits in any case, and others": (
        several("Train") + several("Test") + several("misc", 2), {None: 24}, 12,
        "classes: none; splits: Train/, Test/; 2 images outside the splits left out",
    ),
    "validation serves to test": (several("training") + several("valid"), {None: 24}, 12,
                                  "classes: none; splits: training/, valid/"),
    "validation is kept apart": (several("train") + several("val") + several("test"), {None: 36}, 12,
                                 "classes: none; splits: train/, test/; val/ left out"),
    "a class of trains": (several("train") + several("bus"), {"bus": 12, "train": 12}, 0,
                          "classes: 2 folders; splits: none"),
    "shards": (
        [f"{number // 1000:05}/img{number:08}.png" for number in range(990, 1010)], {None: 20}, 0,
        "classes: none (numbered folders are parts of one set); splits: none",
    ),
    "shards of FFHQ": (
        [f"{number // 1000:02}000/{number:05}.png" for number in range(990, 1010)], {None: 20}, 0,
        "classes: none (numbered folders are parts of one set); splits: none",
    ),
    "classes with numbers for names": (
        [f"{sign:05}/{track:05}_{frame:05}.png" for sign in (0, 1) for track in range(3) for frame in range(2)],
        {"00000": 6, "00001": 6}, 0, "classes: 2 folders; splits: none",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("names", "labels", "test", "sentence"), FOLDERS.values(), ids=FOLDERS)
def test_folders_are_read_as_is_said(
    tmp_path: Path, names: list[str], labels: dict[str, int], test: int, sentence: str
) -> None:
    arranged = by_folders(collection(write(tmp_path, names)))
    assert (classes(arranged), count_tested(arranged), arranged.sentence) == (labels, test, sentence)


def test_a_zip_is_wrapped_in_a_folder_of_its_own(tmp_path: Path) -> None:
    for inside, expected in (("pets/", {None: 12}), ("pets/cats/", {"cats": 12})):
        write(tmp_path / "once", several(""))
        with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
            for name in several(""):
                archive.write(tmp_path / "once" / name, inside + name)
        assert classes(by_folders(collection(tmp_path / "pets.zip"))) == expected


SHARDED = [f"00000/img{number:08}.png" for number in range(12)]
JSON = {
    "dataset.json": json.dumps({"labels": [[name, 10 if number < 4 else 2] for number, name in enumerate(SHARDED)]})
}
LISTS = {
    "StyleGAN's": (SHARDED, JSON, {"10": 4, "2": 8}, "classes: 2 labels in `dataset.json`; splits: none"),
    "StyleGAN's without labels": (
        SHARDED, {"dataset.json": '{"labels": null}'}, {None: 12},
        "classes: none (numbered folders are parts of one set); splits: none",
    ),
    "labels.csv": (
        several(""),
        {"labels.csv": "\ufefffile,label\n" + "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(12))},
        {"a": 6, "b": 6}, "classes: 2 labels in `labels.csv`; splits: none",
    ),
    "metadata.csv, one row missing": (
        several("", 20),
        {"metadata.csv": "file_name,text,Class\n" + "".join(f'{name},"a, b",x\n' for name in several("", 19))},
        {"x": 19}, "classes: 1 label in `metadata.csv`; splits: none; 1 image without a class left out",
    ),
    "in each split": (
        several("train") + several("test"),
        {f"{split}/metadata.csv": "file_name,label\n" + "".join(f"{name},{split[0]}\n" for name in several(""))
         for split in ("train", "test")},
        {"t": 24}, "classes: 1 label in `test/metadata.csv`, `train/metadata.csv`; splits: train/, test/",
    ),
    "captions are no labels": (several(""), {"metadata.csv": "file_name,text\n0.png,a cat\n"}, {None: 12},
                               "classes: none; splits: none"),
    "too few labels": (several(""), {"labels.csv": "file,label\n0.png,a\n"}, {None: 12},
                       "classes: none (of 12 images, 11 have no label in `labels.csv`); splits: none"),
}  # fmt: skip


@pytest.mark.parametrize(("names", "texts", "labels", "sentence"), LISTS.values(), ids=LISTS)
def test_lists_of_labels_are_read(
    tmp_path: Path, names: list[str], texts: dict[str, str], labels: dict[str, int], sentence: str
) -> None:
    arranged = by_folders(collection(write(tmp_path, names, texts)))
    assert (classes(arranged), arranged.sentence) == (labels, sentence)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dataset.json", "{", "`dataset.json` lists no labels that can be read"),
        ("dataset.json", "[1]", "`dataset.json` lists no labels that can be read"),
        ("dataset.json", '{"labels": [["0.png", [1, 0]]]}', "`dataset.json` lists no labels that can be read"),
        ("labels.csv", "file,label\n\0\xff,", None),
    ],
)
def test_damaged_lists_of_labels_are_named(tmp_path: Path, name: str, text: str, message: str | None) -> None:
    write(tmp_path, several(""))
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(TrompeError, match=message or "`labels.csv` cannot be read as a table of labels") as error:
        by_folders(collection(tmp_path))
    assert "rename the file" in str(error.value)


def test_what_was_found_is_reported_and_changes_with_its_file(tmp_path: Path) -> None:
    table = "file,label\n" + "".join(f"{name},{number % 11}\n" for number, name in enumerate(several("", 22)))
    loaded = load_splits(str(write(tmp_path, several("", 22), {"labels.csv": table})))
    assert loaded.report["layout"] == "classes: 11 labels in `labels.csv`; splits: none"
    assert loaded.train.class_names == tuple(map(str, range(11)))  # by number
    assert len(loaded.train) + len(loaded.test) == 22
    (tmp_path / "labels.csv").write_text(table.replace(",10", ",ten"))
    assert "ten" in load_splits(str(tmp_path)).train.class_names


# What is held out

KEYS = st.lists(st.binary(min_size=1, max_size=8), min_size=FEWEST_TO_SPLIT + 2, max_size=80, unique=True)


@given(KEYS, st.data())
def test_adding_or_removing_one_moves_no_other(keys: list[bytes], data: st.DataObject) -> None:
    removed = data.draw(st.sampled_from(keys))
    before = {key for key, held in zip(keys, held_out(keys, FEWEST_TO_SPLIT), strict=True) if held}
    rest = data.draw(st.permutations([key for key in keys if key != removed]))
    after = {key for key, held in zip(rest, held_out(rest, FEWEST_TO_SPLIT), strict=True) if held}
    assert before
    assert after
    if len(before) > 1:  # a single one may be there because none has a low enough hash
        assert after == before - {removed}


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=40))
def test_never_all_are_held_out(keys: list[bytes]) -> None:
    held = held_out(keys)
    assert held.sum() < max(1, len(keys))
    assert held.any() == (len(set(keys)) > 1)


def test_a_tenth_is_held_out_of_many() -> None:
    held = held_out([str(number).encode() for number in range(20_000)])
    assert abs(held.mean() - 0.1) < 0.01
    assert not held_out([str(number).encode() for number in range(19)], FEWEST_TO_SPLIT).any()


def test_a_file_that_comes_or_goes_moves_no_other(tmp_path: Path) -> None:
    def held(path: Path) -> set[str]:
        return set(load_splits(str(path)).test.names)

    before = held(write(tmp_path, several("", 60)))
    assert len(before) > 1
    gone = min(set(several("", 60)) - before)
    (tmp_path / gone).unlink()
    assert held(tmp_path) == before
    (tmp_path / min(before)).unlink()
    write(tmp_path, ["another.png"])
    assert held(tmp_path) - {"another.png"} == before - {min(before)}


def test_arrays_are_held_out_by_what_they_hold(random: np.random.Generator) -> None:
    images = random.integers(0, 256, (60, 1, 4, 4), np.uint8)
    loaded = with_held_out(Samples(images, "noise"))
    held = set(keys_of(loaded.test))
    assert 1 < len(held) < 20
    shuffled = with_held_out(Samples(images[random.permutation(60)[:50]], "noise"))
    assert set(keys_of(shuffled.test)) <= held
    assert not set(keys_of(shuffled.train)) & held


def labeled(names: tuple[str, ...]) -> Splits:
    labels = np.arange(4 * len(names)) % len(names)
    images = np.arange(labels.size, dtype=np.uint8).reshape(-1, 1, 1, 1)
    data = Samples(images, "named", labels, names)
    return Splits(data, data)


def test_whole_classes_are_held_out_by_their_names() -> None:
    names = tuple(f"person {number}" for number in range(40))

    def held(names: tuple[str, ...]) -> set[str]:
        split = by_class(labeled(names))
        assert not set(split.train.labels) & set(split.test.labels)
        return {names[label] for label in split.test.labels}

    whole = held(names)
    assert 1 < len(whole) < 12
    for gone in (names[0], min(whole)):
        assert held(tuple(name for name in reversed(names) if name != gone)) == whole - {gone}
    assert len(held(("cats", "dogs"))) == 1


# Labels by the names of classes


def test_labels_follow_the_names_of_classes(capsys: pytest.CaptureFixture[str]) -> None:
    data = labeled(("ape", "cat", "dog")).train
    by_model = data.with_classes(("dog", "bee", "cat", "ape"))
    assert [by_model.class_names[label] for label in by_model.labels] == [data.class_names[one] for one in data.labels]
    assert "no samples of 1 classes: `bee`" in capsys.readouterr().err
    assert by_model.with_classes(data.class_names).fingerprint == data.fingerprint
    assert data.with_classes(data.class_names) is data
    assert replace(data, labels=None).with_classes(("dog",)).labels is None
    some = data.take(np.flatnonzero(data.labels != 1))
    assert some.with_classes(("dog", "ape")).labels.max() == 1  # a class without samples need not be known
    with pytest.raises(TrompeError, match=r"classes that are not known: `cat`\nhint: known: `dog`, `ape`"):
        data.with_classes(("dog", "ape"))
    with pytest.raises(TrompeError, match="several classes have one name"):
        data.with_classes(("dog", "ape", "cat", "cat"))


def test_own_splits_are_those_of_the_source(tmp_path: Path) -> None:
    write(tmp_path / "split", several("train") + several("test", 3))
    train, test = own_splits(str(tmp_path / "split"))
    assert (len(train), len(test)) == (12, 3)
    with pytest.raises(TrompeError, match="does not say which images were trained on"):
        own_splits(str(write(tmp_path / "flat", several("", 30))))


def test_a_recipe_reads_the_fit(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 40), 200, np.uint8)).save(tmp_path / "panorama.png")
    found = {fit: everything(for_recipe(DataOptions(str(tmp_path), (8, 8), fit=fit))).images  # type: ignore[arg-type]
             for fit in ("crop", "letterbox", "stretch")}  # fmt: skip
    assert found["crop"].min() == found["stretch"].min() == 200
    assert found["letterbox"][0, 0, 0, 0] != 200
