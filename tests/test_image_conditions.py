"""A model whose input and output differ in shape: from an image to voxels, by a family of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import trompe
from conftest import small
from trompe.core.model import Model
from trompe.core.phases import Phase
from trompe.data.batches import Batch
from trompe.data.samples import Format
from trompe.families import FAMILIES, Family
from trompe.families.base import family
from trompe.figures import draw
from trompe.nets.build import body, decoder
from trompe.options.names import LikelihoodName, PosteriorName
from trompe.options.nets import NetsOptions
from trompe.recipes.tree import Recipe
from trompe.web.report import write_report


@dataclass(frozen=True)
class Lifting(Family):
    """Voxels from an image."""

    kind: ClassVar[str] = "lifting"
    title: ClassVar[str] = "lifting network"
    posterior: ClassVar[PosteriorName] = "point"
    likelihood: ClassVar[LikelihoodName] = "squared-error"
    prior: ClassVar[None] = None

    def networks(self, nets: NetsOptions, data: Format) -> dict[str, nn.Module]:
        images = replace(data, shape=self.input_shape(data))
        return {"encoder": body(nets, images, nets.latent), "decoder": decoder(nets, data)}

    def input_shape(self, data: Format) -> tuple[int, ...]:
        assert data.condition_shape is not None
        return data.condition_shape

    def phases(self) -> tuple[Phase, ...]:
        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            latents = model.encode(batch.condition.images, batch.condition)
            return {"reconstruction": model.likelihood.nll(model.decoder_parameters(latents), batch.images)}

        return (Phase("lifting", ("encoder", "decoder"), loss),)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    family(Lifting)
    yield
    FAMILIES.rows.pop("lifting")


def boxes(count: int = 40) -> trompe.Samples:
    """A bright slab at some depth, and an image as bright as the slab is deep."""
    random = np.random.default_rng(0)
    depth = random.integers(0, 4, count)
    voxels = random.integers(
        0, 3, (count, 1, 4, 4, 4), dtype=np.uint8
    )  # no two alike: equal ones are held out together
    voxels[np.arange(count), :, depth] = 255
    images = np.broadcast_to((80 * depth).astype(np.uint8)[:, None, None, None], (count, 1, 6, 6)).copy()
    return trompe.Samples(voxels, "boxes", kind="voxels", conditions=images)


def lifting(steps: int, **train: object) -> Recipe:
    recipe = small("vae-digits", steps=steps, decay_steps=400, learning_rate=1e-2, **train)
    return replace(recipe, name="lifting", family=Lifting())


def test_an_image_is_lifted_to_voxels(tmp_path: Path) -> None:
    data = boxes()
    run = trompe.train(lifting(400, sample_every=200, evaluate_every=200), tmp_path, data=data)
    assert (run.model.input_shape, run.model.image_shape) == ((1, 6, 6), (1, 4, 4, 4))
    known = run.record.data.format
    assert (known.shape, known.condition_shape, known.kind) == ((1, 4, 4, 4), (1, 6, 6), "voxels")
    images = torch.from_numpy(data.conditions[:8]).float() / 255  # type: ignore[index]
    voxels = run.reconstruct(images)
    assert voxels.shape == (8, 1, 4, 4, 4)
    assert float((voxels - data.images_as_floats()[:8]).square().mean()) < 0.02
    test = run.data()
    assert test.conditions is not None
    assert (len(test), test.conditions.shape[1:]) == (run.record.data.test_count, (1, 6, 6))
    torch.testing.assert_close(run.reconstruct(test), run.reconstruct(test.conditions))
    losses = [line["test/lifting/reconstruction"] for line in run.log if "test/lifting/reconstruction" in line]
    assert losses[-1] < losses[0]
    assert len(run.sample_grids) == 3
    with pytest.raises(trompe.TrompeError, match=r"images of shape \(\d+, 1, 4, 4, 4\) for a model of \(1, 6, 6\)"):
        run.reconstruct(test.images)
    with pytest.raises(trompe.TrompeError, match="`boxes:test` has no images to lift"):
        run.reconstruct(replace(test, conditions=None))
    assert "lifting network" in write_report(run).read_text()
    with pytest.raises(trompe.TrompeError, match="images are not of the shape of what it encodes"):
        draw("reconstructions", [run])


def test_it_resumes_and_is_opened_again(tmp_path: Path) -> None:
    data = boxes()
    whole = trompe.train(lifting(6), tmp_path / "whole", data=data)
    trompe.train(lifting(2), tmp_path / "parts", data=data)
    assert trompe.train(lifting(6), tmp_path / "parts", data=data).digest == whole.digest
    again = trompe.load(tmp_path / "parts")
    alone = trompe.load(tmp_path / "parts" / "weights.safetensors")
    images = torch.rand(3, 1, 6, 6)
    for one in (again, alone):
        assert torch.equal(one.reconstruct(images), whole.reconstruct(images))
    other = replace(data, conditions=255 - data.conditions)  # type: ignore[operator]
    with pytest.raises(trompe.TrompeError, match="made from other data"):
        trompe.train(lifting(6), tmp_path / "parts", data=replace(other, known_fingerprint=None))


def test_without_its_family_a_run_says_what_is_missing(tmp_path: Path) -> None:
    trompe.train(lifting(1), tmp_path, data=boxes())
    FAMILIES.rows.pop("lifting")
    try:
        with pytest.raises(trompe.TrompeError, match=r"recipe field `family\.kind` is 'lifting'") as error:
            trompe.load(tmp_path)
        assert "--plugin FILE.py" in str(error.value.hint)
    finally:
        FAMILIES.rows["lifting"] = Lifting


def test_what_compares_an_image_with_its_reconstruction_is_refused(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    run = trompe.train(lifting(1), tmp_path, data=boxes())
    with pytest.raises(trompe.TrompeError, match="images are not of the shape of what it encodes"):
        trompe.measures.evaluate(run, measures=["reconstruction"])
    _, error = run_command("reconstruct", tmp_path, code=2)
    assert "images are not of the shape of what it encodes" in error
