"""What is said of a training that goes wrong, and of one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import trompe
from conftest import small
from trompe.doctor import measured, signs
from trompe.log import read_log
from trompe.report import write_report


def log_of(count: int = 30, **series: object) -> list[dict[str, float]]:
    """Lines of a log, each key a number throughout or a function of the line's number."""
    keys = {name.replace("__", "/"): value for name, value in series.items()}
    return [
        {"step": 100 * line, **{key: value(line) if callable(value) else value for key, value in keys.items()}}  # type: ignore[dict-item]
        for line in range(count)
    ]


RECIPE = trompe.recipe("gan")
HEALTHY = {
    "discriminator__real_right": 0.8,
    "discriminator__fake_right": 0.85,
    "discriminator__gradient_norm": 1.0,
    "generator__gradient_norm": lambda line: 1 + 0.1 * (line % 3),
    "samples__variety": 0.9,
    "samples__kinds": 0.95,
}


def names(**series: object) -> set[str]:
    return {sign.name for sign in signs(log_of(**HEALTHY | series), RECIPE)}


def test_nothing_is_said_of_a_game_that_goes_well() -> None:
    assert names() == set()
    assert signs([], RECIPE) == []
    assert (
        signs(log_of(3, **HEALTHY | {"discriminator__real_right": 1.0, "discriminator__fake_right": 1.0}), RECIPE) == []
    )


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("the discriminator always wins", {"discriminator__real_right": 1.0, "discriminator__fake_right": 0.99}),
        ("the discriminator has given up", {"discriminator__real_right": 1.0, "discriminator__fake_right": 0.01}),
        ("the discriminator learns by heart", {"test__discriminator__real_right": 0.4}),
        ("the generator's gradient has vanished", {"generator__gradient_norm": lambda line: 10.0 ** -(line // 5)}),
        ("the generator's gradient explodes", {"generator__gradient_norm": lambda line: 10.0 ** (line // 5)}),
        ("all samples are alike", {"samples__variety": lambda line: 0.9 if line < 20 else 0.2}),
        ("modes are lost", {"samples__kinds": lambda line: 0.95 if line < 20 else 0.4}),
    ],
)
def test_each_sign_is_seen(name: str, series: dict[str, object]) -> None:
    assert names(**series) == {name}
    (sign,) = signs(log_of(**HEALTHY | series), RECIPE)
    assert len(sign.remedies) > 1
    assert "Try" in str(sign)


def test_real_pictures_have_all_the_variety_there_is_and_one_picture_none() -> None:
    real = trompe.load_data("digits").images_as_floats()
    same = measured(real[128:192], real[:128])
    assert same["samples/variety"] == pytest.approx(1, abs=0.1)
    assert same["samples/kinds"] == pytest.approx(1, abs=0.35)
    one = measured(real[:1].expand(64, -1, -1, -1), real[:128])
    assert one["samples/variety"] == 0
    assert one["samples/kinds"] < 0.1
    assert measured(torch.rand(4, 1, 8, 8), real[:3]) == {}


def test_a_losing_generator_is_told_of_while_it_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The literal minimax against a discriminator that is twenty times as fast."""
    recipe = small("gan-mnist", steps=240, log_every=10, sample_every=20, learning_rate=2e-4)
    family = replace(recipe.family, objective="minimax", discriminator_rate=20.0)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, family=family), tmp_path / "run")
    told = capsys.readouterr().err
    assert told.count("the discriminator always wins") == 1
    assert "--family.objective" in told
    page = write_report(run).read_text()
    assert "The discriminator always wins" in page
    lines = read_log(run.folder)
    assert any("samples/variety" in line for line in lines)
    assert any("generator/gradient_norm" in line for line in lines)


def test_only_remedies_are_named_that_the_recipe_has() -> None:
    log = log_of(**HEALTHY | {"discriminator__real_right": 1.0, "discriminator__fake_right": 1.0})
    told = {name: str(signs(log, trompe.recipe(name))[0]) for name in ("gan", "bigan-mnist", "aae-mnist")}
    assert "--family.augment" in told["gan"]
    assert "--family.augment" not in told["bigan-mnist"]
    assert "--family.adversarial-rate" in told["aae-mnist"]
    assert "--family.r1" not in told["aae-mnist"]
