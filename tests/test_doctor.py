"""What is said of a training that goes wrong, and of one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from conftest import small
from trompe.data.batches import Batches
from trompe.doctor import AUGMENT, measured, open_to, signs
from trompe.log import read_log
from trompe.model import Model
from trompe.nets import Discriminator
from trompe.options import DataOptions, GANOptions
from trompe.report import write_report
from trompe.writing import known, some_of


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
        ("the discriminator learns by heart", {"test__known": 0.9}),
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
    told = {name: str(signs(log, trompe.recipe(name))[0]) for name in ("gan-cifar10", "bigan-mnist", "aae-mnist")}
    assert "--family.augment" in told["gan-cifar10"]
    assert "--family.augment" not in told["bigan-mnist"]
    assert "--family.adversarial-rate" in told["aae-mnist"]
    assert "--family.r1" not in told["aae-mnist"]


def test_samples_are_compared_with_all_classes_of_real_pictures(tmp_path: Path) -> None:
    """Held-out pictures of a folder lie class by class; what samples are measured against does not."""
    data = trompe.load_data("digits")
    assert data.labels is not None
    ordered = data.take(np.argsort(data.labels, kind="stable"))
    batches = Batches(ordered, torch.device("cpu"), DataOptions(), labelled=True)
    labels = batches.gather(some_of(batches, 128, 0)).labels
    assert labels is not None
    assert len(labels.unique()) == 10
    assert some_of(batches, 128, 0).tolist() == some_of(batches, 128, 0).tolist()


class Memory(Discriminator):
    """Knows some pictures by heart, and all others not at all."""

    sees_codes = False

    def __init__(self, pictures: torch.Tensor) -> None:
        super().__init__()
        self.pictures = pictures

    def forward(
        self, images: torch.Tensor, labels: torch.Tensor | None = None, codes: torch.Tensor | None = None
    ) -> torch.Tensor:
        near = torch.cdist(images.flatten(1), self.pictures.flatten(1)).amin(1) < 1e-2
        return near.float() + 1e-3 * images.flatten(1).mean(1)


def test_a_discriminator_that_knows_its_pictures_is_found_out() -> None:
    data = trompe.load_data("digits")
    parts = [data.take(slice(0, 700)), data.take(slice(700, 1400))]
    trained_on, held_out = (Batches(part, torch.device("cpu"), DataOptions(), labelled=False) for part in parts)

    def share(pictures: torch.Tensor) -> float:
        model = Model(discriminator=Memory(pictures), image_shape=(1, 8, 8), latent=1)
        return known(model, trained_on, held_out, 0)

    assert share(parts[0].images_as_floats()) == 1
    assert share(torch.zeros(1, 1, 8, 8)) == pytest.approx(0.5, abs=0.1)


def test_what_is_known_by_heart_is_asked_at_every_evaluation(tmp_path: Path) -> None:
    run = trompe.train(small("cgan", steps=4, evaluate_every=2), tmp_path / "run")
    assert [0 <= line["test/known"] <= 1 for line in run.log if "test/known" in line] == [True, True]


def test_a_remedy_that_is_in_force_is_none() -> None:
    recipe = trompe.recipe("gan-cifar10")
    family = recipe.family
    assert isinstance(family, GANOptions)
    augmented = replace(recipe, family=replace(family, augment=("shift", "cutout", "colour")))
    assert open_to(recipe, AUGMENT)
    assert not open_to(augmented, AUGMENT)
    assert not open_to(recipe, "`--data.flip`")
    assert open_to(recipe, "`--family.r1 1`")
    assert not open_to(replace(recipe, family=replace(family, r1=1.0)), "`--family.r1 1`")
    assert not open_to(recipe, "`--nets.norm decoder` where it is `none`")


def test_a_remedy_is_named_or_nothing() -> None:
    log = log_of(**HEALTHY | {"discriminator__real_right": 1.0, "discriminator__fake_right": 0.0})
    for name in ("gan", "vae-gan", "aae-mnist"):
        (sign,) = signs(log, trompe.recipe(name))
        assert not str(sign).endswith("Try ")
    assert "all codes" in str(signs(log, trompe.recipe("aae-mnist"))[0])
