"""Files of arrays as data sets."""

from __future__ import annotations

import gzip
import io
import pickle
from pathlib import Path

import numpy as np
import pytest

import trompe
from conftest import small
from trompe.data.load import from_array, load_data, load_splits, load_whole, own_splits
from trompe.data.samples import Splits
from trompe.errors import TrompeError


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5), np.uint8)
LABELS = np.arange(40) % 3


def pairs(loaded: Splits) -> set[tuple[bytes, str | None]]:
    """Every image of both splits with the name of its class."""
    return {
        (image.tobytes(), None if part.labels is None else part.class_names[part.labels[place]])
        for part in (loaded.train, loaded.test)
        for place, image in enumerate(part.images)
    }


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path, **arrays)
    return str(path)


NAMES = {"images, labels": "classes: `labels`", "x, y": "classes: `y`", "arr_0, arr_1": "classes: `arr_1`"}


@pytest.mark.parametrize("names", NAMES)
def test_an_npz_of_images_and_labels(tmp_path: Path, names: str) -> None:
    images, labels = names.split(", ")
    loaded = load_splits(save(tmp_path / "a.npz", **{images: IMAGES, labels: LABELS, "other": LABELS}))
    assert pairs(loaded) == {(image.tobytes(), str(label)) for image, label in zip(IMAGES, LABELS, strict=True)}
    assert (len(loaded.train) + len(loaded.test), loaded.train.class_names) == (40, ("0", "1", "2"))
    assert 0 < len(loaded.test) < 12
    assert loaded.report["layout"] == f"{NAMES[names]}; splits: none; `other` left out"
    with pytest.raises(TrompeError, match="does not say which images were trained on"):
        own_splits(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    "names",
    [("train_images", "train_labels", "test_images", "test_labels"), ("x_train", "y_train", "x_test", "y_test")],
)
def test_an_npz_that_is_split(tmp_path: Path, names: tuple[str, ...]) -> None:
    kept = dict(zip(names, (IMAGES[:30], LABELS[:30, None], IMAGES[30:], LABELS[30:, None]), strict=True))
    train, test = own_splits(save(tmp_path / "a.npz", **kept, class_names=np.array(["cat", "dog", "emu", "fox"])))
    assert np.array_equal(train.images[:, 0], IMAGES[:30])
    assert np.array_equal(test.images[:, 0], IMAGES[30:])
    assert train.class_names == ("cat", "dog", "emu", "fox")
    assert test.labels.tolist() == LABELS[30:].tolist()
    assert np.array_equal(load_data(f"{tmp_path}/a.npz:test").images, test.images)
    assert load_splits(str(tmp_path / "a.npz")).report["layout"].endswith(f"splits: `{names[0]}`, `{names[2]}`")


def test_an_npy_is_images_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    loaded = load_splits(str(tmp_path / "a.npy"))
    assert pairs(loaded) == {(image.tobytes(), None) for image in IMAGES}
    assert (loaded.train.name, loaded.report["layout"]) == ("a.npy", "classes: none; splits: none")
    assert loaded.report["duplicates"] == 0
    assert sorted(image.tobytes() for image in load_whole(str(tmp_path / "a.npy")).images) == sorted(
        image.tobytes() for image in IMAGES
    )


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_with_its_labels(tmp_path: Path, suffix: str) -> None:
    pack = gzip.compress if suffix else bytes
    (tmp_path / f"my-images-idx3-ubyte{suffix}").write_bytes(pack(idx(IMAGES)))
    source = str(tmp_path / f"my-images-idx3-ubyte{suffix}")
    assert pairs(load_splits(source)) == {(image.tobytes(), None) for image in IMAGES}
    (tmp_path / f"my-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(LABELS)))
    assert pairs(load_splits(source)) == {(i.tobytes(), str(label)) for i, label in zip(IMAGES, LABELS, strict=True)}
    (tmp_path / "odd").write_bytes(idx(IMAGES))  # known by how it starts
    assert len(load_whole(str(tmp_path / "odd"))) == 40


def test_size_and_color_of_arrays(tmp_path: Path) -> None:
    source = save(tmp_path / "a.npz", images=IMAGES)
    assert load_whole(source, size=(8, 4), color="rgb").image_shape == (3, 8, 4)
    assert load_whole(source, size=8).name == "a.npz at 8x8"
    assert load_data(source, color="rgb").image_shape == (3, 6, 5)
    white = save(tmp_path / "white.npz", images=np.full((20, 2, 8, 3), 255, np.uint8))
    assert load_data(white, size=8, fit="letterbox").images.min() == 0
    assert load_data(white, size=8).images.min() == 255


def test_values_of_a_range(tmp_path: Path) -> None:
    depths = save(tmp_path / "depths.npz", images=IMAGES.astype(np.uint16) * 16)
    with pytest.raises(TrompeError, match=r"images of type uint16\nhint: .*`--value-range 0 4095`"):
        load_splits(depths)
    loaded = load_splits(depths, value_range=(0, 4095))
    assert (loaded.train.images.dtype, loaded.train.value_range) == (np.float32, (0, 4095))
    assert set(loaded.train.images.reshape(-1).tolist()) <= {16.0 * level for level in range(256)}
    with pytest.raises(TrompeError, match="float values, not 8-bit images, which are not scaled"):
        load_splits(depths, value_range=(0, 4095), size=8)
    with pytest.raises(TrompeError, match="a value range from 5 to 5 is empty"):
        load_splits(depths, value_range=(5, 5))


def test_a_run_is_trained_on_an_array_and_measured_on_its_rest(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    digits = load_data("digits")
    source = save(tmp_path / "digits.npz", images=digits.images[:200], labels=digits.labels[:200])
    run = trompe.train(small(steps=10), tmp_path / "run", data=source)
    test = run.data()
    assert (len(test), test.fingerprint) == (len(load_splits(source).test), load_splits(source).test.fingerprint)
    out, _ = run_command("data", source, "--size", "16x16")
    assert "found: classes: `labels`; splits: none" in out
    assert "as packed: 16x16, gray" in out


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"latents": LABELS, "labels": LABELS}, "holds `latents`, `labels`, and none is known to be images"),
        ({}, "holds nothing"),
        ({"images": IMAGES[:0]}, "`a.npz` is empty"),
        ({"images": np.zeros((4, 5, 5, 7))}, "are not understood"),
        ({"images": np.where(IMAGES > 0, IMAGES / 255, np.nan)}, "gray levels from nan to nan: .* samples hold NaN"),
        ({"images": IMAGES / 255, "labels": LABELS[:5]}, r"40 images but labels of shape \(5,\)"),
        ({"images": IMAGES, "labels": np.eye(40)}, "not one column per class"),
        ({"images": IMAGES, "labels": LABELS + 0.5}, "labels of type float64 that are no classes"),
        ({"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "b"])}, "labels without a name: `2`"),
        ({"x_train": IMAGES, "x_test": IMAGES[:, :3]}, "do not fit each other"),
    ],
)
def test_arrays_that_are_no_data_set(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(TrompeError, match="(?s)" + message):
        load_splits(save(tmp_path / "a.npz", **arrays))


def pickled() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([{}, None], object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", pickled(), "cannot be read as an .npy: .*objects would be pickles"),
        ("a.npy", pickle.dumps([1]), "cannot be read as an .npy"),
        ("a.npy", b"", "cannot be read as an .npy"),
        ("a.npz", b"PK\3\4", "cannot be read as an .npz"),
        ("a", idx(IMAGES)[:-1], "is damaged"),
        ("a.mat", b"MATLAB 5.0", "is a MATLAB file, and is not read\nhint: save its images with numpy"),
        ("a.h5", b"\x89HDF", "is an HDF5 file"),
        ("a.tfrecord", b"1", "is a file of TensorFlow records"),
        ("a.parquet", b"PAR1", "is a table"),
        ("a.pkl", pickle.dumps([1]), "is a pickle, which can run any code as it is read"),
    ],
)
def test_files_that_are_not_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    for load in (load_splits, load_whole):
        with pytest.raises(TrompeError, match="(?s)" + message) as error:
            load(str(tmp_path / name))
        assert "allow_pickle" not in str(error.value)  # numpy's advice to load it all the same


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array(["b", "a"]), ("a", "b")),
        (np.array([b"b", b"\xff"]), ("b", "\ufffd")),
        (np.array([[7], [3]]), ("3", "7")),
        (np.array([7, 3], ">i2"), ("3", "7")),
        (np.array([10.0, 9.0]), ("9", "10")),
        (np.array([True, False]), ("False", "True")),
    ],
)
def test_labels_of_any_type(labels: np.ndarray, names: tuple[str, ...]) -> None:
    data = from_array(IMAGES[:2], labels)
    assert (data.class_names, data.labels.dtype, sorted(data.labels.tolist())) == (names, np.int64, [0, 1])


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f2", ">u2", ">i4"])
def test_arrays_in_either_byte_order(dtype: str) -> None:
    values = IMAGES[:2].astype(dtype)
    data = from_array(values, value_range=(0, 4095))
    assert data.images.dtype == np.float32
    assert np.array_equal(data.images[:, 0], values.astype(np.float64))
