"""A run from another's weights, and how much memory a run takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trompe
from conftest import small
from trompe.recipes.build import build_model
from trompe.training.memory import activations_of, bytes_of, in_bytes


def weights(run: trompe.Run) -> dict[str, torch.Tensor]:
    return run.model.state_dict()


def test_a_run_starts_from_the_averaged_weights_of_another(vae_run: trompe.Run, tmp_path: Path) -> None:
    recipe = small(steps=0, learning_rate=0.01, seed=5, batch=16)
    for place, source in enumerate((vae_run, vae_run.folder, str(vae_run.folder / "weights.safetensors"))):
        run = trompe.train(recipe, tmp_path / str(place), start_from=source)
        for name, tensor in weights(run).items():
            assert torch.equal(tensor, weights(vae_run)[name])
        origin = json.loads((run.folder / "run.json").read_text())["origin"]
        assert origin["step"] == 300
        assert origin["run"].startswith(str(vae_run.folder.resolve()))
        assert run.record.origin == trompe.load(run.folder).record.origin


def test_it_goes_on_to_the_same_bits_with_and_without_saying_so(vae_run: trompe.Run, tmp_path: Path) -> None:
    recipe = small(steps=20, schedule="constant")
    whole = trompe.train(recipe, tmp_path / "whole", start_from=vae_run)
    trompe.train(recipe.with_(steps=10), tmp_path / "a", start_from=vae_run)
    resumed = trompe.train(recipe, tmp_path / "a")
    assert resumed.digest == whole.digest != trompe.train(recipe, tmp_path / "b").digest
    assert trompe.train(recipe, tmp_path / "a", start_from=vae_run.folder).digest == whole.digest
    assert resumed.record.origin == whole.record.origin is not None


def test_killed_before_its_first_state_it_still_starts_from_there(vae_run: trompe.Run, tmp_path: Path) -> None:
    whole = trompe.train(small(), tmp_path / "a", start_from=vae_run)
    for path in tmp_path.glob("a/*.safetensors"):
        path.unlink()
    assert trompe.train(small(), tmp_path / "a").digest == whole.digest


def test_it_may_have_other_images(vae_run: trompe.Run, tmp_path: Path, random: np.random.Generator) -> None:
    images = random.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    assert trompe.train(small(steps=2), tmp_path, data=images, start_from=vae_run).step == 2


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"latent": 5}, "encoder.layers.1.0.weight: 4x32 -> 10x32"),
        ({"widths": (32, 8)}, "encoder.layers.2.0.weight: absent -> 4x8"),
    ],
)
def test_other_networks_are_refused_by_their_shapes(
    changes: dict[str, Any], named: str, vae_run: trompe.Run, tmp_path: Path
) -> None:
    with pytest.raises(trompe.TrompeError, match="are of other networks") as error:
        trompe.train(small().with_(**changes), tmp_path / "run", start_from=vae_run)
    assert named in str(error.value)
    assert not (tmp_path / "run").exists()


def test_what_cannot_start_so_is_refused(vae_run: trompe.Run, run_command: Any, tmp_path: Path) -> None:
    trompe.train(small(steps=2), tmp_path / "plain")
    with pytest.raises(trompe.TrompeError, match="did not start from the weights of"):
        trompe.train(small(steps=4), tmp_path / "plain", start_from=vae_run)
    with pytest.raises(trompe.TrompeError, match="is fitted, and starts from no weights"):
        trompe.train("pca", tmp_path / "pca", data="digits", start_from=vae_run)
    _, said = run_command("train", "vae-digits", "--out", tmp_path / "r", "--from", tmp_path / "nowhere", code=2)
    assert "is not a run: there is no such folder" in said
    assert not (tmp_path / "pca").exists()
    assert not (tmp_path / "r").exists()


def test_the_command_line_starts_from_a_run(vae_run: trompe.Run, run_command: Any, tmp_path: Path) -> None:
    flags = ["--nets.widths", 32, "--train.steps", 2, "--out", tmp_path / "r"]
    _, said = run_command("train", "vae-digits", *flags, "--from", vae_run.folder)
    assert f"from the weights of `{vae_run.folder.resolve()}` at step 300" in " ".join(said.split("\n"))


@pytest.mark.parametrize("name", ["vae-digits", "vae", "gan-mnist", "cgan-mnist", "pca", "sdae-mnist"])
def test_the_memory_of_weights_is_that_of_the_state(name: str, tmp_path: Path) -> None:
    """And of a gradient for each weight, which no file holds."""
    recipe = small(name, steps=1)
    if name in ("pca", "sdae-mnist"):
        nets = trompe.recipe(name).nets
        recipe = replace(recipe, nets=nets if name == "pca" else replace(nets, widths=(8, 8), latent=8))
        recipe = recipe.with_(steps=0) if name == "pca" else recipe.with_(layer_steps=(1, 1, 1), steps=4)
    run = trompe.train(recipe, tmp_path)
    kept = (tmp_path / "state.safetensors").stat().st_size
    count = sum(weight.numel() for weight in run.model.parameters())
    stated = bytes_of(run.model, recipe) - 4 * count * (name != "pca")
    assert 0.6 * kept < stated <= kept


def test_activations_are_counted_without_a_trace(tmp_path: Path) -> None:
    recipe, format = small("gan-mnist"), trompe.load_data("digits").format
    model = build_model(recipe, format)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert activations_of(model, format) > 2 * 8 * 4 * 4
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("change", [{"widths": (2**31 - 1,) * 2}, {"batch": 2**31 - 1}, {"latent": 10**9}])
def test_what_no_memory_holds_is_refused_before_it_is_taken(change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(trompe.TrompeError, match=r"there is not enough memory for that: .* are free"):
        trompe.train(small().with_(**change), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_sizes_as_people_say_them() -> None:
    assert [in_bytes(size) for size in (0, 999, 1.2e9, 5.04e12, 1e30)] == [
        "0 B", "999 B", "1.2 GB", "5.04 TB", "more than 1,000,000 TB",
    ]  # fmt: skip
