"""Codes found for pictures, and what is done with codes."""

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
from trompe.codes import between, near, to_noise
from trompe.inversion import descended, invert, methods_of
from trompe.model import Model
from trompe.options import GANOptions


@pytest.fixture(scope="module")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A small GAN with a uniform prior, trained for a moment."""
    recipe = small("gan-mnist", steps=60, sample_every=30)
    family = replace(recipe.family, prior="uniform")
    nets = replace(recipe.nets, latent=4)
    return trompe.train(replace(recipe, nets=nets, family=family), tmp_path_factory.mktemp("gan"))


def test_descent_finds_the_code_of_a_sample(gan_run: trompe.Run) -> None:
    """A picture that the generator made is made again, from a code within the prior."""
    pictures = gan_run.sample(3, seed=5)
    found = invert(gan_run, pictures, method="descent", steps=200, starts=6)
    assert found.errors.shape == (201, 3)
    assert float(found.errors[0].min()) > 20 * float(found.errors[-1].max())
    assert float(found.codes.abs().max()) < 1
    torch.testing.assert_close(found.images, gan_run.decode(found.codes))
    again = invert(gan_run, pictures[1:2], method="descent", steps=200, starts=6)
    torch.testing.assert_close(again.codes, found.codes[1:2], atol=1e-3, rtol=0)


def test_descent_from_the_encoders_code_is_never_worse(vae_run: trompe.Run) -> None:
    pictures = vae_run.data().take(slice(0, 5))
    found = {way: invert(vae_run, pictures, method=way, steps=60) for way in methods_of(vae_run)}
    assert set(found) == {"descent", "encoder", "both"}
    assert len(found["encoder"].errors) == 1
    torch.testing.assert_close(found["encoder"].images, vae_run.reconstruct(pictures))
    torch.testing.assert_close(found["both"].errors[0], found["encoder"].errors[0])
    assert float(found["both"].errors[-1].mean()) < float(found["encoder"].errors[-1].mean())


def test_noise_behind_codes_is_found_again() -> None:
    model = Model(prior="uniform", image_shape=(1, 1, 1), latent=3)
    noise = torch.linspace(-2, 2, 9).view(3, 3)
    torch.testing.assert_close(to_noise(model, model.codes_from(noise)), noise, atol=1e-4, rtol=1e-4)
    assert torch.isfinite(to_noise(model, torch.tensor([[1.0, -3.0, 7.0]]))).all()


def test_what_cannot_be_inverted_is_refused(autoencoder_run: trompe.Run, gan_run: trompe.Run) -> None:
    pictures = gan_run.sample(1)
    with pytest.raises(trompe.TrompeError, match="cannot be inverted by `descent`"):
        invert(autoencoder_run, pictures, method="descent")
    with pytest.raises(trompe.TrompeError, match="cannot be inverted by `both`"):
        invert(gan_run, pictures, method="both")
    with pytest.raises(trompe.TrompeError, match="find nothing"):
        invert(gan_run, pictures, method="descent", starts=0)


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
    model = Model(prior="uniform", image_shape=(1, 1, 1), latent=2)
    around = near(model, torch.tensor([[0.9, 0.0]]), 50)
    assert around.shape == (50, 2)
    assert float(around.abs().max()) < 1


def test_the_commands_go_round(gan_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    """A picture, its code by inversion, and every command that takes codes."""
    picture, codes = tmp_path / "seven.png", tmp_path / "found.npz"
    Image.fromarray(trompe.load_data("digits").images[7, 0]).save(picture)
    out, _ = run_command("invert", gan_run.folder, picture, "--steps", 20, "--out", codes)
    assert out.splitlines()[1:] == [str(codes), str(codes.with_suffix(".png"))]
    kept = np.load(codes)
    assert kept["codes"].shape == (1, 4)
    out, _ = run_command("invert", gan_run.folder, picture, "--steps", 20, "--out", codes, "--json")
    told = json.loads(out)
    assert told["mean_squared_error"]["descent"] == pytest.approx(float(kept["errors_descent"][-1].mean()), rel=1e-5)
    assert (told["pictures"], told["steps"], told["starts"]) == (1, 20, 8)
    assert kept["errors_descent"].shape == (21, 1)
    for place, command in enumerate(
        (
            ("decode", gan_run.folder, codes),
            ("interpolate", gan_run.folder, codes, "0:3", "--path", "spherical"),
            ("arithmetic", gan_run.folder, "--take", f"{codes}:0", "--minus", "1", "2", "--plus", "0:5"),
        )
    ):
        made = tmp_path / f"{place}.png"
        run_command(*command, "--out", made)
        with Image.open(made) as picture_made:
            assert picture_made.width > 50
    run_command("arithmetic", gan_run.folder, "--take", 1, "--minus", 1, "--plus", "0:2", "--out", codes)
    expected = gan_run.model.codes_from(gan_run.noise(3, 0)[2:])
    torch.testing.assert_close(torch.from_numpy(np.load(codes)["codes"]), expected)
    _, error = run_command("interpolate", gan_run.folder, picture, 3, code=2)
    assert "trompe invert" in error
    _, error = run_command("decode", gan_run.folder, f"{codes}", "--out", "x.txt", code=2)
    assert "of no known kind" in error
    _, error = run_command("interpolate", gan_run.folder, f"{codes}:4", 3, code=2)
    assert "holds 1 codes" in error


def test_a_seed_and_a_place_name_the_pictures_of_a_grid(gan_run: trompe.Run) -> None:
    from trompe.cli.inputs import code_of

    grid = gan_run.sample(6, seed=2)
    torch.testing.assert_close(gan_run.decode(code_of(gan_run, "2:5", None)), grid[5:], atol=1e-5, rtol=0)
    torch.testing.assert_close(gan_run.decode(code_of(gan_run, "2", None)), grid[:1], atol=1e-5, rtol=0)
    assert isinstance(gan_run.record.recipe.family, GANOptions)


def test_descent_goes_on_where_pictures_are_cut_off() -> None:
    """A generator whose grey levels are not squashed: its picture is black at first, and has a slope all the same."""

    class Shifted(torch.nn.Module):
        def forward(self, codes: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
            return codes.view(-1, 1, 1, 1) - 1

    model = Model(decoder=Shifted(), likelihood="linear", prior="normal", image_shape=(1, 1, 1), latent=1)
    model.register_parameter("unused", torch.nn.Parameter(torch.zeros(())))
    codes, errors = descended(model, torch.full((1, 1, 1, 1), 0.4), None, torch.tensor([[[-0.5]]]), 300)
    assert float(errors[-1]) < 0.001
    assert float(codes) == pytest.approx(1.4, abs=0.05)


def test_codes_keep_their_classes(class_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    codes = tmp_path / "codes.npz"
    run_command("invert", class_run.folder, "-n", 3, "--method", "encoder", "--out", codes)
    kept = np.load(codes)
    assert kept["labels"].tolist() == class_run.data().labels[:3].tolist()  # type: ignore[index]
    run_command("decode", class_run.folder, codes, "--out", tmp_path / "back.npz")
    back = np.load(tmp_path / "back.npz")["images"]
    expected = class_run.reconstruct(class_run.data().take(slice(0, 3)))
    np.testing.assert_allclose(back / 255, expected.numpy(), atol=0.01)
