"""A run whose images changed, moved, or are joined by others: what changed is named, and nothing is confused."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trompe
from conftest import small
from trompe.runs.run import Run

CLASSES = ("ash", "elm", "oak")


def write_images(folder: Path, count: int, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(np.random.default_rng(seed).integers(0, 256, (count, 8, 8), np.uint8)):
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


def trained(images: Path, out: Path, name: str = "vae-digits") -> Run:
    recipe = small(name, steps=2)
    return trompe.train(replace(recipe, data=replace(recipe.data, source=str(images))), out)


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """A folder with a test split."""
    write_images(tmp_path / "photos" / "train", 6)
    write_images(tmp_path / "photos" / "test", 4, seed=1)
    return tmp_path / "photos"


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """A folder without one."""
    write_images(tmp_path / "flat", 60)
    return tmp_path / "flat"


def contents(images: np.ndarray) -> set[str]:
    return {hashlib.sha256(one.tobytes()).hexdigest() for one in images}


def test_what_changed_among_the_training_images_is_named(split: Path, tmp_path: Path) -> None:
    run = trained(split, tmp_path / "run")
    assert len(run.data()) == 4
    assert len(run.data(split="train")) == 6
    (split / "train" / "002.png").unlink()
    shutil.copy(split / "train" / "000.png", split / "train" / "001.png")
    write_images(split / "train" / "new", 7, seed=3)
    with pytest.raises(trompe.TrompeError, match=r"the training images of the run in .* are not those of") as error:
        run.data(split="train")
    text = str(error.value)
    assert "added (7): `train/new/000.png`, `train/new/001.png`" in text
    assert "`train/new/004.png` and 2 more\n" in text
    assert "removed (1): `train/002.png`" in text
    assert "changed (1): `train/001.png`" in text
    with pytest.raises(trompe.TrompeError, match=r"made from other data:\n  added \(7\): `train/new/000.png`") as error:
        trained(split, tmp_path / "run")
    assert "removed (1): `train/002.png`" in str(error.value)


def test_test_images_go_on_with_a_note(split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = trained(split, tmp_path / "run")
    before = run.data()
    (split / "train" / "002.png").unlink()
    capsys.readouterr()
    assert contents(run.data().images) == contents(before.images)
    assert "removed (1): `train/002.png`" in capsys.readouterr().err
    run.data()
    assert capsys.readouterr().err == ""  # said once
    shutil.move(split / "train" / "003.png", split / "test" / "003b.png")
    again = trompe.load(tmp_path / "run")
    assert isinstance(again, Run)
    assert contents(again.data().images) == contents(before.images)  # it was trained on the other one
    assert "left out: 1 that it was trained on" in capsys.readouterr().err


def test_a_changed_test_image_is_noted_when_training_goes_on(
    split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(split, tmp_path / "run")
    write_images(split / "test" / "more", 1, seed=5)
    capsys.readouterr()
    run = trained(split, tmp_path / "run")
    assert "added (1): `test/more/000.png`" in capsys.readouterr().err
    assert len(run.data()) == 5


@pytest.mark.parametrize("change", ["remove", "add", "rename"])
def test_no_training_image_becomes_a_test_image(flat: Path, tmp_path: Path, change: str) -> None:
    run = trained(flat, tmp_path / "run")
    learned = contents(run.data(split="train").images)
    if change == "remove":
        (flat / "031.png").unlink()
    elif change == "add":
        write_images(flat / "more", 3, seed=7)
    else:
        for path in flat.glob("*.png"):
            path.rename(path.with_name(f"{path.stem}-renamed.png"))
    try:
        found = contents(run.data().images)
    except trompe.TrompeError as error:
        assert "all its test images are now ones that it was trained on" in str(error)  # noqa: PT017
    else:
        assert found
        assert not found & learned


def test_a_run_that_kept_no_names_refuses_changed_images(flat: Path, tmp_path: Path) -> None:
    run = trained(flat, tmp_path / "run")
    (run.folder / "images.json").unlink()
    write_images(flat / "more", 3, seed=7)
    with pytest.raises(trompe.TrompeError, match=r"does not know which .* it was trained on"):
        run.data()
    with pytest.raises(trompe.TrompeError, match="are not those of its training"):
        run.data(split="train")


def test_an_image_written_among_them_by_mistake_is_named(split: Path, tmp_path: Path) -> None:
    trained(split, tmp_path / "run")
    Image.new("L", (40, 40)).save(split / "train" / "samples.png")
    with pytest.raises(trompe.TrompeError, match=r"added \(1\): `train/samples.png`"):
        trained(split, tmp_path / "run")
    with pytest.raises(trompe.TrompeError, match=r"added \(1\): `train/samples.png`"):
        Run(tmp_path / "run").data(split="train")


def test_data_that_moved_are_the_same_data(split: Path, tmp_path: Path) -> None:
    run = trained(split, tmp_path / "run")
    fingerprints = [run.data(split=part).fingerprint for part in ("train", "test")]
    moved = split.rename(tmp_path / "elsewhere")
    with pytest.raises(trompe.TrompeError, match=f"no longer at `{split}`") as error:
        run.data()
    assert "--data" in str(error.value.hint)
    assert run.data(str(moved)).fingerprint == fingerprints[1]
    assert run.data(split="train").fingerprint == fingerprints[0]  # found again, for all that follows


def test_other_data_say_which_part_is_used(
    flat: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(split, tmp_path / "run")
    for place in split.glob("train/*.png"):
        shutil.copy(place, flat / f"of-the-run-{place.name}")
    capsys.readouterr()
    test, train = run.data(str(flat)), run.data(f"{flat}:train")
    assert len(test) + len(train) == 66
    said = capsys.readouterr().err.replace("\n", " ")
    assert f"{len(test)} test images of the 66 in `{flat}` are used" in said
    known = contents(run.data(split="train").images)
    shared = sum(contents(one[None]) <= known for one in test.images)
    assert (f"{shared} of the {len(test)} images" in said) == (shared > 0)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    for number, name in enumerate(CLASSES):
        write_images(tmp_path / "trees" / "train" / name, 3, seed=number)
        write_images(tmp_path / "trees" / "test" / name, 2, seed=10 + number)
    return tmp_path / "trees"


@pytest.mark.parametrize("name", ["vae-digits", "cvae"])
def test_labels_are_matched_by_the_names_of_classes(classes: Path, tmp_path: Path, name: str) -> None:
    run = trained(classes, tmp_path / "run", name)
    for part in ("train", "test"):
        for one in ("elm", "oak"):
            write_images(tmp_path / "some" / part / one, 2, seed=20)
    data = run.data(str(tmp_path / "some"))
    assert data.class_names == CLASSES
    assert data.labels is not None
    assert data.labels.tolist() == [1, 1, 2, 2]
    assert run.encode(data).shape[0] == 4


def test_unknown_classes_are_an_error_where_labels_are_needed(classes: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        for one in ("fir", "oak"):
            write_images(tmp_path / "some" / part / one, 2, seed=20)
    plain, conditional = (trained(classes, tmp_path / name, name) for name in ("vae-digits", "cvae"))
    assert plain.data(str(tmp_path / "some")).class_names == ("fir", "oak")  # which this model does not look at
    with pytest.raises(trompe.TrompeError, match="fir"):
        conditional.data(str(tmp_path / "some"))


def test_a_class_that_changed_its_name_is_noticed(classes: Path, tmp_path: Path) -> None:
    run = trained(classes, tmp_path / "run")
    (classes / "train" / "elm").rename(classes / "train" / "yew")
    with pytest.raises(trompe.TrompeError, match=r"added \(3\): `train/yew/000.png`"):
        run.data(split="train")


def test_patches_of_images_that_changed_are_named(split: Path, tmp_path: Path) -> None:
    recipe = small("vae-digits", steps=2)
    patch = replace(recipe.data.patch, size=4, count=5)
    recipe = replace(recipe, data=replace(recipe.data, source=str(split), patch=patch))
    run = trompe.train(recipe, tmp_path / "run")
    write_images(split / "train" / "new", 1, seed=2)
    with pytest.raises(trompe.TrompeError, match=r"data:\n  added \(1\): `train/new/000.png`\n"):
        trompe.train(recipe, tmp_path / "run")
    assert len(run.data()) == 20


def test_images_scaled_to_the_runs_size_are_said(vae_run: trompe.Run, capfd: pytest.CaptureFixture[str]) -> None:
    data = trompe.train(small("vae-mlp", steps=1), vae_run.folder.parent / "larger", data=np.zeros((30, 12, 12))).data
    assert data("digits:test").image_shape == (1, 12, 12)
    assert "the images of `digits` are scaled from 8x8 to 12x12, the run's size" in capfd.readouterr().err
