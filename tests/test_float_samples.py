"""Samples of stated range and unit, of floats that are never quantized, from the training to what a model returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import trompe
from conftest import small

RANGE = (-3.0, 40.0)


def flux(count: int = 60, kind: str = "image") -> trompe.Samples:
    """Blobs of light on noise, in a unit of their own."""
    random = np.random.default_rng(0)
    across, up = np.meshgrid(np.linspace(-1, 1, 8), np.linspace(-1, 1, 8))
    centers = random.uniform(-0.5, 0.5, (count, 2, 1, 1))
    blobs = 38 * np.exp(-4 * ((across - centers[:, 0]) ** 2 + (up - centers[:, 1]) ** 2))
    values = np.clip(blobs + random.normal(0, 0.5, blobs.shape), *RANGE).astype(np.float32)[:, None]
    values[0, 0, 0, 0], values[0, 0, 0, 1] = RANGE
    return trompe.Samples(values, "flux", kind=kind, value_range=RANGE, unit="nJy")  # type: ignore[arg-type]


def test_an_autoencoder_of_flux_gives_flux_back(tmp_path: Path) -> None:
    data = flux()
    run = trompe.train(small("autoencoder", steps=300, sample_every=100, evaluate_every=100), tmp_path, data=data)
    known = run.record.data.format
    assert (known.value_range, known.unit, known.kind, known.shape) == (RANGE, "nJy", "image", (1, 8, 8))
    assert run.record.recipe.data.source == "flux"  # not a path
    test = run.data()
    assert (test.value_range, test.unit, test.kind, test.images.dtype) == (RANGE, "nJy", "image", np.float32)
    assert set(test.images[:, 0, 4, 4].tolist()) <= set(data.images[:, 0, 4, 4].tolist())  # to the last bit
    reconstructed = run.predictor.format.restored(run.reconstruct(test))
    assert reconstructed.dtype == np.float32
    assert RANGE[0] <= reconstructed.min() < reconstructed.max() <= RANGE[1]
    assert np.square(reconstructed - test.images).mean() < 0.3 * test.images.var()
    assert len(np.unique(reconstructed)) > 0.9 * reconstructed.size  # no levels
    values = torch.from_numpy((test.images - RANGE[0]) / (RANGE[1] - RANGE[0]))
    torch.testing.assert_close(run.encode(test), run.encode(values))
    with pytest.raises(trompe.TrompeError, match=r"from -3 to 40\nhint: give float in \[0, 1\], or uint8"):
        run.encode(data.images)


def test_flux_resumes_to_the_bit_and_another_range_is_other_data(tmp_path: Path) -> None:
    data = flux()
    whole = trompe.train(small("autoencoder", steps=10), tmp_path / "whole", data=data)
    trompe.train(small("autoencoder", steps=4), tmp_path / "parts", data=data)
    assert trompe.train(small("autoencoder", steps=10), tmp_path / "parts", data=data).digest == whole.digest
    wider = trompe.Samples(data.images, "flux", value_range=(-3.0, 41.0), unit="nJy")
    with pytest.raises(trompe.TrompeError, match=r"\n  value_range: \(-3.0, 40.0\) -> \(-3.0, 41.0\)\nhint"):
        trompe.train(small("autoencoder", steps=10), tmp_path / "parts", data=wider)


@pytest.mark.parametrize("kind", ["image", "points"])
def test_samples_have_the_range_unit_and_kind_of_the_data(kind: str, tmp_path: Path) -> None:
    run = trompe.train(small("vae", steps=20, sample_every=10), tmp_path, data=flux(kind=kind))
    again = trompe.load(tmp_path / "weights.safetensors")
    for predictor in (run.predictor, again):
        samples = predictor.samples(9)
        assert (samples.value_range, samples.unit, samples.kind) == (RANGE, "nJy", kind)
        assert samples.images.dtype == np.float32
        assert RANGE[0] <= samples.images.min() < samples.images.max() <= RANGE[1]
        expected = RANGE[0] + (RANGE[1] - RANGE[0]) * predictor.sample(9).numpy()
        np.testing.assert_allclose(samples.images, expected, rtol=1e-6)
        assert len(np.unique(samples.images)) > 256
