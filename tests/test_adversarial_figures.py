"""The figures of adversarial training, and the report of a generator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import trompe
from conftest import small
from trompe.display.grid import TITLE_HEIGHT, TITLE_WIDTH, image_grid
from trompe.figures import draw
from trompe.web.report import write_report


@pytest.fixture(scope="module")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("gan-cifar10-lecture", steps=30, snapshots=(10, 30))
    return trompe.train(recipe, tmp_path_factory.mktemp("gan"))


@pytest.mark.parametrize(
    "name",
    [
        "progress",
        "discriminator-gradient",
        "discriminator-ascent",
        "samples",
        "training-samples",
        "loss-curves",
        "adversarial-curves",
    ],
)
def test_a_gan_is_drawn(name: str, gan_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    path = Path(run_command("figure", name, gan_run.folder)[0].strip())
    assert path.suffix in (".png", ".gif")
    assert path.stat().st_size > 100


def test_what_a_gan_has_not_is_refused_or_left_out(gan_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    assert "the model has no encoder" in run_command("figure", "latent-map", gan_run.folder, code=2)[1]
    page = Path(run_command("report", gan_run.folder)[0].strip()).read_text()
    assert "Reconstructions" not in page
    assert "<h2>Samples</h2>" in page
    out, _ = run_command(
        "evaluate", gan_run.folder, "--measures", "fid,reconstruction", "--features", "pixels", "--samples", 90
    )
    assert "frechet distance" in out
    assert "skipped reconstruction: the model has no encoder" in out


@pytest.mark.parametrize("name", ["discriminator-gradient", "discriminator-ascent", "adversarial-curves"])
def test_only_what_has_a_discriminator_is_drawn_as_a_gan(name: str, vae_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("figure", name, vae_run.folder, code=2)
    assert f"the figure `{name}` cannot be drawn of `{vae_run.folder}`: the model has no discriminator" in error


def test_the_gradient_of_an_image_of_ones_own(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    run = trompe.train(small("gan-mnist", steps=4, snapshots=(2, 4)), tmp_path / "run")
    image, ascent = tmp_path / "mine.png", tmp_path / "ascent.gif"
    Image.fromarray(trompe.load_data("digits").images[3, 0]).save(image)
    run_command("figure", "discriminator-gradient", run.folder, "--data", image, "--out", tmp_path / "gradient.png")
    assert (tmp_path / "gradient.png").stat().st_size > 100
    run_command("figure", "discriminator-ascent", run.folder, "--data", image, "--out", ascent)
    with Image.open(ascent) as animation:
        assert animation.n_frames > 30  # type: ignore[attr-defined]
        one = image_grid(run.sample(1))
        assert animation.size == (TITLE_WIDTH, TITLE_HEIGHT + len(one))  # one image, not sixteen
        first = animation.convert("RGB").tobytes()
        animation.seek(animation.n_frames - 1)  # type: ignore[attr-defined]
        assert animation.convert("RGB").tobytes() != first
    run_command("figure", "progress", run.folder, "--out", tmp_path / "progress.gif")
    with Image.open(tmp_path / "progress.gif") as animation:
        assert animation.n_frames == 2  # type: ignore[attr-defined]
    _, error = run_command("figure", "discriminator-gradient", run.folder, "--out", tmp_path / "gradient.gif", code=2)
    assert "gradient.gif` has an unknown suffix" in error
    assert "hint: known: .png, .pdf, .svg" in error


def test_a_class_conditional_gan_is_drawn(tmp_path: Path) -> None:
    run = trompe.train(small("cgan", steps=2), tmp_path / "run")
    for name in ("discriminator-gradient", "discriminator-ascent", "progress"):
        assert len(draw(name, [run])) > 100


def test_a_report_of_a_generator_says_what_it_is(tmp_path: Path) -> None:
    recipe = small("cgan", steps=4)
    run = trompe.train(replace(recipe, family=replace(recipe.family, prior="uniform")), tmp_path / "run")  # type: ignore[call-arg]
    page = write_report(run).read_text()
    assert "A generative adversarial network of" in page
    assert "Latents drawn from the uniform prior, decoded." in page
    assert "1 2 --class 0" in page
    assert "The log is too short to say." in page
