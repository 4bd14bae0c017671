"""Recipes in files, and recipes with other values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trompe
from conftest import small
from trompe.options.data import PatchOptions
from trompe.options.nets import MLPOptions
from trompe.recipes import RECIPES
from trompe.recipes.resume import SHOWN, differences
from trompe.recipes.serialize import to_json


def test_what_dry_run_printed_is_trained(run_command: Any, tmp_path: Path) -> None:
    flags = ["--nets.widths", 8, "--train.steps", 2, "--family.beta", 4]
    printed, _ = run_command("train", "vae-digits", *flags, "--dry-run")
    (tmp_path / "my.json").write_text(printed)
    recipe = trompe.recipe(str(tmp_path / "my.json"))
    assert (recipe.name, recipe.nets.widths, recipe.family.beta) == ("vae-digits", (8,), 4.0)
    run_command("train", tmp_path / "my.json", "--out", tmp_path / "run", "--train.steps", 3)
    run = trompe.load(tmp_path / "run")
    assert (run.step, run.record.recipe.family.beta) == (3, 4.0)
    # and so is the record of a run
    assert trompe.recipe(str(tmp_path / "run" / "run.json")) == run.record.requested


def test_a_recipe_without_a_name_has_its_files(tmp_path: Path) -> None:
    value = to_json(trompe.recipe("vae-digits"))
    del value["name"]
    (tmp_path / "mine.json").write_text(json.dumps(value))
    assert trompe.recipe(str(tmp_path / "mine.json")).name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no recipe file at"),
        ("{", "is not valid JSON"),
        ("[1]", "a recipe is an object"),
        ("{}", "recipe field `nets` is None"),
        (json.dumps(to_json(small()) | {"trane": {}}), "unknown key `trane`"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(trompe.TrompeError, match=message):
        trompe.recipe(str(path))


def test_other_values_by_the_names_of_fields() -> None:
    base = trompe.recipe("vae")
    made = base.with_(steps=np.int64(100), beta=4, data=Path("photos"), size=32, widths=[8, 16], **{"train.seed": 3})
    assert made == replace(
        base,
        data=replace(base.data, source="photos", size=32),
        nets=replace(base.nets, widths=(8, 16)),
        family=replace(base.family, beta=4.0),
        train=replace(base.train, steps=100, seed=3),
    )
    assert base.with_() == base
    assert base.with_(nets=MLPOptions(latent=3), widths=(4,)).nets == MLPOptions(widths=(4,), latent=3)
    assert base.with_(**{"data.patch.size": 8}).data.patch == PatchOptions(size=8)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stps": 1}, ["no field of this recipe is named `stps`", "did you mean `steps`?"]),
        ({"train.stepz": 1}, ["`train.stepz`", "did you mean `train.steps`?"]),
        ({"importance_samples": 3}, ["`family.importance_samples` and `evaluate.importance_samples`", "say which"]),
        ({"steps": -1}, ["recipe field `train.steps` is -1"]),
        ({"size": (4, 0)}, ["images of 4x0 have no pixels"]),
        ({"data.patch.scale": (4, 0)}, ["recipe field `data.patch.scale.1` is 0"]),
        ({"nets": {"latent": 3}}, ["`nets` is a part of the recipe"]),
        ({"batch": 2**31}, ["recipe field `train.batch` is 2147483648", "less than or equal to 2147483647"]),
    ],
)
def test_a_wrong_change_is_named(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(trompe.TrompeError) as error:
        trompe.recipe("vae").with_(**changes)
    for word in words:
        assert word in str(error.value)


def test_a_recipe_for_any_images_asks_for_them(run_command: Any, tmp_path: Path) -> None:
    names = [name for name in RECIPES if "--data PATH" in RECIPES[name].command]
    assert {"vae", "gan", "autoencoder", "dae", "pca"} < set(names)
    for name in RECIPES:
        assert (trompe.recipe(name).data.source == "") == (name in names)
    _, said = run_command("train", "vae", "--out", tmp_path / "run", code=2)
    assert "`vae` is for images of your own" in said
    assert "--data" in said
    with pytest.raises(trompe.TrompeError, match="for images of your own"):
        trompe.train("gan", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_unlike_recipes_are_told_by_their_names_and_a_few_fields() -> None:
    found = differences(trompe.recipe("vae"), trompe.recipe("gan-mnist"))
    assert found[0] == "recipe: vae -> gan-mnist"
    assert len(found) == SHOWN + 2
    assert found[-1].endswith(" more")


def test_the_length_of_a_schedule_that_is_constant_is_no_difference() -> None:
    recipe = trompe.recipe("vae")
    resolved = recipe.with_(decay_steps=50)
    assert differences(recipe, resolved) == []
    cosine, other = recipe.with_(schedule="cosine"), resolved.with_(schedule="cosine")
    assert differences(cosine, other) == ["train.decay_steps: None -> 50"]
