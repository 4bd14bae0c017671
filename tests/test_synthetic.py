"""Sets that are made: the same for everybody, and by their law."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

import trompe
from trompe.data.synthetic import curves, on_noise, rotated, varied


def test_curves_are_the_same_for_everybody_and_differ() -> None:
    pictures = curves(40, 0)
    assert pictures.shape == (40, 1, 28, 28)
    np.testing.assert_array_equal(pictures[:40], curves(40, 0))
    assert (pictures != curves(40, 1)).any()
    assert len({picture.tobytes() for picture in pictures}) == 40


def test_a_curve_is_one_stroke_inside_the_picture() -> None:
    from scipy.ndimage import label

    for picture in curves(100, 0)[:, 0]:
        assert label(picture > 100)[1] == 1
        assert picture.max() > 200


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
    assert len({picture.tobytes() for picture in turned}) > 190
    noisy = on_noise(images, random)
    assert (noisy[images == 255] == 255).all()
    background = noisy[images == 0]
    counts = np.bincount(background, minlength=256) / len(background)
    np.testing.assert_allclose(counts, 1 / 256, atol=0.001)


def test_a_variant_is_split_as_published(random: np.random.Generator) -> None:
    images = random.integers(0, 256, (60_000, 1, 2, 2), np.uint8)
    labels = np.arange(60_000) % 10
    parts = varied(lambda pictures, _: pictures)(images, labels, images[:10_000], labels[:10_000])
    assert [len(part) for part in parts] == [12_000, 12_000, 50_000, 50_000]


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
