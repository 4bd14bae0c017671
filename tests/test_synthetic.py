"""Synthetic sets: the same for everybody, by their published procedures."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

import trompe
from trompe.data.sources.synthetic import curves, on_noise, rotated, stacked, varied


def test_curves_are_the_same_for_everybody_and_differ() -> None:
    images = curves(40, 0)
    assert images.shape == (40, 1, 28, 28)
    np.testing.assert_array_equal(images[:40], curves(40, 0))
    assert (images != curves(40, 1)).any()
    assert len({image.tobytes() for image in images}) == 40


def test_a_curve_is_one_stroke_inside_the_image() -> None:
    from scipy.ndimage import label

    for image in curves(100, 0)[:, 0]:
        assert label(image > 100)[1] == 1
        assert image.max() > 200


def test_the_set_is_loaded_by_name() -> None:
    train, test = trompe.load_data("curves"), trompe.load_data("curves:test")
    assert (len(train), len(test)) == (20_000, 10_000)
    assert train.labels is None
    np.testing.assert_array_equal(train.images[:300], curves(20_000, 0)[:300])


def test_rotation_keeps_the_ink_and_noise_keeps_the_digit(random: np.random.Generator) -> None:
    images = np.zeros((200, 1, 28, 28), np.uint8)
    images[:, :, 9:19, 12:16] = 255
    turned = rotated(images, random)
    ink = turned.reshape(200, -1).sum(1) / images.reshape(200, -1).sum(1)
    np.testing.assert_allclose(ink, 1, atol=0.03)
    assert len({image.tobytes() for image in turned}) > 190
    noisy = on_noise(images, random)
    assert (noisy[images == 255] == 255).all()
    background = noisy[images == 0]
    counts = np.bincount(background, minlength=256) / len(background)
    np.testing.assert_allclose(counts, 1 / 256, atol=0.001)


def test_a_variant_is_split_as_published(random: np.random.Generator) -> None:
    images = random.integers(0, 256, (70_000, 1, 2, 2), np.uint8)
    labels = np.arange(70_000) % 10
    shown, classes, train_count = varied(lambda shown, _: shown)(images, labels, 60_000)
    assert (train_count, len(shown) - train_count) == (12_000, 50_000)
    assert len(classes) == len(shown)


def test_stacked_digits_are_of_their_own_split(random: np.random.Generator) -> None:
    images = np.arange(70, dtype=np.uint8)[:, None, None, None]
    labels = np.arange(70) % 10
    shown, classes, train_count = stacked(images, labels, 60)
    assert (train_count, shown.shape) == (60, (70, 3, 1, 1))
    assert shown[:60].max() < 60 <= shown[60:].min()
    np.testing.assert_array_equal(classes, labels[shown[:, :, 0, 0]] @ [100, 10, 1])


def idx(path: Path, array: np.ndarray) -> None:
    head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes(), 1))


def test_a_variant_is_made_from_mnists_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROMPE_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 10:18, 13:15] = 255
        idx(tmp_path / "mnist" / f"{name}-images-idx3-ubyte.gz", images)
        idx(tmp_path / "mnist" / f"{name}-labels-idx1-ubyte.gz", (np.arange(count) % 10).astype(np.uint8))
    data = trompe.load_data("mnist-rotated:test")
    assert len(data) == 50_000
    assert data.class_names == tuple("0123456789")
