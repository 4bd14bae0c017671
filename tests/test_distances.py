"""Distances between samples and data, against closed forms and independent implementations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from trompe import TrompeError
from trompe.measures import moments as moments_module
from trompe.measures import neighbors as neighbors_module
from trompe.measures.distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
    unbiased_discrepancy,
)
from trompe.measures.memorization import memorization
from trompe.measures.moments import Moments, moments_of, read_moments, save_moments
from trompe.measures.neighbors import nearest


def features(count: int, width: int, seed: int, shift: float = 0.0, rank: int | None = None) -> np.ndarray:
    random = np.random.default_rng(seed)
    mix = random.standard_normal((rank or width, width)) / np.sqrt(rank or width)
    return (np.abs(random.standard_normal((count, rank or width)) @ mix) + shift).astype(np.float32)


# Frechet


def test_the_frechet_distance_of_diagonal_gaussians_is_its_closed_form() -> None:
    random = np.random.default_rng(0)
    deviations = random.uniform(0.1, 3, (2, 50))
    means = random.standard_normal((2, 50))
    first, second = (Moments(mean, np.diag(deviation**2), 9) for mean, deviation in zip(means, deviations, strict=True))
    expected = np.square(means[0] - means[1]).sum() + np.square(deviations[0] - deviations[1]).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("width", [1, 7, 64])
def test_the_frechet_distance_agrees_with_the_general_matrix_root(width: int) -> None:
    first, second = (moments_of(features(500, width, seed, 0.3 * seed)) for seed in (1, 2))
    root = scipy.linalg.sqrtm(np.atleast_2d(first.covariance) @ np.atleast_2d(second.covariance))
    expected = np.square(first.mean - second.mean).sum() + np.trace(
        first.covariance + second.covariance - 2 * root.real
    )
    assert frechet_distance(first, second) == pytest.approx(float(expected), rel=1e-9)
    peer = _compute_fid(*(torch.from_numpy(one) for m in (first, second) for one in (m.mean, m.covariance)))
    assert frechet_distance(first, second) == pytest.approx(float(peer), rel=1e-9)


def test_singular_covariances_lose_no_digits() -> None:
    """Of fewer images than features; by the nuclear norm of the centered features themselves."""
    first, second = features(40, 200, 1), features(60, 200, 2, 0.1)
    centered = [(one - one.mean(0, dtype=np.float64)) / np.sqrt(len(one) - 1) for one in (first, second)]
    common = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    apart = np.square(first.mean(0, dtype=np.float64) - second.mean(0, dtype=np.float64)).sum()
    expected = apart + sum(np.square(one).sum() for one in centered) - 2 * common
    assert frechet_distance(moments_of(first), moments_of(second)) == pytest.approx(expected, rel=1e-10)


def test_a_set_is_at_no_distance_from_itself_nor_constant_ones_from_their_means() -> None:
    moments = moments_of(features(30, 100, 1))
    assert abs(frechet_distance(moments, moments)) < 1e-10 * np.trace(moments.covariance)
    dark, bright = (moments_of(np.full((5, 3), level, np.float32)) for level in (0, 2))
    assert frechet_distance(dark, bright) == 12


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(3, 242), st.integers(0, 1000))
def test_moments_are_the_same_however_many_are_multiplied_at_a_time(chunk: int, count: int, seed: int) -> None:
    vectors = features(count, 5, seed, shift=1000)  # far from zero
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments_module, "CHUNK", chunk)
        moments = moments_of(vectors)
    np.testing.assert_allclose(moments.mean, vectors.mean(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(vectors.astype(np.float64), rowvar=False), atol=1e-10)
    assert moments.count == len(vectors)


def test_moments_come_back_from_their_file(tmp_path: Path) -> None:
    moments = moments_of(features(30, 20, 1), {"features": "pixels"})
    save_moments(tmp_path / "m.npz", moments)
    back = read_moments(tmp_path / "m.npz")
    np.testing.assert_array_equal(back.covariance, moments.covariance)
    assert (back.count, back.protocol) == (30, {"features": "pixels"})
    np.savez(tmp_path / "other.npz", mu=moments.mean, sigma=moments.covariance)  # pytorch-fid's
    assert frechet_distance(read_moments(tmp_path / "other.npz"), moments) == pytest.approx(0, abs=1e-12)


def test_files_that_hold_no_moments_are_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.npz"
    save_moments(good, moments_of(features(30, 20, 1)))
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:-200])
    np.save(tmp_path / "lone.npy", np.zeros(3))
    (tmp_path / "lone.npy").rename(tmp_path / "lone.npz")
    np.savez(tmp_path / "nonsense.npz", nonsense=np.zeros(3))
    np.savez(tmp_path / "apart.npz", mu=np.zeros(4), sigma=np.eye(3))
    np.savez(tmp_path / "nan.npz", mu=np.zeros(3), sigma=np.full((3, 3), np.nan))
    for name, message in (
        ("cut", "cannot be read as an .npz"),
        ("lone", "cannot be read as an .npz"),
        ("nonsense", "holds no moments"),
        ("apart", "holds no moments"),
        ("nan", "values not finite"),
        ("none", "there is no file at"),
    ):
        with pytest.raises(TrompeError, match=message):
            read_moments(tmp_path / f"{name}.npz")


def test_moments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TrompeError, match="moments of 3 features against 4"):
        frechet_distance(moments_of(features(9, 3, 1)), moments_of(features(9, 4, 1)))
    with pytest.raises(TrompeError, match="a covariance of 1 images"):
        moments_of(features(1, 3, 1))


# Kernel


def test_the_kernel_distance_of_a_block_is_the_peers() -> None:
    first, second = features(80, 30, 1), features(80, 30, 2, 0.1)
    peer = poly_mmd(*(torch.from_numpy(one).double() for one in (first, second)))
    ours = unbiased_discrepancy(first.astype(np.float64), second.astype(np.float64))
    assert ours == pytest.approx(float(peer), rel=1e-9)


def test_the_kernel_distance_is_unbiased_and_its_error_is_what_it_says() -> None:
    """Over many pairs of sets of one distribution: centered at zero, and as scattered as the errors say."""
    random = np.random.default_rng(0)
    found = [kernel_distance(*random.standard_normal((2, 300, 8)).astype(np.float32)) for _ in range(60)]
    distances = np.array([one.distance for one in found])
    assert abs(distances.mean()) < 3 * distances.std() / np.sqrt(60)
    said = np.sqrt(np.mean([one.standard_error**2 for one in found]))
    assert distances.std() == pytest.approx(said, rel=0.35)
    assert found[0].blocks == 5
    with pytest.raises(TrompeError, match="a kernel distance of 9 images"):
        kernel_distance(features(9, 3, 1), features(50, 3, 1))


def test_the_kernel_distance_does_not_pair_images_of_one_place() -> None:
    """A set beside nearly the same one: blocks that held both of a pair would seem nearer than nothing."""
    first = np.random.default_rng(0).standard_normal((1000, 64)).astype(np.float32)
    blocks = range(0, 1000, 200)
    paired = [
        unbiased_discrepancy(*[one[at : at + 200].astype(np.float64) for one in (first, first + 0.01)]) for at in blocks
    ]
    assert np.mean(paired) < -0.06
    assert kernel_distance(first, first + 0.01).distance > -0.03


def test_features_of_unlike_widths_are_refused() -> None:
    for measure in (kernel_distance, precision_recall, nearest):
        with pytest.raises(TrompeError, match="7 features an image against 8"):
            measure(features(30, 7, 1), features(30, 8, 1))


# Precision and recall, and the Inception Score


@pytest.mark.parametrize("shift", [0.0, 0.5, 50.0])
def test_precision_recall_density_and_coverage_are_the_peers(
    shift: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, samples = features(230, 12, 1), features(170, 12, 2, shift)
    peer = compute_prdc(data.astype(np.float64), samples.astype(np.float64), nearest_k=5)
    monkeypatch.setattr(neighbors_module, "VALUES", 1000)  # several blocks
    ours = precision_recall(data, samples)
    for name, value in peer.items():
        assert getattr(ours, name) == pytest.approx(float(value), abs=1e-12), name


def test_nearest_neighbors_are_exact_and_a_copy_is_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = features(50, 20, 1, 100), features(90, 20, 2, 100)
    second[7] = first[3]
    every = np.linalg.norm(first[:, None].astype(np.float64) - second, axis=2)
    monkeypatch.setattr(neighbors_module, "VALUES", 1000)
    distances, places = nearest(first, second)
    np.testing.assert_allclose(distances, every.min(1), rtol=1e-12)
    np.testing.assert_array_equal(places, every.argmin(1))
    assert distances[3] == 0
    own, _ = nearest(first, first, but=np.arange(50))
    every = np.linalg.norm(first[:, None].astype(np.float64) - first, axis=2) + np.diag(np.full(50, np.inf))
    np.testing.assert_allclose(own, every.min(1), rtol=1e-12)


def test_the_inception_score_counts_sure_and_even_classes() -> None:
    sure = np.eye(7, dtype=np.float32)[np.arange(700) % 7]
    assert inception_score(sure)[0] == pytest.approx(7)
    assert inception_score(np.full((70, 7), 1 / 7, np.float32)) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    random = np.random.default_rng(0).dirichlet(np.ones(5), 100)
    marginal = random.mean(0)
    expected = np.exp((random * np.log(random / marginal)).sum(1).mean())
    assert inception_score(random.astype(np.float32), splits=1)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("count", [1, 19])
def test_an_inception_score_of_too_few_images_is_an_error(count: int) -> None:
    with pytest.raises(TrompeError, match=f"over 10 parts of {count} images") as error:
        inception_score(np.full((count, 3), 1 / 3, np.float32))
    assert "two images of each" in str(error.value.hint)
    with pytest.raises(TrompeError, match="do not sum to 1"):
        inception_score(np.full((50, 3), 2, np.float32))


@pytest.mark.parametrize("times", [6, 40])
def test_a_set_of_duplicates_has_all_of_itself(times: int) -> None:
    """Whose balls have no radius; and others nothing of it."""
    same = np.repeat(features(5, 12, 1), times, 0)
    found = precision_recall(same, same[::-1].copy())
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density == pytest.approx(1)
    constant = np.full((30, 4), 0.1, np.float32)
    assert vars(precision_recall(constant, constant)) == pytest.approx(vars(found))
    apart = precision_recall(same, features(60, 12, 2))
    assert (apart.precision, apart.coverage, apart.density) == (0, 0, 0)


def test_a_set_against_itself_is_the_peers() -> None:
    """Where a distance equals a radius: balls are open."""
    data = features(80, 12, 1)
    peer = compute_prdc(data.astype(np.float64), data.astype(np.float64), nearest_k=5)
    assert vars(precision_recall(data, data)) == pytest.approx({name: float(value) for name, value in peer.items()})


# What is no number


TAKEN: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "vectors": lambda good, bad: moments_of(bad),
    "second": kernel_distance,
    "samples": precision_recall,
    "data": lambda good, bad: precision_recall(bad, good),
    "probabilities": lambda good, bad: inception_score(bad),
    "train": lambda good, bad: memorization(good, bad, good),
    "held_out": lambda good, bad: memorization(good, good, bad),
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20])
@pytest.mark.parametrize("name", TAKEN)
def test_features_that_are_no_numbers_are_refused_by_the_name_of_their_set(name: str, value: float) -> None:
    good, bad = features(60, 5, 1), features(60, 5, 2)
    bad[[3, 50], 1] = value
    bad[50, 2] = value
    with pytest.raises(TrompeError, match=rf"^2 of the 60 rows of `{name}` hold features that are not finite"):
        TAKEN[name](good, bad)


COVARIANCES = {
    "negative": -np.eye(3),
    "indefinite": np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    "without variance": np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    "asymmetric": np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]),
    "of another width": np.eye(4),
    "not finite": np.full((3, 3), np.nan),
    "half infinite": np.diag([1.0, np.inf, 1.0]),
}


@pytest.mark.parametrize("kind", COVARIANCES)
def test_what_is_no_covariance_has_no_distance(kind: str, tmp_path: Path) -> None:
    good = moments_of(features(30, 3, 1))
    with pytest.raises((TrompeError, TypeError)):  # of shapes the tests' own check of annotations speaks first
        frechet_distance(Moments(np.zeros(3), COVARIANCES[kind], 9), good)
    np.savez(tmp_path / "m.npz", mu=np.zeros(3), sigma=COVARIANCES[kind])
    with pytest.raises(TrompeError, match=r"m\.npz` holds no moments"):
        read_moments(tmp_path / "m.npz")


def test_moments_beyond_float64_are_no_perfect_score() -> None:
    for mean, variance in ((1e200, 1.0), (0.0, 1e308)):
        large = Moments(np.full(3, mean), np.eye(3) * variance, 9)
        with pytest.raises(TrompeError, match="too large"):
            frechet_distance(large, Moments(np.zeros(3), np.eye(3) * variance, 9))


GOOD = {"mean": np.zeros(4), "covariance_upper": np.eye(4)[np.triu_indices(4)], "count": np.array(9)}


@pytest.mark.parametrize(
    "changed",
    [
        {"mean": np.zeros((4, 1))},
        {"mean": np.zeros(0), "covariance_upper": np.zeros(0)},
        {"mean": np.array(list("abcd"))},
        {"mean": np.zeros(4, np.complex128)},
        {"mean": np.zeros(3_000_000)},
        {"covariance_upper": np.zeros(9)},
        {"covariance_upper": np.zeros((2, 5))},
        {"covariance_upper": -np.ones(10)},
        {"count": np.array(-1)},
        {"count": np.array([1, 2])},
        {"count": np.array(1.5)},
        {"count": np.array(2**63, np.uint64)},
        {"protocol": np.array("nonsense")},
        {"protocol": np.array("[1, 2]")},
        {"protocol": np.array('{"features": {"a": []}}')},
        {"protocol": np.array('{"a":' * 5000)},
        {"protocol": np.array([1, 2])},
    ],
    ids=str,
)
def test_moments_files_that_were_tampered_with_are_refused(changed: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", **GOOD)
    assert read_moments(tmp_path / "good.npz").count == 9
    np.savez(tmp_path / "m.npz", **GOOD | changed)
    with pytest.raises(TrompeError, match=r"m\.npz` (holds no moments|cannot be read as an \.npz): ") as error:
        read_moments(tmp_path / "m.npz")
    assert len(str(error.value)) < 500


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 99), st.sampled_from(["<f4", ">f4", "<f8"]))
def test_moments_of_any_features_come_back_at_no_distance(
    tmp_path_factory: pytest.TempPathFactory, count: int, width: int, seed: int, kind: str
) -> None:
    """Our own files to the bit, and other tools' in their precision, singular or not."""
    moments = moments_of(features(count, width, seed, shift=seed))
    path = tmp_path_factory.mktemp("m") / "m.npz"
    save_moments(path, moments)
    assert read_moments(path).fingerprint == moments.fingerprint
    np.savez(path, mu=moments.mean.astype(kind), sigma=moments.covariance.astype(kind))
    apart = frechet_distance(read_moments(path), moments)
    assert apart <= 1e-4 * (1e-9 + np.trace(moments.covariance) + np.square(moments.mean).sum())


def test_text_in_a_file_of_moments_cannot_steer_a_terminal(tmp_path: Path) -> None:
    save_moments(tmp_path / "m.npz", moments_of(features(9, 3, 1), {"data": "\x1b[2Jfaces"}))
    assert "\x1b" not in str(read_moments(tmp_path / "m.npz").protocol["data"])
