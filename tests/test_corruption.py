"""Corruption: each kind does what it says, to the share it says."""

from __future__ import annotations

import pytest
import torch

from trompe.data.corruption import corrupt


@pytest.fixture
def images() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(50, 1, 28, 28)


def test_masking_sets_a_share_to_zero(images: torch.Tensor) -> None:
    corrupted, hit = corrupt(images, "masking", 0.3)
    assert float(hit.float().mean()) == pytest.approx(0.3, abs=0.01)
    assert (corrupted[hit] == 0).all()
    assert torch.equal(corrupted[~hit], images[~hit])


def test_salt_and_pepper_sets_a_share_to_either_end(images: torch.Tensor) -> None:
    corrupted, hit = corrupt(images, "salt-and-pepper", 0.4)
    assert float(hit.float().mean()) == pytest.approx(0.4, abs=0.01)
    assert float(corrupted[hit].mean()) == pytest.approx(0.5, abs=0.02)
    assert ((corrupted[hit] == 0) | (corrupted[hit] == 1)).all()
    assert torch.equal(corrupted[~hit], images[~hit])


def test_gaussian_noise_hits_everything_with_its_deviation(images: torch.Tensor) -> None:
    corrupted, hit = corrupt(images, "gaussian", 0.2)
    assert hit.all()
    assert float((corrupted - images).std()) == pytest.approx(0.2, abs=0.005)


@pytest.mark.parametrize("kind", ["masking", "salt-and-pepper", "gaussian"])
def test_no_level_is_no_corruption(images: torch.Tensor, kind: str) -> None:
    assert torch.equal(corrupt(images, kind, 0.0)[0], images)  # type: ignore[arg-type]


def test_everything_masked_is_black(images: torch.Tensor) -> None:
    assert not corrupt(images, "masking", 1.0)[0].any()
