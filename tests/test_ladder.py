"""The ladder: principal components, autoencoders, denoising ones, stacked ones, on digits and by their equations."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from sklearn.decomposition import PCA

import trompe
from conftest import small
from trompe import measures
from trompe.cli import main
from trompe.core.model import Model
from trompe.data.batches import Batch
from trompe.data.samples import Format
from trompe.display.grid import image_grid, save_image
from trompe.families import StackedAutoencoder
from trompe.figures import Request, draw
from trompe.figures.filters import filters, first_filters
from trompe.figures.samples import corruption, reconstructions
from trompe.losses.reconstruction import denoising, reconstruction
from trompe.measures.probe import probes
from trompe.measures.reconstruction import copying, squared_errors
from trompe.nets.mlp import linear_of
from trompe.options.data import DataOptions, PatchOptions
from trompe.options.nets import MLPOptions
from trompe.options.train import TrainOptions
from trompe.recipes.build import build_model
from trompe.recipes.checks import checked
from trompe.recipes.tree import Recipe
from trompe.rng import Draws
from trompe.runs.predictor import Predictor
from trompe.runs.tiling import reconstruct_tiled, starts
from trompe.training import loop as training
from trompe.training.state import State
from trompe.training.step import learning_rate

QUIET = TrainOptions(steps=0, evaluate_every=0, sample_every=0, precision="float32", log_every=100)


def squared_error(predictor: Predictor, data: trompe.Samples) -> float:
    return float(predictor.apply(squared_errors, data).mean())


def pca(latent: int = 10, **data: object) -> Recipe:
    recipe = trompe.recipe("pca")
    source = replace(recipe.data, **{"source": "digits", **data})
    return replace(recipe, data=source, nets=replace(recipe.nets, latent=latent), train=QUIET)


def sdae(**family: object) -> Recipe:
    options = StackedAutoencoder(layer_steps=(60, 60), masking=0.1, dropout=0.1, reconstruction=0.01)
    return Recipe(
        name="sdae",
        nets=MLPOptions(widths=(64,), latent=64, linear_latent=False),
        family=replace(options, **family),
        train=replace(QUIET, steps=900, schedule="cosine", snapshots=(120,)),
    )


# Principal components


def test_pca_is_scikit_learns(tmp_path: Path) -> None:
    run = trompe.train(pca(), tmp_path / "run")
    train, test = (trompe.load_data(f"digits:{split}").images.reshape(-1, 64) / 255 for split in ("train", "test"))
    reference = PCA(10, random_state=0).fit(train)
    theirs = reference.inverse_transform(reference.transform(test))
    model, images = run.model, torch.from_numpy(test).float().view(-1, 1, 8, 8)
    latents = model.encode(images)
    np.testing.assert_allclose(model.likelihood_mean(latents).flatten(1).numpy(), theirs, atol=1e-5)
    assert squared_error(run.predictor, run.data()) == pytest.approx(((test - theirs) ** 2).sum(1).mean(), rel=1e-5)
    assert run.finished
    assert trompe.train(pca(), tmp_path / "run").digest == run.digest


def test_pca_needs_enough_images(tmp_path: Path) -> None:
    data = trompe.load_data("digits").take(slice(0, 8))
    with pytest.raises(trompe.TrompeError, match="8 images of 64 values have no 10 principal components"):
        trompe.train(pca(), tmp_path / "run", data=data)
    assert not (tmp_path / "run").exists()


def test_standardized_error_is_in_units_of_the_mean_variance(tmp_path: Path) -> None:
    run = trompe.train(pca(), tmp_path / "run")
    values = measures.evaluate(run, run.data()).values
    variance = (run.data(split="train").images / 255).var(0).mean()
    assert values["standardized_error"] == pytest.approx(values["squared_error"] / variance, rel=1e-4)


# Denoising


def denoiser() -> tuple[Model, Batch]:
    recipe = small("dae-mnist")
    model = build_model(replace(recipe, nets=replace(recipe.nets, latent=6)), Format((1, 8, 8)))
    images = trompe.load_data("digits").take(slice(0, 12)).images_as_floats()
    return model, Batch(images, draws=Draws(0, torch.device("cpu"), 12))


def test_without_corruption_denoising_is_reconstruction() -> None:
    model, batch = denoiser()
    torch.testing.assert_close(denoising(model, batch, "masking", 0.0), reconstruction(model, batch))


def test_emphasis_weighs_what_was_corrupted_and_what_was_not() -> None:
    model, batch = denoiser()

    def error(corrupted: float, clean: float) -> torch.Tensor:
        again = replace(batch, draws=Draws(0, torch.device("cpu"), 12))
        return denoising(model, again, "masking", 0.3, (corrupted, clean))["reconstruction"]

    torch.testing.assert_close(error(1, 0) + error(0, 1), error(1, 1))
    torch.testing.assert_close(2 * error(1, 0) + 0.5 * error(0, 1), error(2, 0.5))


def test_copying_tells_the_identity_from_a_model_of_its_own_kind(tmp_path: Path) -> None:
    """All components of the pixels that vary return anything; few of them return digits and little else."""
    whole = trompe.train(pca(61), tmp_path / "whole")
    few = trompe.train(pca(4), tmp_path / "few")
    assert copying(whole.predictor, whole.data()) == pytest.approx(1, abs=0.01)
    assert copying(few.predictor, few.data()) < 0.3


# Stacked


def test_layers_are_trained_one_after_another_and_then_together() -> None:
    phases = sdae().family.phases()
    assert [phase.name for phase in phases] == ["layer_1", "layer_2", "finetune"]
    assert [(phase.when.start, phase.when.stop) for phase in phases] == [(0, 60), (60, 120), (120, None)]
    assert phases[0].trains == ("encoder.layers.0", "decoder.layers.1")
    assert phases[1].trains == ("encoder.layers.1", "decoder.layers.0")
    assert phases[2].trains == ("encoder", "decoder", "classifier")


def test_each_phase_has_its_own_schedule() -> None:
    options = TrainOptions(steps=900, schedule="cosine", warmup=10)
    first, second, last = (phase.when for phase in sdae().family.phases())
    for when in (first, second, last):
        assert learning_rate(options, when.start, when) == pytest.approx(1e-4, rel=0.01)
        assert learning_rate(options, when.start + 10, when) > 9e-4
        assert learning_rate(options, (when.stop or 900) - 1, when) < 3e-5


def test_a_stacked_autoencoder_learns_labels_and_keeps_its_images(tmp_path: Path) -> None:
    run = trompe.train(sdae(), tmp_path / "run")
    values = measures.evaluate(run, measures=["classification", "reconstruction", "probe"]).values
    assert values["classification_error"] < 0.08
    assert values["squared_error"] < 3  # of a variance of 4.6
    for probe in ("linear_error", "nearest_neighbor_error"):
        by_layer = values[f"{probe}_by_layer"]
        assert list(by_layer) == ["pixels", "layer 1", "layer 2"]
        assert all(error < 0.1 for error in by_layer.values())
        assert values[probe] == by_layer["layer 2"]
    names = {key.split("/")[0] for line in run.log for key in line if "/" in key}
    assert names == {"layer_1", "layer_2", "finetune"}
    chances = run.classify(run.data())
    torch.testing.assert_close(chances.sum(1), torch.ones(len(chances)))
    pretrained = trompe.load(tmp_path / "run", snapshot=120)
    assert "classification_error" not in measures.evaluate(pretrained, pretrained.data()).values
    before = probes(pretrained.predictor, run.data(split="train"), run.data(), limit=500)
    assert before[2].linear < 0.2


def test_a_machine_a_layer_unrolls_into_an_autoencoder(tmp_path: Path) -> None:
    """Contrastive divergence alone already reconstructs, its two copies of each matrix stay one, and all layers
    together then do better."""
    recipe = trompe.recipe("rbm-mnist")
    recipe = replace(
        recipe,
        data=DataOptions(),
        nets=replace(recipe.nets, widths=(128, 64), latent=16),
        family=replace(recipe.family, layer_steps=(300, 300, 300)),
        train=replace(QUIET, steps=1500, schedule="cosine", snapshots=(900,)),
    )
    run = trompe.train(recipe, tmp_path / "run")
    before = trompe.load(tmp_path / "run", snapshot=900)
    encoder, decoder = before.model.network("encoder"), before.model.network("decoder")
    for forth, back in zip(encoder.layers, reversed(decoder.layers), strict=True):
        assert torch.equal(linear_of(forth).weight, linear_of(back).weight.T)
    error, constant = squared_error(before.predictor, run.data()), float(run.data().images_as_floats().var(0).sum())
    assert error < 0.75 * constant
    assert squared_error(run.predictor, run.data()) < 0.75 * error


def test_labels_are_needed_to_learn_them(tmp_path: Path) -> None:
    data = trompe.load_data("digits")
    with pytest.raises(trompe.TrompeError, match="learns to classify, and these images have no classes"):
        trompe.train(sdae(), tmp_path / "run", data=replace(data, labels=None, class_names=()))
    assert not (tmp_path / "run").exists()


def test_a_machine_learns_what_its_decoder_will_be(tmp_path: Path) -> None:
    """With a sigmoid mean, whatever the error that is measured, the pixels of the lowest machine are logistic."""
    recipe = trompe.recipe("rbm-mnist")
    recipe = replace(
        recipe,
        data=DataOptions(),
        nets=replace(recipe.nets, widths=(), latent=32),
        family=replace(recipe.family, likelihood="squared-error", layer_steps=(400,)),
        train=replace(QUIET, steps=401, snapshots=(400,), learning_rate=1e-3),
    )
    trompe.train(recipe, tmp_path / "run")
    before = trompe.load(tmp_path / "run", snapshot=400)
    assert squared_error(before.predictor, before.data()) < 2  # of a variance of 4.6


# Patches in a run


def test_a_run_of_patches_is_looked_at_in_patches(tmp_path: Path) -> None:
    patch = PatchOptions(size=6, count=5, rotate=30, scale=(1.0, 1.2), resample=True)
    recipe = replace(small("deep-faces"), data=DataOptions("digits", patch=patch))
    run = trompe.train(recipe, tmp_path / "run")
    assert run.record.data.format.shape == (1, 6, 6)
    assert run.data().image_shape == (1, 6, 6)
    assert run.data("digits:train").fingerprint == run.record.data.fingerprint
    assert len(run.data()) == 5 * 359
    other = replace(recipe, data=replace(recipe.data, patch=replace(patch, rotate=31)))
    with pytest.raises(trompe.TrompeError, match=r"data\.patch\.rotate: 30.0 -> 31.0"):
        trompe.train(other, tmp_path / "run")


def test_a_probe_is_fair(tmp_path: Path) -> None:
    run = trompe.train(pca(), tmp_path / "run")
    train, test = run.data(split="train"), run.data()
    assert train.labels is not None
    ordered = train.take(np.argsort(train.labels, kind="stable"))
    of_pixels = probes(run.predictor, ordered, test, limit=400)[0]
    assert of_pixels.linear < 0.15  # drawn from all classes, not the first images
    with pytest.raises(trompe.TrompeError, match="would be trained on the images it is tested on"):
        probes(run.predictor, test, test)
    with pytest.raises(trompe.TrompeError, match="trained on 9 classes, and tested on 1 others"):
        probes(run.predictor, train.take(np.flatnonzero(train.labels != 3)), test)
    conditional = trompe.train(small("cvae"), tmp_path / "conditional")
    with pytest.raises(trompe.TrompeError, match="is given the class that a probe is to find"):
        probes(conditional.predictor, train, test)


def test_a_stack_resumes_inside_a_layer(tmp_path: Path) -> None:
    whole = trompe.train(sdae(), tmp_path / "whole")
    for step in (30, 90, 500):
        stopped_at(step, sdae(), tmp_path / "parts")
        assert trompe.load(tmp_path / "parts").step == step
    assert trompe.train(sdae(), tmp_path / "parts").digest == whole.digest


def stopped_at(step: int, recipe: Recipe, folder: Path) -> None:
    """Train until after a step, as an interruption would."""
    original = training.train_step

    def until(state: State, *arguments: object, **options: object) -> object:
        if state.step >= step:
            raise KeyboardInterrupt
        return original(state, *arguments, **options)  # type: ignore[arg-type]

    often = replace(recipe, train=replace(recipe.train, checkpoint_seconds=0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "train_step", until)
        with pytest.raises(KeyboardInterrupt):
            trompe.train(often, folder)


# What does not fit


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (replace(pca(), nets=MLPOptions(widths=(5,), latent=3)), "one linear layer"),
        (replace(pca(), train=TrainOptions(steps=5)), "fitted, not trained"),
        (pca(flip=True), "no steps in which images could be augmented"),
        (sdae(likelihood="gaussian"), "learn no scale, and family.likelihood = gaussian has one"),
        (sdae(finetune="reconstruction"), r"family\.masking has no effect"),
        (replace(trompe.recipe("vae-mnist"), nets=MLPOptions(linear_latent=False)), "parameters are linear"),
        (replace(trompe.recipe("autoencoder-mnist"), nets=MLPOptions(standardize=True)), "have no bounds"),
        (replace(sdae(), nets=trompe.recipe("vae").nets), "multilayer perceptron can be stacked"),
        (sdae(layer_steps=(5, 5, 5)), "has 3 entries, and the encoder 2 layers"),
        (sdae(layer_steps=(500, 500)), "pretraining takes 1,000 steps, and train.steps = 900 leaves none"),
        (sdae(layer_type="rbm"), "hidden units are logistic"),
        (sdae(level=30.0), r"recipe field `family\.level` is 30.0: input should be less than or equal to 1"),
        (replace(pca(), data=DataOptions(patch=PatchOptions(rotate=5))), "patches have no size"),
        (replace(pca(), data=DataOptions(patch=PatchOptions(size=5, scale=(2, 1)))), "from 2 to 1"),
    ],
)
def test_what_does_not_fit_is_said(recipe: Recipe, message: str) -> None:
    with pytest.raises(trompe.TrompeError, match=message) as error:
        checked(recipe)
    assert error.value.hint


# Restoring


def test_tiles_cover_an_image_of_any_size(tmp_path: Path) -> None:
    """A model that returns what it is given returns the whole image, whatever its size."""
    patch = PatchOptions(size=6, count=20, rotate=90)
    run = trompe.train(pca(35, patch=patch), tmp_path / "run")
    for shape in ((6, 6), (23, 17), (6, 31)):
        image = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
        torch.testing.assert_close(reconstruct_tiled(run.predictor, image), image, atol=0.3, rtol=0)
        assert float((reconstruct_tiled(run.predictor, image) - image).square().mean()) < 0.01
    with pytest.raises(trompe.TrompeError, match="holds no patch of 6x6"):
        reconstruct_tiled(run.predictor, torch.rand(1, 5, 9))


def test_a_patch_run_takes_patches_and_whole_images_and_says_which(tmp_path: Path) -> None:
    run = trompe.train(pca(5, patch=PatchOptions(size=6, count=2)), tmp_path / "run")
    for side, name in ((6, "patch"), (9, "whole")):
        Image.fromarray(np.zeros((side, side), np.uint8)).save(tmp_path / f"{name}.png")
    assert run.read_images([tmp_path / "patch.png"]).shape == (1, 1, 6, 6)
    with pytest.raises(trompe.TrompeError, match="no patch of 6x6"):
        run.read_images([tmp_path / "whole.png"])


@pytest.mark.parametrize(("length", "size"), [(6, 6), (7, 6), (100, 12), (3, 2), (9, 1)])
def test_tiles_begin_at_one_end_and_end_at_the_other(length: int, size: int) -> None:
    found = starts(length, size)
    assert found[0] == 0
    assert found[-1] == length - size
    assert all(after - before <= size for before, after in pairwise(found))


# Figures and the command line


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, trompe.Run]:
    folder = tmp_path_factory.mktemp("runs")
    names = {"dae": "dae-mnist", "conv": "dae", "patches": "dae-patches"}
    made = {}
    for name, recipe in names.items():
        small_one = small(recipe)
        if name != "conv":
            small_one = replace(small_one, nets=replace(small_one.nets, widths=(), latent=16))
        if name == "patches":
            small_one = replace(small_one, data=DataOptions("digits", patch=PatchOptions(size=6, count=3)))
        made[name] = trompe.train(small_one, folder / name)
    made["pca"] = trompe.train(pca(), folder / "pca")
    return made


def test_the_figures_of_the_ladder(runs: dict[str, trompe.Run], tmp_path: Path) -> None:
    made = reconstructions(Request((runs["dae"], runs["pca"], runs["conv"])))
    assert isinstance(made, Figure)
    labels = [axes.get_ylabel() for axes in made.axes]
    assert labels[0] == "data"
    assert [label.split("\n")[0] for label in labels[1:]] == ["dae", "pca", "conv"]
    assert labels[2].endswith(f"{squared_error(runs['pca'].predictor, runs['pca'].data()):.2f} per image")
    for drawn in (
        filters(Request((runs["dae"], runs["conv"], runs["pca"]))),
        corruption(Request((runs["dae"],))),
        corruption(Request((runs["conv"],))),
    ):
        assert isinstance(drawn, Figure)
        drawn.savefig(tmp_path / "figure.png")
    found = first_filters(runs["dae"])
    assert found is not None
    assert found.shape == (*runs["dae"].model.latent_shape, 1, 8, 8)
    with pytest.raises(trompe.TrompeError, match=r"cannot be drawn of `.*pca`: the family `pca` restores nothing"):
        draw("corruption", [runs["pca"]])
    with pytest.raises(trompe.TrompeError, match="compare runs of the same images"):
        draw("reconstructions", [runs["pca"], runs["patches"]])


def test_the_commands_of_the_ladder(
    runs: dict[str, trompe.Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: object) -> str:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert ended.value.code == 0, said.err
        return said.out

    dae, folder = runs["dae"].folder, tmp_path
    command("figure", "reconstructions", dae, runs["pca"].folder, "--out", folder / "rows.png")
    command("figure", "filters", dae, runs["conv"].folder, "--out", folder / "filters.png")
    command("figure", "corruption", dae, "--out", folder / "corruption.png")
    save_image(folder / "noisy.png", image_grid(torch.rand(1, 1, 40, 70)))
    command("reconstruct", runs["patches"].folder, folder / "noisy.png", "--out", folder / "restored.npz")
    restored = np.load(folder / "restored.npz")
    with Image.open(folder / "noisy.png") as noisy:
        assert restored["reconstructions"].shape == (1, 1, noisy.height, noisy.width)
    command("reconstruct", dae, folder / "noisy.png", "--out", folder / "restored.png")
    save_image(folder / "other.png", image_grid(torch.rand(1, 1, 30, 30)))
    command(
        "reconstruct", runs["patches"].folder, folder / "noisy.png", folder / "other.png", "--out", folder / "alone"
    )
    for name in ("noisy", "other"):
        with (
            Image.open(folder / f"{name}.png") as given,
            Image.open(folder / "alone" / f"{name}.png") as restored_alone,
        ):
            assert given.size == restored_alone.size
    command("reconstruct", dae, "--data", "digits:test", "-n", 3, "--out", folder / "numbered")
    assert len(list((folder / "numbered").glob("*.png"))) == 3
    probed = [
        json.loads(command("evaluate", runs["pca"].folder, "--measures", "probe", "--json", *more))["values"]
        for more in ([], ["--data", "digits:test"])
    ]
    assert probed[0] == probed[1]  # trained on the training images, whichever split is named
    assert 0 < probed[0]["nearest_neighbor_error_by_layer"]["pixels"] < 0.05
    assert "of a linear classifier on the last layer's features" in command(
        "evaluate", runs["pca"].folder, "--measures", "probe", "--limit", 100
    )


def test_a_figure_of_one_run_refuses_two(runs: dict[str, trompe.Run], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["loss-curves", runs["dae"].folder, runs["pca"].folder], ["filters"]):
        with pytest.raises(SystemExit) as ended:
            main(["figure", *map(str, arguments)])
        assert ended.value.code == 2
    assert "compare by reconstructions, latent-map, filters" in capsys.readouterr().err
