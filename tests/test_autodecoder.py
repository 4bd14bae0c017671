"""Decoders with a latent for each training image, and training on a few images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from trompe.core.phases import training_only
from trompe.data.batches import Batches
from trompe.data.load import for_recipe
from trompe.families import Autodecoder
from trompe.measures import evaluate
from trompe.options.data import DataOptions
from trompe.options.nets import MLPOptions
from trompe.options.train import TrainOptions
from trompe.recipes import Recipe
from trompe.recipes.build import build_model
from trompe.rng import Draws
from trompe.runs.record import read_record
from trompe.training.resolve import resolved

CPU = torch.device("cpu")


def recipe(limit: int, family: Autodecoder, *, latent: int = 8, steps: int = 400) -> Recipe:
    train = TrainOptions(
        schedule="cosine",
        steps=steps,
        batch=limit,
        learning_rate=1e-2,
        precision="float32",
        evaluate_every=0,
        sample_every=0,
    )
    data, nets = DataOptions("digits", limit=limit), MLPOptions(widths=(32,), latent=latent, activation="silu")
    return Recipe(data, nets, family, train, name="toy")


def images_of(run: trompe.Run) -> tuple[torch.Tensor, torch.Tensor]:
    """The training images, and what the model has of them."""
    given = run.data(split="train").images_as_floats()
    return given, run.model.recall(torch.arange(len(given)))


@pytest.mark.parametrize("latents", ["ones", "one-hot", "free"])
def test_what_each_kind_of_latent_stores(latents: str, tmp_path: Path) -> None:
    """Of six images, one vector for all stores the mean, which has the least squared error; vectors of their own store
    each. Only free latents are trained.
    """
    run = trompe.train(recipe(6, Autodecoder(latents=latents, latent_lr_scale=10)), tmp_path / "run")  # type: ignore[arg-type]
    given, back = images_of(run)
    expected = given.mean(0, keepdim=True).expand_as(given) if latents == "ones" else given
    assert (back - expected).square().mean() < 1e-3
    fixed = {"ones": torch.ones(6, 8), "one-hot": torch.eye(6, 8)}
    table = run.model.network("table").weight
    assert torch.equal(table, fixed[latents]) if latents in fixed else table.std() > 0.1


def test_only_the_latents_of_a_batch_have_gradients() -> None:
    data = trompe.load_data("digits").take(slice(0, 10))
    made = resolved(recipe(10, Autodecoder()), CPU, 10)
    model, phase = build_model(made, data.format), made.family.phases()[1]
    batch = Batches(data, CPU, DataOptions()).prepared(np.array([7, 2, 7]), Draws(0, CPU, 3))
    assert batch.indices is not None
    assert batch.indices.tolist() == [7, 2, 7]
    with training_only(model, phase.trains):
        phase.loss(model, batch, 0)["reconstruction"].sum().backward()
    gradient = model.network("table").weight.grad
    assert gradient.abs().sum(1).nonzero().flatten().tolist() == [2, 7]


def test_other_images_have_no_latents() -> None:
    """The loss of test images is not that of the training images of the same places."""
    data = trompe.load_data("digits").take(slice(0, 4))
    made = resolved(recipe(4, Autodecoder()), CPU, 4)
    batch = Batches(data, CPU, DataOptions()).prepared(np.arange(4), Draws(0, CPU, 4), training=False)
    assert all(phase.loss(build_model(made, data.format), batch, 0) == {} for phase in made.family.phases())


def test_the_number_of_latents_is_recorded_and_opens_the_weights_alone(tmp_path: Path) -> None:
    run = trompe.train(recipe(6, Autodecoder(), steps=5), tmp_path / "run")
    record = read_record(run.folder)
    assert isinstance(record.requested.family, Autodecoder)
    assert isinstance(record.recipe.family, Autodecoder)
    assert (record.requested.family.images, record.recipe.family.images) == (None, 6)
    alone = trompe.load(run.folder / "weights.safetensors")
    assert torch.equal(alone.model.recall(torch.arange(6)), images_of(run)[1])
    with pytest.raises(trompe.TrompeError, match="nothing can be sampled"):
        run.sample(1)


def test_what_was_stored_is_measured(tmp_path: Path) -> None:
    run = trompe.train(recipe(6, Autodecoder(), steps=50), tmp_path / "run")
    given, back = images_of(run)
    found = evaluate(run)
    error = float((given - back).square().flatten(1).sum(1).mean())
    assert found.values["recall_squared_error"] == pytest.approx(error, rel=1e-4)
    assert found.skipped["reconstruction"] == "the model has no encoder"


@pytest.mark.parametrize(
    ("family", "data", "wrong"),
    [
        (Autodecoder(latents="one-hot"), DataOptions("digits", limit=9), "one-hot vectors of 8 dimensions .* are 9"),
        (Autodecoder(images=5), DataOptions("digits", limit=6), "a table of 5 latents for 6 training images"),
        (Autodecoder(), DataOptions("digits", limit=6, flip=True), "one latent for each image"),
    ],
)
def test_what_does_not_fit_is_refused(family: Autodecoder, data: DataOptions, wrong: str, tmp_path: Path) -> None:
    with pytest.raises(trompe.TrompeError, match=wrong):
        trompe.train(replace(recipe(6, family), data=data), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_limit_takes_the_same_images_and_leaves_the_test_set_whole() -> None:
    whole, many, few = (for_recipe(DataOptions("digits", limit=limit)) for limit in (None, 50, 20))
    assert (len(many.train), len(few.train)) == (50, 20)
    assert np.array_equal(few.train.images, many.train.images[:20])
    assert all(one.test.fingerprint == whole.test.fingerprint for one in (many, few))
    rows = {image.tobytes() for image in whole.train.images}
    assert all(image.tobytes() in rows for image in many.train.images)
    assert many.train.labels is not None
    assert len(set(many.train.labels)) == 10
    assert for_recipe(DataOptions("digits", limit=10**6)).train.fingerprint == whole.train.fingerprint


def test_a_limit_is_of_the_runs_own_images(tmp_path: Path) -> None:
    run = trompe.train(recipe(6, Autodecoder(), steps=2), tmp_path / "run")
    other = trompe.load_data("digits", split="test")
    np.savez(tmp_path / "other.npz", images=other.images.transpose(0, 2, 3, 1), labels=other.labels)
    assert len(run.data(split="train")) == 6
    assert len(run.data(str(tmp_path / "other.npz"), split="all")) == len(other)


def test_a_run_from_before_there_was_a_limit_opens_and_goes_on(tmp_path: Path) -> None:
    made = replace(trompe.recipe("autoencoder-mnist"), data=DataOptions("digits"), nets=MLPOptions(widths=(8,)))
    made = replace(made, train=TrainOptions(steps=2, batch=8, evaluate_every=0, sample_every=0))
    trompe.train(made, tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    value = json.loads(path.read_text())
    for part in ("requested", "recipe"):
        assert value[part]["data"].pop("limit") is None
    path.write_text(json.dumps(value))
    assert len(trompe.load(tmp_path / "run").data(split="train")) > 1000
    again = trompe.train(replace(made, train=replace(made.train, steps=4)), tmp_path / "run")
    assert again.step == 4
