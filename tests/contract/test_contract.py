"""What every recipe must do, at toy size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from trompe.build import build_model, labelled, prepare
from trompe.data.batches import Batch, Batches
from trompe.data.order import batch_indices
from trompe.families import family_of, phases_of
from trompe.model import Model
from trompe.options import DataOptions, DenoisingOptions, MLPOptions, Recipe, StackedOptions, VAEOptions
from trompe.phases import Phase, training_only
from trompe.recipes import RECIPES
from trompe.rules import from_json, to_json
from trompe.state import State, initial_state
from trompe.step import train_step

SHAPES = {"2-D": (3, 9, 11), "3-D": (1, 6, 8, 7)}
CLASSES = 4
GOLDEN = Path(__file__).parent.parent / "golden"


def shrunk(name: str, **train: object) -> Recipe:
    """A recipe with all that makes it what it is, and networks of a few units."""
    recipe = trompe.recipe(name)
    mlp = isinstance(recipe.nets, MLPOptions)
    nets = replace(recipe.nets, widths=tuple(12 for _ in recipe.nets.widths) if mlp else (4, 6), latent=3)
    family = recipe.family
    if isinstance(family, VAEOptions) and family.warmup:
        family = replace(family, warmup=4)
    if isinstance(family, StackedOptions):
        family = replace(family, layer_steps=tuple(1 for _ in family.layer_steps))
    options = replace(
        recipe.train,
        steps=6 if trains(recipe) else 0,
        decay_steps=6,
        batch=8,
        precision="float32",
        sample_every=2,
        evaluate_every=2,
        log_every=1,
    )
    data = DataOptions("toy", binarise=recipe.data.binarise)
    return replace(recipe, nets=nets, family=family, data=data, train=replace(options, **train))


def trains(recipe: Recipe) -> bool:
    """Whether there is anything to train: principal components are only fitted."""
    return bool(phases_of(recipe.family))


def reconstructs(name: str) -> bool:
    """Whether a recipe is trained to reconstruct, by a loss of grey levels."""
    recipe = trompe.recipe(name)
    return trains(recipe) and family_of(recipe.family).discriminates not in ("images", "pairs")


def pictures(shape: tuple[int, ...], count: int = 24) -> trompe.ImageData:
    random = np.random.default_rng(0)
    labels = np.arange(count) % CLASSES
    images = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    return trompe.ImageData(images, "toy", labels, tuple("abcd"))


def made(name: str, shape: tuple[int, ...]) -> tuple[Model, tuple[Phase, ...], Batch]:
    recipe = shrunk(name)
    data = pictures(shape, 8)
    model = build_model(recipe, shape, CLASSES)
    prepare(model, recipe, data)
    batches = Batches(data, torch.device("cpu"), recipe.data, labelled=labelled(model))
    return model, phases_of(recipe.family), batches.prepared(np.arange(8))


every_recipe = pytest.mark.parametrize("name", RECIPES)
every_trained = pytest.mark.parametrize("name", [name for name, made in RECIPES.items() if trains(made())])


@every_recipe
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_verbs_have_their_shapes_and_ranges(name: str, shape: tuple[int, ...]) -> None:
    model, _, batch = made(name, shape)
    images, labels = batch.images, batch.labels
    assert model.score(images, labels).shape == (8,)
    assert_pictures(model.decode(torch.randn(8, 3), labels), images.shape)
    if model.encoder is None:
        with pytest.raises(trompe.TrompeError, match="this model has no encoder"):
            model.encode(images, labels)
        assert_pictures(model.sample(torch.randn(8, 3), labels), images.shape)
        return
    codes = model.encode(images, labels)
    assert codes.shape == (8, 3)
    for made_images in (model.decode(codes, labels), model.reconstruct(images, labels)):
        assert_pictures(made_images, images.shape)
    features = model.features(images, labels)
    assert all(layer.ndim == 2 and len(layer) == 8 for layer in features)
    assert features[-1].shape[1] == (6 if model.posterior_kind == "gaussian" else 3)
    if model.classifier is not None:
        chances = model.classify(images, labels)
        assert chances.shape == (8, CLASSES)
        torch.testing.assert_close(chances.sum(1), torch.ones(8))
    if model.prior is None:
        with pytest.raises(trompe.TrompeError, match="nothing can be sampled"):
            model.sample(torch.randn(8, 3), labels)
    else:
        assert model.sample(torch.randn(8, 3), labels).shape == images.shape


def assert_pictures(images: torch.Tensor, shape: torch.Size) -> None:
    assert images.shape == shape
    assert ((images >= 0) & (images <= 1)).all()


@every_trained
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_terms_are_per_picture_and_finite(name: str, shape: tuple[int, ...]) -> None:
    model, phases, batch = made(name, shape)
    for phase in phases:
        for term in phase.loss(model, batch, 3).values():
            assert term.shape == (8,)
            assert torch.isfinite(term).all()


@every_trained
def test_a_phase_changes_what_it_trains_and_nothing_else(name: str) -> None:
    model, phases, batch = made(name, (1, 8, 8))
    for phase in phases:
        with training_only(model, phase.trains):
            sum(term.mean() for term in phase.loss(model, batch, 5).values()).backward()  # type: ignore[union-attr]
        moved = {key for key, parameter in model.named_parameters() if parameter.grad is not None}
        assert moved == phase.parameters(model).keys()
        assert all(parameter.requires_grad for parameter in model.parameters())
        model.zero_grad()


@every_recipe
def test_a_run_resumes_to_the_bit_and_evaluation_changes_nothing(name: str, tmp_path: Path) -> None:
    data = pictures((1, 8, 8), 60)
    whole = trompe.train(shrunk(name), tmp_path / "whole", data=data)
    if not trains(trompe.recipe(name)):
        assert trompe.train(shrunk(name), tmp_path / "parts", data=data).digest == whole.digest
        return
    trompe.train(shrunk(name, steps=5), tmp_path / "parts", data=data)
    quiet = shrunk(name, sample_every=0, evaluate_every=0, log_every=5)
    assert trompe.train(quiet, tmp_path / "parts", data=data).digest == whole.digest
    assert trompe.train(shrunk(name, seed=1), tmp_path / "other", data=data).digest != whole.digest


@every_recipe
def test_a_recipe_comes_back_from_json(name: str) -> None:
    recipe = shrunk(name)
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe


def begun(recipe: Recipe, data: trompe.ImageData) -> tuple[State, tuple[Phase, ...], Batches]:
    """A training about to take its first step."""
    model = build_model(recipe, data.image_shape, data.num_classes)
    prepare(model, recipe, data)
    phases = phases_of(recipe.family)
    batches = Batches(data, torch.device("cpu"), recipe.data, labelled=labelled(model))
    return initial_state(model, phases, recipe.train), phases, batches


NOT_LOSSES = ("gradient_norm", "_right")


def steps_of(recipe: Recipe, data: trompe.ImageData, count: int) -> dict[str, list[float | None]]:
    """Each term of the loss in each of the first steps; `None` where its phase rests."""
    state, phases, batches = begun(recipe, data)
    logged = []
    for step in range(count):
        indices = batch_indices(len(data), recipe.train.batch, recipe.train.seed, step)
        logged.append(train_step(state, phases, batches, indices, recipe.train))
    names = sorted({name for terms in logged for name in terms if not name.endswith(NOT_LOSSES)})
    return {name: [float(terms[name]) if name in terms else None for terms in logged] for name in names}


@every_trained
def test_the_first_fifty_losses_are_those_written_down(name: str) -> None:
    """Each term of fifty steps, to a part in ten thousand: machines differ in the last digits, changes of meaning do
    not. `UPDATE_GOLDEN=1 pytest tests/contract` writes them anew."""
    import os

    recipe = shrunk(name, decay_steps=50)
    values = steps_of(recipe, trompe.load_data("digits"), 50)
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        lines = (f"{json.dumps(term)}: {json.dumps([value and float(f'{value:.7g}') for value in each])}"
                 for term, each in values.items())  # fmt: skip
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    golden = json.loads(path.read_text())
    assert values.keys() == golden.keys()
    for term, written in golden.items():
        for found, expected in zip(values[term], written, strict=True):
            assert found == (expected if expected is None else pytest.approx(expected, rel=1e-4, abs=1e-4)), term


@pytest.mark.parametrize("name", [name for name in RECIPES if reconstructs(name)])
def test_it_learns_sixteen_pictures_by_heart(name: str) -> None:
    """Wide enough and long enough, every family fits a handful of real pictures far better than at the start."""
    steps, rate = (1500, 3e-3) if trompe.recipe(name).nets.activation == "sigmoid" else (400, 5e-3)
    recipe = shrunk(name, learning_rate=rate, decay_steps=steps, batch=16, ema=0.0, weight_decay=0.0, rate_warmup=0)
    wide = (64,) * len(recipe.nets.widths) if isinstance(recipe.nets, MLPOptions) else (16, 32)
    family = recipe.family
    if isinstance(family, VAEOptions) and family.samples == 1:
        family = replace(family, beta=0.01)
    if isinstance(family, StackedOptions):
        family = replace(family, layer_steps=tuple(100 for _ in family.layer_steps), hide=0.0, dropout=0.0)
    if isinstance(family, DenoisingOptions):
        family = replace(family, level=0.05)
    nets = replace(recipe.nets, widths=wide, latent=8)
    recipe = replace(recipe, nets=nets, family=family, data=DataOptions("toy"))
    data = trompe.load_data("digits").take(slice(0, 16))
    state, phases, batches = begun(recipe, data)
    model, batch = state.model, batches.gather(np.arange(16))

    def error() -> float:
        with torch.no_grad():
            difference = model.reconstruct(batch.images, batch.labels) - batch.images
        return float(difference.square().flatten(1).sum(1).mean())

    before = error()
    for step in range(steps):
        train_step(state, phases, batches, batch_indices(16, 16, 0, step), recipe.train)
    assert error() < 0.25 * before
