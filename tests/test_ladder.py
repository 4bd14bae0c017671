"""The ladder: principal components, autoencoders, denoising ones, stacked ones, on real digits and by their laws."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

import trompe
from conftest import small
from trompe import figures, measures, training
from trompe.build import build_model
from trompe.cli import main
from trompe.data.batches import Batch
from trompe.families import phases_of
from trompe.families.stacked import linear_of, networks
from trompe.figures.filters import first_filters
from trompe.grids import picture_grid, save_picture
from trompe.losses import denoising, reconstruction
from trompe.measures.probe import probes
from trompe.measures.reconstruction import copying, squared_error
from trompe.model import Model
from trompe.options import (
    DataOptions,
    MLPOptions,
    PatchOptions,
    Recipe,
    StackedOptions,
    TrainOptions,
)
from trompe.rules import checked
from trompe.state import State
from trompe.step import learning_rate
from trompe.tiles import reconstruct_tiled, starts

QUIET = TrainOptions(steps=0, evaluate_every=0, sample_every=0, precision="float32", log_every=100)


def pca(latent: int = 10, **data: object) -> Recipe:
    recipe = trompe.recipe("pca")
    return replace(recipe, data=replace(recipe.data, **data), nets=replace(recipe.nets, latent=latent), train=QUIET)


def sdae(**family: object) -> Recipe:
    options = StackedOptions(layer_steps=(60, 60), hide=0.1, dropout=0.1, keep=0.01)
    return Recipe(
        "sdae",
        nets=MLPOptions(widths=(64,), latent=64, linear_code=False),
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
    codes = model.encode(images)
    np.testing.assert_allclose(model.expected(codes).flatten(1).numpy(), theirs, atol=1e-5)
    assert squared_error(run, run.data()) == pytest.approx(((test - theirs) ** 2).sum(1).mean(), rel=1e-5)
    assert run.finished
    assert trompe.train(pca(), tmp_path / "run").digest == run.digest


def test_pca_needs_enough_pictures(tmp_path: Path) -> None:
    data = trompe.load_data("digits").take(slice(0, 8))
    with pytest.raises(trompe.TrompeError, match="8 pictures of 64 numbers have no 10 principal components"):
        trompe.train(pca(), tmp_path / "run", data=data)
    assert not (tmp_path / "run").exists()


def test_standardised_error_is_in_units_of_the_mean_variance(tmp_path: Path) -> None:
    run = trompe.train(pca(), tmp_path / "run")
    figures = measures.evaluate(run, run.data())["figures"]
    variance = (run.data(split="train").images / 255).var(0).mean()
    assert figures["standardised_error"] == pytest.approx(figures["squared_error"] / variance, rel=1e-4)


# Denoising


def denoiser() -> tuple[Model, Batch]:
    recipe = small("dae-mnist")
    model = build_model(replace(recipe, nets=replace(recipe.nets, latent=6)), (1, 8, 8))
    return model, Batch(trompe.load_data("digits").take(slice(0, 12)).images_as_floats())


def test_without_corruption_denoising_is_reconstruction() -> None:
    model, batch = denoiser()
    torch.testing.assert_close(denoising(model, batch, "masking", 0.0), reconstruction(model, batch))


def test_emphasis_weighs_what_was_hit_and_what_was_not() -> None:
    model, batch = denoiser()

    def error(hit: float, other: float) -> torch.Tensor:
        torch.manual_seed(0)
        return denoising(model, batch, "masking", 0.3, (hit, other))["reconstruction"]

    torch.testing.assert_close(error(1, 0) + error(0, 1), error(1, 1))
    torch.testing.assert_close(2 * error(1, 0) + 0.5 * error(0, 1), error(2, 0.5))


def test_copying_tells_the_identity_from_a_model_of_its_own_kind(tmp_path: Path) -> None:
    """All components of the pixels that vary return anything; few of them return digits and little else."""
    whole = trompe.train(pca(61), tmp_path / "whole")
    few = trompe.train(pca(4), tmp_path / "few")
    assert copying(whole, whole.data()) == pytest.approx(1, abs=0.01)
    assert copying(few, few.data()) < 0.3


# Stacked


def test_layers_are_trained_one_after_another_and_then_together() -> None:
    phases = phases_of(sdae().family)
    assert [phase.name for phase in phases] == ["layer_1", "layer_2", "finetune"]
    assert [(phase.when.start, phase.when.stop) for phase in phases] == [(0, 60), (60, 120), (120, None)]
    assert phases[0].trains == ("encoder.layers.0", "decoder.layers.1")
    assert phases[1].trains == ("encoder.layers.1", "decoder.layers.0")
    assert phases[2].trains == ("encoder", "decoder", "classifier")


def test_each_phase_has_its_own_schedule() -> None:
    options = TrainOptions(steps=900, schedule="cosine", rate_warmup=10)
    first, second, last = (phase.when for phase in phases_of(sdae().family))
    for when in (first, second, last):
        assert learning_rate(options, when.start, when) == pytest.approx(1e-4, rel=0.01)
        assert learning_rate(options, when.start + 10, when) > 9e-4
        assert learning_rate(options, (when.stop or 900) - 1, when) < 3e-5


def test_a_stacked_autoencoder_learns_labels_and_keeps_its_pictures(tmp_path: Path) -> None:
    run = trompe.train(sdae(), tmp_path / "run")
    figures = measures.evaluate(run, measures=["classification", "reconstruction", "probe"])["figures"]
    assert figures["classification_error"] < 0.08
    assert figures["squared_error"] < 3  # of a variance of 4.6
    assert [probe["layer"] for probe in figures["probes"]] == ["pixels", "layer 1", "layer 2"]
    assert all(probe["linear"] < 0.1 and probe["nearest"] < 0.1 for probe in figures["probes"])
    names = {key.split("/")[0] for line in run.log for key in line if "/" in key}
    assert names == {"layer_1", "layer_2", "finetune"}
    chances = run.classify(run.data())
    torch.testing.assert_close(chances.sum(1), torch.ones(len(chances)))
    pretrained = trompe.load(tmp_path / "run", snapshot=120)
    assert "classification_error" not in measures.evaluate(pretrained, pretrained.data())["figures"]
    before = probes(pretrained, run.data(split="train"), run.data(), limit=500)
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
    encoder, decoder = networks(before.model)
    for into, undo in zip(encoder.layers, reversed(decoder.layers), strict=True):
        assert torch.equal(linear_of(into).weight, linear_of(undo).weight.T)
    error, constant = squared_error(before, run.data()), float(run.data().images_as_floats().var(0).sum())
    assert error < 0.75 * constant
    assert squared_error(run, run.data()) < 0.75 * error


def test_labels_are_needed_to_learn_them(tmp_path: Path) -> None:
    data = trompe.load_data("digits")
    with pytest.raises(trompe.TrompeError, match="learns to classify, and these pictures have no classes"):
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
    assert squared_error(before, before.data()) < 2  # of a variance of 4.6


# Patches in a run


def test_a_run_of_patches_is_looked_at_in_patches(tmp_path: Path) -> None:
    patch = PatchOptions(size=6, count=5, turn=30, enlarge=(1.0, 1.2), fresh=True)
    recipe = replace(small("deep-faces"), data=DataOptions("digits", patch=patch))
    run = trompe.train(recipe, tmp_path / "run")
    assert run.record.data.image_shape == (1, 6, 6)
    assert run.data().image_shape == (1, 6, 6)
    assert run.data("digits:train").fingerprint == run.record.data.fingerprint
    assert len(run.data()) == 5 * 359
    other = replace(recipe, data=replace(recipe.data, patch=replace(patch, turn=31)))
    with pytest.raises(trompe.TrompeError, match=r"data\.patch\.turn"):
        trompe.train(other, tmp_path / "run")


def test_a_probe_is_fair(tmp_path: Path) -> None:
    run = trompe.train(pca(), tmp_path / "run")
    train, test = run.data(split="train"), run.data()
    assert train.labels is not None
    ordered = train.take(np.argsort(train.labels, kind="stable"))
    assert probes(run, ordered, test, limit=400)[0].linear < 0.15  # drawn from all classes, not the first pictures
    with pytest.raises(trompe.TrompeError, match="taught by the pictures it is tested on"):
        probes(run, test, test)
    with pytest.raises(trompe.TrompeError, match="taught 9 classes, and tested on 1 others"):
        probes(run, train.take(train.labels != 3), test)
    told = trompe.train(small("cvae"), tmp_path / "told")
    with pytest.raises(trompe.TrompeError, match="is told the class"):
        probes(told, train, test)


def test_a_stack_resumes_inside_a_layer(tmp_path: Path) -> None:
    whole = trompe.train(sdae(), tmp_path / "whole")
    for step in (30, 90, 500):
        stopped_at(step, sdae(), tmp_path / "parts")
        assert trompe.load(tmp_path / "parts").step == step
    assert trompe.train(sdae(), tmp_path / "parts").digest == whole.digest


def stopped_at(step: int, recipe: Recipe, folder: Path) -> None:
    """Train until after a step, as an interruption would."""
    original = training.train_step

    def until(state: State, *arguments: object) -> object:
        if state.step >= step:
            raise KeyboardInterrupt
        return original(state, *arguments)  # type: ignore[arg-type]

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
        (pca(flip=True), "no steps in which"),
        (sdae(likelihood="gaussian"), "have no scale of their own"),
        (sdae(finetune="reconstruction"), r"family\.hide does nothing"),
        (replace(trompe.recipe("vae-mnist"), nets=MLPOptions(linear_code=False)), "parameters are linear"),
        (replace(trompe.recipe("autoencoder-mnist"), nets=MLPOptions(standardise=True)), "have no bounds"),
        (replace(sdae(), nets=trompe.recipe("vae").nets), "multilayer perceptron is stacked"),
        (sdae(layer_steps=(5, 5, 5)), "has 3 numbers, and the encoder 2 layers"),
        (sdae(layer_steps=(500, 500)), "for themselves"),
        (sdae(layers="rbm"), "hidden units are logistic"),
        (sdae(level=30.0), "more than all of the pixels"),
        (replace(pca(), data=DataOptions(patch=PatchOptions(turn=5))), "patches have no size"),
        (replace(pca(), data=DataOptions(patch=PatchOptions(size=5, enlarge=(2, 1)))), "from 2 to 1"),
    ],
)
def test_what_does_not_fit_is_said(recipe: Recipe, message: str) -> None:
    with pytest.raises(trompe.TrompeError, match=message) as error:
        checked(recipe)
    assert error.value.hint


# Restoring


def test_tiles_cover_a_picture_of_any_size(tmp_path: Path) -> None:
    """A model that returns what it is given returns the whole picture, whatever its size."""
    patch = PatchOptions(size=6, count=20, turn=90)
    run = trompe.train(pca(35, patch=patch), tmp_path / "run")
    for shape in ((6, 6), (23, 17), (6, 31)):
        image = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2
        torch.testing.assert_close(reconstruct_tiled(run, image), image, atol=0.3, rtol=0)
        assert float((reconstruct_tiled(run, image) - image).square().mean()) < 0.01
    with pytest.raises(trompe.TrompeError, match="holds no patch of 6x6"):
        reconstruct_tiled(run, torch.rand(1, 5, 9))


def test_a_patch_run_takes_patches_and_whole_pictures_and_says_which(tmp_path: Path) -> None:
    run = trompe.train(pca(5, patch=PatchOptions(size=6, count=2)), tmp_path / "run")
    for side, name in ((6, "patch"), (9, "whole")):
        Image.fromarray(np.zeros((side, side), np.uint8)).save(tmp_path / f"{name}.png")
    assert run.read_pictures([tmp_path / "patch.png"]).shape == (1, 1, 6, 6)
    with pytest.raises(trompe.TrompeError, match="no patch of 6x6"):
        run.read_pictures([tmp_path / "whole.png"])


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
    data = runs["pca"].data()
    made = figures.reconstructions([runs["dae"], runs["pca"], runs["conv"]], data)
    labels = [axes.get_ylabel() for axes in made.axes]
    assert labels[0] == "data"
    assert [label.split("\n")[0] for label in labels[1:]] == ["dae", "pca", "conv"]
    assert labels[2].endswith(f"{squared_error(runs['pca'], data):.2f} a picture")
    for drawn in (
        figures.filters([runs["dae"], runs["conv"], runs["pca"]]),
        figures.corruption(runs["dae"], data),
        figures.corruption(runs["conv"], data),
    ):
        drawn.savefig(tmp_path / "figure.png")
    assert first_filters(runs["dae"]).shape == (runs["dae"].model.latent, 1, 8, 8)
    with pytest.raises(trompe.TrompeError, match="restores nothing"):
        figures.corruption(runs["pca"], data)
    with pytest.raises(trompe.TrompeError, match="compare runs of the same pictures"):
        figures.reconstructions([runs["pca"], runs["patches"]], data)


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
    save_picture(folder / "noisy.png", picture_grid(torch.rand(1, 1, 40, 70)))
    command("reconstruct", runs["patches"].folder, folder / "noisy.png", "--out", folder / "restored.npz")
    restored = np.load(folder / "restored.npz")
    with Image.open(folder / "noisy.png") as noisy:
        assert restored["reconstructions"].shape == (1, 1, noisy.height, noisy.width)
    command("reconstruct", dae, folder / "noisy.png", "--out", folder / "restored.png")
    save_picture(folder / "other.png", picture_grid(torch.rand(1, 1, 30, 30)))
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
    told = [
        json.loads(command("evaluate", runs["pca"].folder, "--measures", "probe", "--json", *more))["figures"]["probes"]
        for more in ([], ["--data", "digits:test"])
    ]
    assert told[0] == told[1]  # taught by the training pictures, whichever split is named
    assert 0 < told[0][0]["nearest"] < 0.05
    assert "mistakes of a linear classifier" in command(
        "evaluate", runs["pca"].folder, "--measures", "probe", "--limit", 100
    )


def test_a_figure_of_one_run_refuses_two(runs: dict[str, trompe.Run], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["curves", runs["dae"].folder, runs["pca"].folder], ["filters"]):
        with pytest.raises(SystemExit) as ended:
            main(["figure", *map(str, arguments)])
        assert ended.value.code == 2
    assert "compare by reconstructions, filters" in capsys.readouterr().err
