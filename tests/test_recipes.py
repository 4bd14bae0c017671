"""Recipes as JSON: strict, and readable where they are wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import trompe
from trompe.families import VAE
from trompe.options.nets import ConvOptions
from trompe.recipes import RECIPES
from trompe.recipes.checks import checked
from trompe.recipes.resume import MAY_CHANGE, continued, differences
from trompe.recipes.serialize import flat, from_json, to_json
from trompe.recipes.tree import Recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    recipe = checked(trompe.recipe(name))
    assert recipe.name == name
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipes_description_gives_its_command(name: str) -> None:
    assert f"trompe train {name}" in str(RECIPES[name])


def test_an_unknown_key_names_the_nearest() -> None:
    value = to_json(trompe.recipe("vae"))
    value["train"]["lerning_rate"] = 1.0
    with pytest.raises(trompe.TrompeError, match=r"unknown key `train\.lerning_rate`") as error:
        from_json(value)
    assert "did you mean `learning_rate`?" in str(error.value)


def test_an_unknown_section_is_refused_too() -> None:
    with pytest.raises(trompe.TrompeError, match="unknown key `famly`"):
        from_json(to_json(trompe.recipe("vae")) | {"famly": {}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("train", "steps", -1), ("train", "learning_rate", 0.0), ("nets", "widths", [0]), ("family", "likelihood", "x")],
)
def test_values_out_of_range_are_named(section: str, key: str, value: object) -> None:
    wrong = to_json(trompe.recipe("vae"))
    wrong[section][key] = value
    with pytest.raises(trompe.TrompeError, match=rf"recipe field `{section}\.{key}"):
        from_json(wrong)


def test_options_that_contradict_each_other_are_refused() -> None:
    recipe = trompe.recipe("iwae-mnist")
    with pytest.raises(trompe.TrompeError, match="has no separate KL"):
        checked(replace(recipe, family=replace(recipe.family, beta=2.0)))
    with pytest.raises(trompe.TrompeError, match="a gaussian likelihood is for gray levels"):
        checked(replace(recipe, family=replace(recipe.family, likelihood="gaussian")))
    recipe = trompe.recipe("gan-cifar10-lecture")
    unbounded = replace(recipe, family=replace(recipe.family, objective="wasserstein"))
    with pytest.raises(trompe.TrompeError, match="no optimum") as error:
        checked(unbounded)
    assert "--family.gradient-penalty 10" in str(error.value)
    assert checked(replace(unbounded, nets=replace(unbounded.nets, spectral_norm=True)))
    for bound in ("r1", "r2", "gradient_penalty"):
        assert checked(replace(unbounded, family=replace(unbounded.family, **{bound: 1.0})))
    with pytest.raises(trompe.TrompeError, match="the family vae has none"):
        checked(Recipe(nets=ConvOptions(spectral_norm=True), family=VAE(), name="vae"))


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(trompe.TrompeError, match="no recipe is named `vae-mnits`") as error:
        trompe.recipe("vae-mnits")
    assert "`vae-mnist`" in str(error.value)


def test_differences_are_those_that_change_the_run() -> None:
    old = trompe.recipe("vae")
    longer = replace(old, train=replace(old.train, steps=99, log_every=7, snapshots=(3,)))
    assert differences(old, longer) == []
    other = replace(old, train=replace(old.train, learning_rate=0.5))
    assert differences(old, other) == ["train.learning_rate: 0.001 -> 0.5"]


def test_a_run_goes_on_with_what_may_change() -> None:
    resolved = replace(trompe.recipe("vae"), name="mine", train=replace(trompe.recipe("vae").train, decay_steps=50))
    requested = replace(trompe.recipe("vae"), train=replace(trompe.recipe("vae").train, steps=99))
    going_on = continued(resolved, requested)
    assert (going_on.train.steps, going_on.train.decay_steps, going_on.name) == (99, 50, "mine")


def test_what_may_change_exists() -> None:
    names = set(flat(to_json(trompe.recipe("vae"))))
    assert names >= MAY_CHANGE


def test_recipes_are_frozen() -> None:
    with pytest.raises(AttributeError):
        trompe.recipe("vae").name = "other"  # type: ignore[misc]
    assert isinstance(trompe.recipe("vae"), Recipe)
