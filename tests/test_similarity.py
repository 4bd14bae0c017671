"""Likeness of images, against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from skimage.metrics import structural_similarity as reference

from trompe.measures.reconstruction import peak_signal_to_noise, structural_similarity, window_for


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 17, 32), (1, 12, 13, 14)])
def test_structural_similarity_is_the_references(shape: tuple[int, ...]) -> None:
    images, others = noisy_pairs(shape)
    assert window_for(shape) == 11
    ours = structural_similarity(torch.from_numpy(images), torch.from_numpy(others))
    settings = {
        "channel_axis": 0,
        "data_range": 1,
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
    }
    for place in range(6):
        assert float(ours[place]) == pytest.approx(reference(images[place], others[place], **settings), abs=1e-12)


def test_small_images_have_a_smaller_window() -> None:
    """Against the definition, window by window."""
    images, others = noisy_pairs((1, 8, 8))
    assert window_for((1, 8, 8)) == 7
    assert window_for((1, 1, 2)) is None
    bell = np.exp(-0.5 * ((np.arange(7) - 3) / 1.5) ** 2)
    weights = np.outer(bell, bell) / bell.sum() ** 2
    expected = []
    for top in range(2):
        for left in range(2):
            x, y = (one[0, 0, top : top + 7, left : left + 7] for one in (images, others))
            mx, my = (weights * x).sum(), (weights * y).sum()
            covariance = (weights * (x - mx) * (y - my)).sum()
            variances = (weights * (x - mx) ** 2).sum() + (weights * (y - my) ** 2).sum()
            structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
            expected.append((2 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2) * structure)
    ours = structural_similarity(torch.from_numpy(images[:1]), torch.from_numpy(others[:1]), 7)
    assert float(ours[0]) == pytest.approx(np.mean(expected), abs=1e-12)


def noisy_pairs(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.random((6, *shape))
    return images, (images + random.normal(0, 0.2, images.shape)).clip(0, 1)


def test_signal_to_noise_is_the_references() -> None:
    images, others = np.random.default_rng(0).random((2, 5, 3, 9, 9))
    ours = peak_signal_to_noise(torch.from_numpy(images), torch.from_numpy(others))
    expected = [peak_signal_noise_ratio(one, other, data_range=1) for one, other in zip(images, others, strict=True)]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_a_perfect_copy_has_finite_figures() -> None:
    images = torch.rand(3, 1, 16, 16)
    assert structural_similarity(images, images).tolist() == pytest.approx([1, 1, 1])
    assert peak_signal_to_noise(images, images).tolist() == pytest.approx([100, 100, 100])
