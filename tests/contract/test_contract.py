"""What every recipe must do, at toy size."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from thread_ranks import ThreadRanks, in_threads
from trompe.core.model import Model
from trompe.core.phases import Phase, training_only
from trompe.data.batches import Batch, Batches
from trompe.data.order import batch_indices
from trompe.families import VAE, Classifier, DenoisingAutoencoder, StackedAutoencoder
from trompe.figures import FIGURES, draw
from trompe.measures import MEASURES, evaluate
from trompe.measures.requirements import REQUIREMENTS
from trompe.nets.layers import BatchNorm
from trompe.options.data import DataOptions
from trompe.options.nets import MLPOptions
from trompe.ranks import ALONE, Ranks
from trompe.recipes import RECIPES, Recipe
from trompe.recipes.build import build_model, prepare
from trompe.recipes.serialize import from_json, to_json
from trompe.rng import Draws, Stream, derive
from trompe.runs.capabilities import LACKS
from trompe.training.resolve import resolved
from trompe.training.state import State, initial_state
from trompe.training.step import train_step
from trompe.web.report import write_report

SHAPES = {"1-D": (2, 13), "2-D": (3, 9, 11), "3-D": (1, 6, 8, 7)}
CLASSES = 4
GOLDEN = Path(__file__).parent.parent / "golden"


def shrunk(name: str, **train: object) -> Recipe:
    """A recipe with all that makes it what it is, and networks of a few units."""
    recipe = trompe.recipe(name)
    mlp = isinstance(recipe.nets, MLPOptions)
    nets = replace(recipe.nets, widths=tuple(12 for _ in recipe.nets.widths) if mlp else (4, 6), latent=3)
    family = recipe.family
    if isinstance(family, VAE) and family.kl_warmup:
        family = replace(family, kl_warmup=4)
    if isinstance(family, StackedAutoencoder):
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
    data = DataOptions("toy", binarize=recipe.data.binarize)
    return replace(recipe, nets=nets, family=family, data=data, train=replace(options, **train))


def trains(recipe: Recipe) -> bool:
    """Whether there is anything to train: principal components are only fitted."""
    return bool(recipe.family.phases())


def reconstructs(name: str) -> bool:
    """Whether a recipe is trained to reconstruct, by a loss of gray levels."""
    recipe = trompe.recipe(name)
    decodes = not isinstance(recipe.family, Classifier)
    return trains(recipe) and decodes and "images" not in recipe.family.discriminator_sees


def toy_images(shape: tuple[int, ...], count: int = 24) -> trompe.Samples:
    random = np.random.default_rng(0)
    labels = np.arange(count) % CLASSES
    images = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    return trompe.Samples(images, "toy", labels, tuple("abcd"))


def made(name: str, shape: tuple[int, ...]) -> tuple[Model, tuple[Phase, ...], Batch]:
    data = toy_images(shape, 8)
    recipe = resolved(shrunk(name), torch.device("cpu"), len(data))
    model = build_model(recipe, data.format)
    prepare(model, recipe, data)
    batches = Batches(data, torch.device("cpu"), recipe.data)
    return model, recipe.family.phases(), batches.prepared(np.arange(8), Draws(0, torch.device("cpu"), 8))


every_recipe = pytest.mark.parametrize("name", RECIPES)
every_trained = pytest.mark.parametrize("name", [name for name in RECIPES if trains(trompe.recipe(name))])


@every_recipe
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_verbs_have_their_shapes_and_ranges(name: str, shape: tuple[int, ...]) -> None:
    model, _, batch = made(name, shape)
    images, condition, noise = batch.images, batch.condition, torch.randn(8, 3)
    assert model.latent_shape == (3,)
    if "discriminator" in model.networks:
        assert model.discriminator_logits(images, condition).shape == (8,)
    if "decoder" in model.networks:
        assert_images(model.decode(noise, condition), images.shape)
    else:
        with pytest.raises(trompe.TrompeError, match="this model has no decoder"):
            model.decode(noise, condition)
    if "encoder" not in model.networks:
        with pytest.raises(trompe.TrompeError, match="this model has no encoder"):
            model.encode(images, condition)
        if "table" in model.networks:
            assert batch.indices is not None
            assert_images(model.recall(batch.indices, condition), images.shape)
        if model.prior is not None:
            assert_images(model.sample(noise, condition), images.shape)
            return
        with pytest.raises(trompe.TrompeError, match="nothing can be sampled"):
            model.sample(noise, condition)
        return
    latents = model.encode(images, condition)
    assert latents.shape == (8, 3)
    if "decoder" in model.networks:
        assert model.log_likelihood_estimate(images, condition).shape == (8,)
        for made_images in (model.decode(latents, condition), model.reconstruct(images, condition)):
            assert_images(made_images, images.shape)
    features = model.features(images, condition)
    assert all(layer.ndim == 2 and len(layer) == 8 for layer in features)
    assert features[-1].shape[1] == (6 if model.posterior_kind == "gaussian" else 3)
    if "classifier" in model.networks:
        chances = model.classify(images, condition)
        assert chances.shape == (8, CLASSES)
        torch.testing.assert_close(chances.sum(1), torch.ones(8))
    if model.prior is None:
        with pytest.raises(trompe.TrompeError, match="nothing can be sampled"):
            model.sample(noise, condition)
    else:
        assert model.sample(noise, condition).shape == images.shape


def assert_images(images: torch.Tensor, shape: torch.Size) -> None:
    assert images.shape == shape
    assert ((images >= 0) & (images <= 1)).all()


@every_trained
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_terms_are_per_image_and_finite(name: str, shape: tuple[int, ...]) -> None:
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
    data = toy_images((1, 8, 8), 60)
    whole = trompe.train(shrunk(name), tmp_path / "whole", data=data)
    if not trains(trompe.recipe(name)):
        assert trompe.train(shrunk(name), tmp_path / "parts", data=data).digest == whole.digest
        return
    trompe.train(shrunk(name, steps=5), tmp_path / "parts", data=data)
    quiet = shrunk(name, sample_every=0, evaluate_every=0, log_every=5)
    assert trompe.train(quiet, tmp_path / "parts", data=data).digest == whole.digest
    assert trompe.train(shrunk(name, seed=1), tmp_path / "other", data=data).digest != whole.digest


@every_trained
def test_two_half_batches_have_the_gradients_of_the_whole(name: str) -> None:
    """The noise, and every statistic over the batch, belong to the global batch: two ranks, here threads of one
    process with copies of the model, each with half of it and the same draws, take the step of one.
    """
    recipe, data = shrunk(name), toy_images((1, 8, 8), 8)

    def gradients(ranks: Ranks, state: State, phases: tuple[Phase, ...], batches: Batches) -> dict[str, torch.Tensor]:
        rows = ranks.rows(8)
        draws = Draws(derive(0, Stream.STEP, 5), torch.device("cpu"), 8, rows)
        batch = batches.prepared(np.arange(8)[rows], draws, ranks=ranks)
        assert len(batch) == 8 // ranks.size
        found = {}
        for phase in phases:
            with training_only(state.model, phase.trains):
                terms = phase.loss(state.model, batch, 5).values()
                sum(term.sum() / 8 for term in terms).backward()  # type: ignore[union-attr]
            for key, weight in phase.parameters(state.model).items():
                assert weight.grad is not None
                found[f"{phase.name}: {key}"] = ranks.sum(weight.grad)
                weight.grad = None
        return found | {f"buffer: {key}": buffer.float() for key, buffer in state.model.named_buffers()}

    whole = gradients(ALONE, *begun(recipe, data))
    for half in in_threads([partial(gradients, one, *begun(recipe, data, one)) for one in ThreadRanks.group(2)]):
        assert half.keys() == whole.keys()
        for key, gradient in whole.items():
            phase = key.partition(":")[0]
            largest = max(float(one.abs().max()) for name, one in whole.items() if name.startswith(phase))
            torch.testing.assert_close(half[key], gradient, rtol=1e-3, atol=1e-5 * largest, msg=key)


@every_trained
def test_two_ranks_train_as_one(name: str) -> None:
    """Losses and weights of whole steps, clipped and averaged, are those of one process."""
    recipe, data = shrunk(name, clip=10.0, ema=0.5), toy_images((1, 8, 8), 24)

    def trained(
        ranks: Ranks, state: State, phases: tuple[Phase, ...], batches: Batches
    ) -> tuple[list[dict[str, float]], dict[str, torch.Tensor]]:
        logged = []
        for step in range(6):
            indices = batch_indices(24, recipe.train.batch, 0, step)
            terms = train_step(state, phases, batches, indices, recipe.train, ranks=ranks, gradient_norms=True)
            logged.append({key: float(term) for key, term in terms.items()})
        return logged, state.model.state_dict()

    losses, weights = trained(ALONE, *begun(recipe, data))
    functions = [partial(trained, one, *begun(recipe, data, one)) for one in ThreadRanks.group(2)]
    for other_losses, other_weights in in_threads(functions):
        for one, other in zip(losses, other_losses, strict=True):
            assert other == pytest.approx(one, rel=2e-3, abs=2e-4)
        if any("running_mean" in key for key in weights):
            continue  # batch norm takes a bias before it out again: its gradient is rounding, which Adam scales up
        for key, weight in weights.items():
            torch.testing.assert_close(other_weights[key], weight, rtol=5e-3, atol=5e-4, msg=key)


@every_recipe
def test_a_run_is_reported_drawn_and_measured(name: str, tmp_path: Path) -> None:
    """The report, every figure that its capabilities allow, in each format, and the default measures."""
    run = trompe.train(shrunk(name, snapshots=(0, 4)), tmp_path / "run", data=toy_images((1, 8, 8), 60))
    if "table" in run.model.networks:  # it knows no other images, and the run does not keep those it was trained on
        with pytest.raises(trompe.TrompeError, match=r"recall: .* given its samples in Python"):
            evaluate(run)
    else:
        result = evaluate(run, features="pixels", samples=24, importance_samples=4)
        assert result.values.keys() == {value for values in result.measures.values() for value in values}
        assert all(value is not None for value in result.to_json()["values"].values())
    page = write_report(run).read_text()
    assert run.record.recipe.family.title in page
    drawn = {name for name, row in FIGURES.items() if row.unmet(run) is None}
    assert {"loss-curves"} <= drawn or not trains(trompe.recipe(name))
    for one in sorted(drawn):
        row = FIGURES[one]
        assert (f'<section id="{one}">' in page) == row.in_report
        for suffix in row.suffixes[:1] if row.in_report else row.suffixes:
            if not (row.in_report and suffix == ".png") and (suffix != ".mp4" or shutil.which("ffmpeg")):
                assert len(draw(one, [run], suffix=suffix)) > 100
    for one in FIGURES.keys() - drawn:
        with pytest.raises(trompe.TrompeError, match=f"the figure `{one}` cannot be drawn"):
            draw(one, [run])


def test_every_requirement_is_known() -> None:
    for row in FIGURES.values():
        assert set(row.requires) <= LACKS.keys()
    for measure in MEASURES.values():
        assert set(measure.requires) <= LACKS.keys() | REQUIREMENTS.keys()


@every_recipe
def test_a_recipe_comes_back_from_json(name: str) -> None:
    recipe = shrunk(name)
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe


def begun(
    recipe: Recipe, data: trompe.Samples, ranks: Ranks = ALONE, device: str = "cpu"
) -> tuple[State, tuple[Phase, ...], Batches]:
    """A training about to take its first step, as one of these ranks."""
    recipe = resolved(recipe, torch.device(device), len(data))
    model = build_model(recipe, data.format)
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.ranks = ranks
    prepare(model, recipe, data)
    model.to(device)
    phases = recipe.family.phases()
    batches = Batches(data, torch.device(device), recipe.data)
    return initial_state(model, phases, recipe.train), phases, batches


NOT_LOSSES = ("gradient_norm", "_accuracy")


def steps_of(recipe: Recipe, data: trompe.Samples, count: int) -> dict[str, list[float | None]]:
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
def test_it_overfits_sixteen_images(name: str) -> None:
    """Wide enough and long enough, every family fits a handful of real images far better than at the start."""
    steps, rate = (1500, 3e-3) if trompe.recipe(name).nets.activation == "sigmoid" else (400, 5e-3)
    recipe = shrunk(name, learning_rate=rate, decay_steps=steps, batch=16, ema=0.0, weight_decay=0.0, warmup=0)
    wide = (64,) * len(recipe.nets.widths) if isinstance(recipe.nets, MLPOptions) else (16, 32)
    family = recipe.family
    if isinstance(family, VAE) and family.importance_samples == 1:
        family = replace(family, beta=0.01)
    if isinstance(family, StackedAutoencoder):
        family = replace(family, layer_steps=tuple(100 for _ in family.layer_steps), masking=0.0, dropout=0.0)
    if isinstance(family, DenoisingAutoencoder):
        family = replace(family, level=0.05)
    nets = replace(recipe.nets, widths=wide, latent=8)
    recipe = replace(recipe, nets=nets, family=family, data=DataOptions("toy"))
    data = trompe.load_data("digits").take(slice(0, 16))
    state, phases, batches = begun(recipe, data)
    model, batch = state.model, batches.gather(np.arange(16))

    def error() -> float:
        with torch.no_grad():
            if "table" in model.networks:
                assert batch.indices is not None
                back = model.recall(batch.indices, batch.condition)
            else:
                back = model.reconstruct(batch.images, batch.condition)
            difference = back - batch.images
        return float(difference.square().flatten(1).sum(1).mean())

    before = error()
    for step in range(steps):
        train_step(state, phases, batches, batch_indices(16, 16, 0, step), recipe.train)
    assert error() < 0.25 * before
