"""Corruption: each kind does what it says, to the share it says; augmentation stays differentiable."""

from __future__ import annotations

import pytest
import torch

from trompe.data.transforms import AUGMENTATIONS, augmented, corrupted
from trompe.rng import Draws


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(50, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def draws() -> Draws:
    return Draws(0, torch.device("cpu"), 50)


def test_masking_sets_a_share_to_zero(images: torch.Tensor, draws: Draws) -> None:
    changed, mask = corrupted(images, "masking", 0.3, draws)
    assert float(mask.float().mean()) == pytest.approx(0.3, abs=0.01)
    assert (changed[mask] == 0).all()
    assert torch.equal(changed[~mask], images[~mask])


def test_salt_and_pepper_sets_a_share_to_either_end(images: torch.Tensor, draws: Draws) -> None:
    changed, mask = corrupted(images, "salt-and-pepper", 0.4, draws)
    assert float(mask.float().mean()) == pytest.approx(0.4, abs=0.01)
    assert float(changed[mask].mean()) == pytest.approx(0.5, abs=0.02)
    assert ((changed[mask] == 0) | (changed[mask] == 1)).all()
    assert torch.equal(changed[~mask], images[~mask])


def test_gaussian_noise_is_everywhere_with_its_standard_deviation(images: torch.Tensor, draws: Draws) -> None:
    changed, mask = corrupted(images, "gaussian", 0.2, draws)
    assert mask.all()
    assert float((changed - images).std()) == pytest.approx(0.2, abs=0.005)


@pytest.mark.parametrize("kind", ["masking", "salt-and-pepper", "gaussian"])
def test_no_level_is_no_corruption(images: torch.Tensor, draws: Draws, kind: str) -> None:
    assert torch.equal(corrupted(images, kind, 0.0, draws)[0], images)  # type: ignore[arg-type]


def test_everything_masked_is_black(images: torch.Tensor, draws: Draws) -> None:
    assert not corrupted(images, "masking", 1.0, draws)[0].any()


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_augmentation_lets_a_gradient_through(images: torch.Tensor, draws: Draws, kind: str) -> None:
    images.requires_grad_()
    changed = augmented(images, (kind,), draws)  # type: ignore[arg-type]
    assert changed.shape == images.shape
    changed.sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
