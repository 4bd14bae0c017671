"""A GAN in the plane: the discriminator's logits, generated points and the generator's push; and sets of points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import trompe
from conftest import small
from trompe import measures
from trompe.analysis.discriminator import POINTS, SIDE, field_of, scale_of
from trompe.data.sources.synthetic import REACH


@pytest.fixture(scope="module")
def plane_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("gan-2d", steps=20, snapshots=(0, 10, 20))
    data = replace(recipe.data, source="spirals")
    return trompe.train(replace(recipe, data=data), tmp_path_factory.mktemp("plane"))


def test_the_field_of_a_gan_in_the_plane(plane_run: trompe.Run) -> None:
    predictor = plane_run.predictor
    field = field_of(predictor, plane_run.data().take(slice(0, 50)))
    points, push = field.points, field.push
    assert (field.step, field.logits.shape, points.shape, push.shape) == (20, (SIDE, SIDE), (POINTS, 2), (POINTS, 2))
    corner = torch.tensor([[[1.0, 0.0]]])  # the rightmost, lowest point of the plane
    assert field.logits[0, -1] == pytest.approx(float(predictor.discriminator_logits(corner)), abs=1e-5)
    along = points[0] + 1e-3 * push[0] / np.linalg.norm(push[0])
    images = torch.from_numpy(np.stack([points[0], along])).float().view(2, 1, 2) / (2 * REACH) + 0.5
    before, after = predictor.discriminator_logits(images)
    assert after > before  # the generator is pushed to where the discriminator says real
    strongest, largest = scale_of([field])
    assert 0 < strongest <= np.linalg.norm(push, axis=1).max()
    assert 0 < largest <= np.abs(field.logits).max()


def test_it_is_drawn_at_each_snapshot(plane_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "field.gif"
    run_command("figure", "discriminator-field", plane_run.folder, "--out", out)
    with Image.open(out) as animation:
        assert animation.n_frames == 3  # type: ignore[attr-defined]
    run_command("figure", "discriminator-field", plane_run.folder, "--out", tmp_path / "field.png")
    with Image.open(tmp_path / "field.png") as image:
        assert image.width > 1000


def test_only_a_gan_in_the_plane_has_a_field(vae_run: trompe.Run, plane_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("figure", "discriminator-field", vae_run.folder, code=2)
    assert f"the figure `discriminator-field` cannot be drawn of `{vae_run.folder}`" in error
    assert "the model is not of points of the plane" in error
    with pytest.raises(trompe.TrompeError, match="not of points of the plane\nhint: train one: `trompe train gan-2d`"):
        field_of(vae_run.predictor, plane_run.data())


def test_the_field_is_of_an_unconditional_gan(tmp_path: Path) -> None:
    recipe = small("cgan-mnist", steps=1)
    nets = replace(small("gan-2d").nets, conditional=True)
    recipe = replace(recipe, nets=nets, data=replace(recipe.data, source="spirals"))
    run = trompe.train(recipe, tmp_path / "run")
    with pytest.raises(trompe.TrompeError, match="the field is of an unconditional GAN"):
        field_of(run.predictor, run.data())


@pytest.mark.parametrize("name", ["discriminator-gradient", "discriminator-ascent", "progress"])
def test_points_are_no_images(name: str, plane_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("figure", name, plane_run.folder, code=2)
    assert "the model is of points, not of images" in error
    assert "discriminator-field" in error  # the hint names the figures that can be drawn


def test_points_are_samples_of_their_own_kind(plane_run: trompe.Run) -> None:
    data = plane_run.data()
    assert (data.kind, data.value_range, data.images.dtype) == ("points", (-REACH, REACH), np.float32)
    assert data.image_shape == plane_run.record.data.format.shape == (1, 2)
    samples = plane_run.predictor.samples(5)
    assert (samples.kind, samples.value_range, samples.images.dtype) == ("points", (-REACH, REACH), np.float32)
    assert len(np.unique(plane_run.predictor.samples(300).images)) > 256  # not of 256 levels


def test_spirals_are_two_arms_of_one_width() -> None:
    data = trompe.load_data("spirals:test")
    points = data.images.reshape(-1, 2)
    radius, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    assert data.labels is not None
    away = angle - 2 * np.pi * radius - np.pi * data.labels
    away = np.abs((away + np.pi) % (2 * np.pi) - np.pi) * radius
    assert float(np.quantile(away, 0.95)) < 0.2
    assert radius.max() < 1.1


def test_points_are_measured_by_their_modes_alone(tmp_path: Path) -> None:
    """No image network is asked about two coordinates."""
    run = trompe.train(small("gan-2d", steps=4), tmp_path / "run", data=trompe.load_data("ring"))
    found = measures.evaluate(run, trompe.load_data("ring:test"), samples=200)
    assert found.values["modes"] == 8
    assert "frechet_distance" not in found.values
    assert "points" in found.skipped["fid"]
