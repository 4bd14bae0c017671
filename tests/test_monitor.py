"""Training diagnostics: what is reported of a training that goes wrong, and of one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from conftest import small
from trompe.condition import NOTHING, Condition
from trompe.core.model import Model
from trompe.data.batches import Batches
from trompe.families import GAN
from trompe.nets.discriminators import Discriminator
from trompe.options.data import DataOptions
from trompe.runs.log import read_log
from trompe.training.diversity import sample_diversity
from trompe.training.evaluation import some_of, train_vs_held_out_auc
from trompe.training.monitor import AUGMENT, R1, Remedy, diagnostics
from trompe.web.report import write_report


def log_of(count: int = 30, **series: object) -> list[dict[str, float]]:
    """Lines of a log, each key a number throughout or a function of the line's number."""
    keys = {name.replace("__", "/"): value for name, value in series.items()}
    return [
        {"step": 100 * line, **{key: value(line) if callable(value) else value for key, value in keys.items()}}  # type: ignore[dict-item]
        for line in range(count)
    ]


RECIPE = trompe.recipe("gan")
HEALTHY = {
    "discriminator__real_accuracy": 0.8,
    "discriminator__fake_accuracy": 0.85,
    "discriminator__gradient_norm": 1.0,
    "generator__gradient_norm": lambda line: 1 + 0.1 * (line % 3),
    "samples__diversity": 0.9,
    "samples__mode_coverage": 0.95,
}


ALWAYS_RIGHT = {"discriminator__real_accuracy": 1.0, "discriminator__fake_accuracy": 1.0}


def names(**series: object) -> set[str]:
    return {one.name for one in diagnostics(log_of(**HEALTHY | series), RECIPE)}


def test_nothing_is_said_of_a_training_that_goes_well() -> None:
    assert names() == set()
    assert diagnostics([], RECIPE) == []
    assert diagnostics(log_of(3, **HEALTHY | ALWAYS_RIGHT), RECIPE) == []


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("the discriminator always wins", ALWAYS_RIGHT | {"discriminator__fake_accuracy": 0.99}),
        ("the discriminator does not discriminate", ALWAYS_RIGHT | {"discriminator__fake_accuracy": 0.01}),
        ("the discriminator overfits", {"test__train_vs_held_out_auc": 0.9}),
        ("the generator's gradient has vanished", {"generator__gradient_norm": lambda line: 10.0 ** -(line // 5)}),
        ("the generator's gradient explodes", {"generator__gradient_norm": lambda line: 10.0 ** (line // 5)}),
        ("all samples are alike", {"samples__diversity": lambda line: 0.9 if line < 20 else 0.2}),
        ("modes are lost", {"samples__mode_coverage": lambda line: 0.95 if line < 20 else 0.4}),
    ],
)
def test_each_diagnostic_is_made(name: str, series: dict[str, object]) -> None:
    assert names(**series) == {name}
    (found,) = diagnostics(log_of(**HEALTHY | series), RECIPE)
    assert len(found.remedies) > 1
    assert "Try" in str(found)


def test_real_images_have_all_the_diversity_there_is_and_one_image_none() -> None:
    real = trompe.load_data("digits").images_as_floats()
    same = sample_diversity(real[128:192], real[:128])
    assert same["samples/diversity"] == pytest.approx(1, abs=0.1)
    assert same["samples/mode_coverage"] == pytest.approx(1, abs=0.35)
    one = sample_diversity(real[:1].expand(64, -1, -1, -1), real[:128])
    assert one["samples/diversity"] == 0
    assert one["samples/mode_coverage"] < 0.1
    assert sample_diversity(torch.rand(4, 1, 8, 8), real[:3]) == {}


def test_a_losing_generator_is_reported_while_it_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The literal minimax against a discriminator that is twenty times as fast."""
    recipe = small("gan-mnist", steps=240, log_every=10, sample_every=20, learning_rate=2e-4)
    family = replace(recipe.family, objective="minimax", discriminator_lr_scale=20.0)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, family=family), tmp_path / "run")
    said = capsys.readouterr().err
    assert said.count("the discriminator always wins") == 1
    assert "--family.objective" in said
    page = write_report(run).read_text()
    assert "The discriminator always wins" in page
    lines = read_log(run.folder)
    assert any("samples/diversity" in line for line in lines)
    assert any("generator/gradient_norm" in line for line in lines)


def test_only_remedies_are_named_that_the_recipe_has() -> None:
    log = log_of(**HEALTHY | ALWAYS_RIGHT)
    said = {name: str(diagnostics(log, trompe.recipe(name))[0]) for name in ("gan-cifar10", "bigan-mnist", "aae-mnist")}
    assert "`--family.augment color translation cutout`" in said["gan-cifar10"]
    assert "--family.augment" not in said["bigan-mnist"]
    assert "--family.adversarial-lr-scale" in said["aae-mnist"]
    assert "--family.r1" not in said["aae-mnist"]


def test_samples_are_compared_with_all_classes_of_real_images(tmp_path: Path) -> None:
    """Held-out images of a folder lie class by class; what samples are compared with does not."""
    data = trompe.load_data("digits")
    assert data.labels is not None
    ordered = data.take(np.argsort(data.labels, kind="stable"))
    batches = Batches(ordered, torch.device("cpu"), DataOptions())
    labels = batches.gather(some_of(batches, 128, 0)).labels
    assert labels is not None
    assert len(labels.unique()) == 10
    assert some_of(batches, 128, 0).tolist() == some_of(batches, 128, 0).tolist()


class Memory(Discriminator):
    """Knows some images one by one, and all others not at all."""

    sees = ("images",)

    def __init__(self, known: torch.Tensor) -> None:
        super().__init__()
        self.known = known

    def forward(self, images: torch.Tensor, condition: Condition = NOTHING) -> torch.Tensor:
        near = torch.cdist(images.flatten(1), self.known.flatten(1)).amin(1) < 1e-2
        return near.float() + 1e-3 * images.flatten(1).mean(1)


def test_a_discriminator_that_overfits_is_found_out() -> None:
    data = trompe.load_data("digits")
    parts = [data.take(slice(0, 700)), data.take(slice(700, 1400))]
    trained_on, held_out = (Batches(part, torch.device("cpu"), DataOptions()) for part in parts)

    def auc(known: torch.Tensor) -> float:
        model = Model({"discriminator": Memory(known)}, image_shape=(1, 8, 8), latent_shape=(1,))
        return train_vs_held_out_auc(model, trained_on, held_out, 0)

    assert auc(parts[0].images_as_floats()) == 1
    assert auc(torch.zeros(1, 1, 8, 8)) == pytest.approx(0.5, abs=0.1)


def test_overfitting_is_measured_at_every_evaluation(tmp_path: Path) -> None:
    run = trompe.train(small("cgan", steps=4, evaluate_every=2), tmp_path / "run")
    found = [line["test/train_vs_held_out_auc"] for line in run.log if "test/train_vs_held_out_auc" in line]
    assert [0 <= auc <= 1 for auc in found] == [True, True]


def test_a_remedy_that_is_in_force_is_none() -> None:
    recipe = trompe.recipe("gan-cifar10")
    family = recipe.family
    assert isinstance(family, GAN)
    augmented = replace(recipe, family=replace(family, augment=("translation", "cutout", "color")))
    assert AUGMENT.applies(recipe)
    assert not AUGMENT.applies(augmented)
    assert AUGMENT.applies(replace(recipe, family=replace(family, augment=("color",))))
    assert not Remedy("", "data.flip", True).applies(recipe)
    assert R1.applies(recipe)
    assert not R1.applies(replace(recipe, family=replace(family, r1=1.0)))
    assert not Remedy("", "nets.norm", "decoder").applies(recipe)
    assert Remedy("an earlier snapshot").applies(recipe)


def test_a_remedy_is_a_flag_with_its_value_or_words() -> None:
    assert str(AUGMENT) == "`--family.augment color translation cutout`"
    assert str(Remedy("", "data.flip", True)) == "`--data.flip`"
    assert str(R1) == "`--family.r1 1.0`"
    assert str(Remedy("a lower", "train.learning_rate")) == "a lower `--train.learning-rate`"
    assert str(Remedy("more images")) == "more images"


def test_a_remedy_is_named_or_nothing() -> None:
    log = log_of(**HEALTHY | {"discriminator__real_accuracy": 1.0, "discriminator__fake_accuracy": 0.0})
    for name in ("gan", "vae-gan", "aae-mnist"):
        (found,) = diagnostics(log, trompe.recipe(name))
        assert not str(found).endswith("Try ")
    assert "all latents" in str(diagnostics(log, trompe.recipe("aae-mnist"))[0])
