"""Latents found for images, and what is done with latents."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import trompe
from conftest import small
from trompe.analysis.inversion import descended, invert, methods_of
from trompe.analysis.paths import between, near, noise_from_latents
from trompe.condition import NOTHING, Condition
from trompe.core.model import Model
from trompe.families import GAN


@pytest.fixture(scope="module")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A small GAN with a uniform prior, trained for a moment."""
    recipe = small("gan-mnist", steps=60, sample_every=30)
    family = replace(recipe.family, prior="uniform")
    nets = replace(recipe.nets, latent=4)
    return trompe.train(replace(recipe, nets=nets, family=family), tmp_path_factory.mktemp("gan"))


def test_descent_finds_the_latent_of_a_sample(gan_run: trompe.Run) -> None:
    """An image that the generator made is made again, from a latent within the prior."""
    images = gan_run.sample(3, seed=5)
    found = invert(gan_run.predictor, images, method="descent", steps=200, starts=6)
    assert found.errors.shape == (201, 3)
    assert float(found.errors[0].min()) > 20 * float(found.errors[-1].max())
    assert float(found.latents.abs().max()) < 1
    torch.testing.assert_close(found.images, gan_run.decode(found.latents))
    again = invert(gan_run.predictor, images[1:2], method="descent", steps=200, starts=6)
    torch.testing.assert_close(again.latents, found.latents[1:2], atol=1e-3, rtol=0)


def test_descent_from_the_encoders_latent_is_never_worse(vae_run: trompe.Run) -> None:
    images = vae_run.data().take(slice(0, 5))
    found = {way: invert(vae_run.predictor, images, method=way, steps=60) for way in methods_of(vae_run.predictor)}
    assert set(found) == {"descent", "encoder", "both"}
    assert len(found["encoder"].errors) == 1
    torch.testing.assert_close(found["encoder"].images, vae_run.reconstruct(images))
    torch.testing.assert_close(found["both"].errors[0], found["encoder"].errors[0])
    assert float(found["both"].errors[-1].mean()) < float(found["encoder"].errors[-1].mean())


def test_noise_behind_latents_is_found_again() -> None:
    model = Model({}, prior="uniform", image_shape=(1, 1, 1), latent_shape=(3,))
    noise = torch.linspace(-2, 2, 9).view(3, 3)
    torch.testing.assert_close(noise_from_latents(model, model.latents_from_noise(noise)), noise, atol=1e-4, rtol=1e-4)
    assert torch.isfinite(noise_from_latents(model, torch.tensor([[1.0, -3.0, 7.0]]))).all()


def test_what_cannot_be_inverted_is_refused(autoencoder_run: trompe.Run, gan_run: trompe.Run) -> None:
    images = gan_run.sample(1)
    with pytest.raises(trompe.TrompeError, match="cannot be inverted by `descent`"):
        invert(autoencoder_run.predictor, images, method="descent")
    with pytest.raises(trompe.TrompeError, match="cannot be inverted by `both`"):
        invert(gan_run.predictor, images, method="both")
    with pytest.raises(trompe.TrompeError, match="find nothing"):
        invert(gan_run.predictor, images, method="descent", starts=0)


def test_an_arc_keeps_the_length_that_a_line_loses() -> None:
    first, last = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    arc, line = (between(first, last, 5, path) for path in ("spherical", "linear"))
    torch.testing.assert_close(arc.norm(dim=1), torch.full((5,), 2.0))
    torch.testing.assert_close(arc[2], torch.full((2,), math.sqrt(2)))
    assert float(line[2].norm()) == pytest.approx(math.sqrt(2))
    for path in (arc, line):
        torch.testing.assert_close(path[[0, -1]], torch.cat([first, last]))
    opposite = between(first, -first, 3, "spherical")
    assert torch.isfinite(opposite).all()
    model = Model({}, prior="uniform", image_shape=(1, 1, 1), latent_shape=(2,))
    around = near(model, torch.tensor([[0.9, 0.0]]), 50)
    assert around.shape == (50, 2)
    assert float(around.abs().max()) < 1


def test_the_commands_go_round(gan_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    """An image, its latent by inversion, and every command that takes latents."""
    image, latents = tmp_path / "seven.png", tmp_path / "found.npz"
    Image.fromarray(trompe.load_data("digits").images[7, 0]).save(image)
    out, _ = run_command("invert", gan_run.folder, image, "--steps", 20, "--out", latents)
    assert out.splitlines()[1:] == [str(latents), str(latents.with_suffix(".png"))]
    kept = np.load(latents)
    assert kept["latents"].shape == (1, 4)
    out, _ = run_command("invert", gan_run.folder, image, "--steps", 20, "--out", latents, "--json")
    said = json.loads(out)
    assert said["mean_squared_error"]["descent"] == pytest.approx(float(kept["errors_descent"][-1].mean()), rel=1e-5)
    assert (said["images"], said["steps"], said["starts"]) == (1, 20, 8)
    assert kept["errors_descent"].shape == (21, 1)
    for place, command in enumerate(
        (
            ("decode", gan_run.folder, latents),
            ("interpolate", gan_run.folder, latents, "0:3", "--path", "spherical"),
            ("arithmetic", gan_run.folder, "--take", f"{latents}:0", "--minus", "1", "2", "--plus", "0:5"),
        )
    ):
        made = tmp_path / f"{place}.png"
        run_command(*command, "--out", made)
        with Image.open(made) as image_made:
            assert image_made.width == 8 if place == 0 else image_made.width > 50
    run_command("arithmetic", gan_run.folder, "--take", 1, "--minus", 1, "--plus", "0:2", "--out", latents)
    expected = gan_run.model.latents_from_noise(gan_run.predictor.noise(3, 0)[2:])
    torch.testing.assert_close(torch.from_numpy(np.load(latents)["latents"]), expected)
    _, error = run_command("interpolate", gan_run.folder, image, 3, code=2)
    assert "trompe invert" in error
    _, error = run_command("decode", gan_run.folder, f"{latents}", "--out", "x.txt", code=2)
    assert "has an unknown suffix" in error
    _, error = run_command("interpolate", gan_run.folder, f"{latents}:4", 3, code=2)
    assert "holds 1 latents" in error


def test_a_seed_and_a_place_name_the_images_of_a_grid(gan_run: trompe.Run) -> None:
    from trompe.cli.flags import latent_of

    grid = gan_run.sample(6, seed=2)
    torch.testing.assert_close(gan_run.decode(latent_of(gan_run, "2:5", None)), grid[5:], atol=1e-5, rtol=0)
    torch.testing.assert_close(gan_run.decode(latent_of(gan_run, "2", None)), grid[:1], atol=1e-5, rtol=0)
    assert isinstance(gan_run.record.recipe.family, GAN)


def test_descent_goes_on_where_images_are_clamped() -> None:
    """A generator whose gray levels are not squashed: its image is black at first, and has a slope all the same."""

    class Shifted(torch.nn.Module):
        def forward(self, latents: torch.Tensor, condition: Condition = NOTHING) -> torch.Tensor:
            return latents.view(-1, 1, 1, 1) - 1

    model = Model({"decoder": Shifted()}, likelihood="linear", prior="normal", image_shape=(1, 1, 1), latent_shape=(1,))
    model.register_parameter("unused", torch.nn.Parameter(torch.zeros(())))
    latents, errors = descended(model, torch.full((1, 1, 1, 1), 0.4), NOTHING, torch.tensor([[[-0.5]]]), 300)
    assert float(errors[-1]) < 0.001
    assert float(latents) == pytest.approx(1.4, abs=0.05)


def test_latents_keep_their_classes(class_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    latents = tmp_path / "latents.npz"
    run_command("invert", class_run.folder, "-n", 3, "--method", "encoder", "--out", latents)
    kept = np.load(latents)
    assert kept["labels"].tolist() == class_run.data().labels[:3].tolist()  # type: ignore[index]
    run_command("decode", class_run.folder, latents, "--out", tmp_path / "back.npz")
    back = np.load(tmp_path / "back.npz")["images"]
    expected = class_run.reconstruct(class_run.data().take(slice(0, 3)))
    np.testing.assert_allclose(back / 255, expected.numpy(), atol=0.01)
