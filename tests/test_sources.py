"""Named sets, from small files in their canonical formats."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trompe
from conftest import small
from trompe.data import load_data
from trompe.data.load import for_recipe, from_array, is_path, load_splits
from trompe.data.sources.named import canonical
from trompe.data.sources.pack import Contents, packed
from trompe.errors import TrompeError
from trompe.options.data import DataOptions
from trompe.recipes.checks import checked


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TROMPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def mnist_files(random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "train-images-idx3-ubyte": random.integers(0, 256, (7, 28, 28)),
        "train-labels-idx1-ubyte": np.arange(7),
        "t10k-images-idx3-ubyte": random.integers(0, 256, (3, 28, 28)),
        "t10k-labels-idx1-ubyte": np.array([9, 8, 7]),
    }


@pytest.mark.parametrize("folder", ["mnist", "."])
@pytest.mark.parametrize("compressed", ["", ".gz", ".xz"])
def test_mnist_is_found_where_it_lies(root: Path, random: np.random.Generator, folder: str, compressed: str) -> None:
    files = mnist_files(random)
    (root / folder).mkdir(exist_ok=True)
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[compressed]
    for name, array in files.items():
        (root / folder / f"{name}{compressed}").write_bytes(pack(idx(array)))
    loaded = load_splits("mnist")
    assert np.array_equal(loaded.train.images[:, 0], files["train-images-idx3-ubyte"])
    assert loaded.train.labels.tolist() == list(range(7))
    assert load_data("mnist:test").labels.tolist() == [9, 8, 7]
    assert loaded.train.class_names[3] == "3"
    assert load_data("mnist", size=32, color="rgb").images.shape == (7, 3, 32, 32)


def test_files_at_the_top_are_the_first_sets_of_their_names(root: Path, random: np.random.Generator) -> None:
    """MNIST's and Fashion-MNIST's files have the same names."""
    for name, array in mnist_files(random).items():
        (root / name).write_bytes(idx(array))
    assert len(load_data("mnist")) == 7
    with pytest.raises(TrompeError, match="the files of `fashion-mnist` are not on this machine"):
        load_data("fashion-mnist")


def test_a_set_wins_over_a_folder_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(load_data("digits")) == 1438
    with pytest.raises(TrompeError, match="no images in"):
        load_data("./digits")


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_any_damage_is_answered_in_words(root: Path, random: np.random.Generator, place: float) -> None:
    for name, array in mnist_files(random).items():
        content = bytearray(gzip.compress(idx(array)))
        content[int(place * len(content))] ^= 0xFF
        (root / f"{name}.gz").write_bytes(bytes(content))
    with pytest.raises(TrompeError, match="is damaged"):
        load_data("mnist")


def test_a_damaged_file_is_named(root: Path, random: np.random.Generator) -> None:
    for name, array in mnist_files(random).items():
        (root / f"{name}.gz").write_bytes(gzip.compress(idx(array))[:60])
    with pytest.raises(TrompeError, match=r"train-images-idx3-ubyte\.gz` is damaged") as error:
        load_data("mnist")
    assert "delete it" in str(error.value)


def test_cifar10_from_its_archive(root: Path, random: np.random.Generator) -> None:
    with tarfile.open(root / "cifar-10-binary.tar.xz", "w:xz") as archive:
        for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
            images = random.integers(0, 256, (2, 3072), dtype=np.uint8)
            content = np.concatenate([[[4], [9]], images], axis=1).astype(np.uint8).tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    loaded = load_splits("cifar10")
    assert loaded.train.images.shape == (10, 3, 32, 32)
    assert np.array_equal(loaded.test.images[1].reshape(-1), images[1])
    assert [loaded.train.class_names[label] for label in loaded.train.labels[:2]] == ["deer", "truck"]


def test_olivetti_stands_upright_and_is_split_by_people(root: Path, random: np.random.Generator) -> None:
    from scipy.io import savemat

    faces = random.integers(0, 256, (400, 64, 64), dtype=np.uint8)
    savemat(root / "olivettifaces.mat", {"faces": faces.transpose(0, 2, 1).reshape(400, 4096).T})
    loaded = load_splits("olivetti")
    assert np.array_equal(loaded.train.images[:, 0], faces[:300])
    assert loaded.test.labels.tolist() == [person for person in range(30, 40) for _ in range(10)]


def test_tiny_imagenet_from_its_zip(root: Path, random: np.random.Generator) -> None:
    def jpeg() -> bytes:
        content = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(content, "JPEG")
        return content.getvalue()

    top = "tiny-imagenet-200"
    with zipfile.ZipFile(root / f"{top}.zip", "w") as archive:
        archive.writestr(f"{top}/words.txt", "n01\tgoldfish, Carassius auratus\nn02\ttailed frog\n")
        archive.writestr(f"{top}/val/val_annotations.txt", "val_0.JPEG\tn02\t0\t0\t1\t1\n")
        archive.writestr(f"{top}/val/images/val_0.JPEG", jpeg())
        for name in ("n01", "n02"):
            archive.writestr(f"{top}/train/{name}/images/{name}_0.JPEG", jpeg())
        archive.writestr(f"{top}/test/images/test_0.JPEG", jpeg())
    loaded = load_splits("tiny-imagenet")
    assert loaded.train.class_names == ("goldfish", "tailed frog")
    assert (loaded.train.labels.tolist(), loaded.test.labels.tolist()) == ([0, 1], [1])
    assert loaded.train.image_shape == (3, 64, 64)


def test_the_digits_need_nothing() -> None:
    loaded = load_splits("digits")
    assert (len(loaded.train), len(loaded.test)) == (1438, 359)
    assert loaded.train.image_shape == (1, 8, 8)
    assert loaded.train.images.max() == 255
    assert load_data("digits:test").fingerprint == loaded.test.fingerprint != loaded.train.fingerprint


def test_offline_and_absent_says_which_file_to_put_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    def unreachable(*_: object, **__: object) -> str:
        raise TimeoutError

    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(TrompeError, match=r"cifar-10-binary\.tar\.gz` could not be fetched") as error:
        load_data("cifar10")
    assert "https://www.cs.toronto.edu" in str(error.value)
    assert "put `cifar-10-binary.tar.gz` into" in str(error.value)


def test_a_mirror_serves_where_the_first_host_fails(
    root: Path, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pooch

    files = {f"{name}.gz": gzip.compress(idx(array)) for name, array in mnist_files(random).items()}
    asked = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path, **_: object) -> str:
        asked.append(url)
        if "yann.lecun.com" in url:
            raise ConnectionError("gone")
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / fname).write_bytes(files[fname])
        return str(Path(path) / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert len(load_data("mnist")) == 7
    assert len(asked) == 8
    assert len(load_data("mnist:test")) == 3
    assert len(asked) == 8  # what was fetched is kept


@pytest.mark.parametrize("name", ["cifar-10", "cifar10", "CIFAR_10", "CIFAR-10"])
def test_a_set_is_known_however_it_is_spelled(name: str) -> None:
    assert canonical(name) == "cifar-10"
    assert not is_path(name)
    assert canonical("Fashion-MNIST") == canonical("fashion_mnist") == canonical("fashion") == "fashion-mnist"


SIZES = {"8": [8, 8], "8x6": [8, 6], "8X6": [8, 6], "8,6": [8, 6], "8 6": [8, 6]}


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_understood_however_it_is_spelled(text: str, run_command) -> None:  # type: ignore[no-untyped-def]
    out, _ = run_command("data", "digits", "--json", "--size", *text.split())
    assert json.loads(out)["size"] == SIZES[text]
    out, _ = run_command("train", "vae", "--data", "digits", "--size", *text.split(), "--dry-run")
    assert json.loads(out)["data"]["size"] == (SIZES[text] if len(text) > 1 else 8)


BAD_SIZES = {
    "0": "images of 0x0 have no pixels",
    "64x0": "images of 64x0 have no pixels",
    "-3": "images of -3x-3 have no pixels",
    "99999999999": "are too large",
    "64x64x3": "`--size 64x64x3` is no size of images",
    "1 2 3": "`--size 1 2 3` is no size of images",
    "big": "`--size big` is no size of images",
    "8 digits": "`--size 8 digits` is no size of images",
}


@pytest.mark.parametrize("text", BAD_SIZES)
def test_a_size_that_is_none_is_refused(text: str, run_command) -> None:  # type: ignore[no-untyped-def]
    for command in (("data", "digits"), ("train", "vae", "--data", "digits", "--dry-run")):
        _, err = run_command(*command, "--size", *text.split(), code=2)
        assert BAD_SIZES[text] in err
        assert "hint: " in err


@pytest.mark.parametrize("size", [0, -1, (8,) * 3, 8.5, "8", (10**6, 10**6)])
def test_a_recipe_refuses_a_size_that_is_none(size: object) -> None:
    message = r"no size of images|have no pixels|are too large"
    with pytest.raises(TrompeError, match=message):
        checked(replace(small(), data=DataOptions("digits", size)))  # type: ignore[arg-type]
    if size in (0, -1, (10**6, 10**6)):
        with pytest.raises(TrompeError, match=message):
            load_data("digits", size=size)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("", {}, "no data are named"),
        ("a\0b", {}, "no data are named"),
        ("digits", {"value_range": (0, 5)}, "`digits` has a value range of its own"),
        ("~nouserofthisname/x", {}, "names no user's home folder"),
        ("mnist:valid", {}, "`mnist` has no split named `valid`"),
    ],
)
def test_sources_and_settings_that_mean_nothing(source: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(TrompeError, match=message):
        load_splits(source, **settings)  # type: ignore[arg-type]


def test_named_sets_are_fitted(root: Path) -> None:
    wide = {fit: load_data("digits", size=(8, 16), fit=fit).images for fit in ("crop", "letterbox", "stretch")}
    assert len({images.tobytes() for images in wide.values()}) == 3
    assert np.array_equal(wide["letterbox"][:, :, :, 4:12], load_data("digits").images)


def test_an_unknown_name_is_guessed_at() -> None:
    with pytest.raises(TrompeError, match="no data set is named `minst`") as error:
        load_data("minst")
    assert "did you mean `mnist`?" in str(error.value)


def test_arrays_in_their_common_forms(random: np.random.Generator) -> None:
    assert from_array(random.random((4, 5, 6))).image_shape == (1, 5, 6)
    assert from_array(random.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)).image_shape == (3, 5, 6)
    assert from_array(np.zeros((4, 1, 3, 5, 6), bool)).image_shape == (1, 3, 5, 6)
    labeled = from_array(random.random((4, 5, 6)), np.array(["b", "a", "b", "a"]))
    assert (labeled.class_names, labeled.labels.tolist()) == (("a", "b"), [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4,)), "are not understood"),
        (np.full((2, 3, 3), 7.0), "gray levels from 7 to 7"),
        (np.zeros((2, 3, 3), np.int64), "images of type int64"),
        (np.full((2, 3, 3), np.nan), "gray levels from nan"),
    ],
)
def test_arrays_that_are_not_images(array: np.ndarray, message: str) -> None:
    with pytest.raises(TrompeError, match=message):
        from_array(array)


def test_values_in_a_range_of_their_own_are_not_quantized(random: np.random.Generator) -> None:
    flux = random.normal(size=(5, 6, 7)) * 1e-3
    data = from_array(flux, value_range=(-1, 1))
    assert (data.images.dtype, data.value_range, data.kind) == (np.float32, (-1, 1), "image")
    assert np.array_equal(data.images[:, 0], flux.astype(np.float32))
    assert data.format.restored(data.images_as_floats()) == pytest.approx(data.images, abs=1e-7)
    counts = from_array(random.integers(0, 60_000, (5, 6, 7)), value_range=(0, 65_535))
    assert (counts.images.dtype, counts.format.value_range) == (np.float32, (0, 65_535))
    unit = from_array(random.random((5, 6, 7)), value_range=(0, 1))
    assert unit.images.dtype == np.float32
    assert from_array(random.random((5, 6, 7))).images.dtype == np.uint8
    levels = random.integers(0, 256, (5, 6, 7)).astype(np.float64)
    assert np.array_equal(from_array(levels, value_range=(0, 255)).images[:, 0], levels)
    assert from_array(levels, value_range=(0, 255)).images.dtype == np.uint8


def test_kinds_of_arrays(random: np.random.Generator) -> None:
    volumes = random.integers(0, 256, (4, 1, 3, 5, 6), dtype=np.uint8)
    assert from_array(volumes).kind == "voxels"
    assert from_array(volumes, kind="video").kind == "video"
    assert from_array(volumes[:, :, 0]).kind == "image"
    for points in (random.random((4, 2)), random.random((4, 1, 2))):
        data = from_array(points, value_range=(0, 1), kind="points")
        assert (data.kind, data.image_shape, data.images.dtype) == ("points", (1, 2), np.float32)
        assert np.array_equal(data.images.reshape(4, 2), points.reshape(4, 2).astype(np.float32))


@pytest.mark.parametrize(
    ("array", "settings", "message"),
    [
        (np.full((2, 3, 3), 7.0), {"value_range": (0, 5)}, r"values from 7 to 7 are not within \[0, 5\]"),
        (np.full((2, 3, 3), np.nan), {"value_range": (0, 5)}, "values from nan to nan"),
        (np.full((2, 3, 3), 7.0), {"value_range": (7, 7)}, r"are not within \[7, 7\]"),
        (np.zeros((2, 3, 3), complex), {"value_range": (0, 5)}, "images of type complex128"),
        (np.zeros((2, 3, 3)), {"kind": "video"}, "video samples of shape .* are not understood"),
    ],
)
def test_arrays_outside_their_range_or_kind(array: np.ndarray, settings: dict[str, object], message: str) -> None:
    with pytest.raises(TrompeError, match=message):
        from_array(array, **settings)  # type: ignore[arg-type]


def test_a_pack_keeps_dtype_range_and_kind(random: np.random.Generator) -> None:
    data = from_array(random.random((30, 1, 2, 3, 4)) - 0.5, np.arange(30) % 3, value_range=(-1, 1))
    data = replace(data, unit="Jy")
    assert data.labels is not None

    def build() -> Contents:
        return Contents(data.format, [data.images[:20], data.images[20:]], data.labels.tolist(), train_count=25)

    for _ in range(2):  # as it is written, and read again
        loaded = packed("flux", "flux", "1", build)
        assert loaded.train.images.dtype == np.float32
        assert np.array_equal(np.concatenate([loaded.train.images, loaded.test.images]), data.images)
        assert loaded.train.format == loaded.test.format == data.format
        assert loaded.test.labels.tolist() == data.labels[25:].tolist()
        assert loaded.train.fingerprint == data.take(slice(0, 25)).fingerprint


def test_points_have_no_size() -> None:
    assert load_data("ring").kind == "points"
    with pytest.raises(TrompeError, match="`ring` is of points, not of images"):
        load_data("ring", size=8)


def test_whole_classes_are_held_out(tmp_path: Path) -> None:
    loaded = for_recipe(DataOptions("digits", hold_out="classes"))
    assert loaded.train.labels is not None
    assert loaded.test.labels is not None
    assert len(set(loaded.test.labels)) == 1
    assert not set(loaded.test.labels) & set(loaded.train.labels)
    assert len(loaded.train) + len(loaded.test) == 1797
    own = trompe.train(
        replace(small(), data=DataOptions("digits", hold_out="classes")), tmp_path / "run", data=load_data("digits")
    )
    assert set(own.data().labels) == set(loaded.test.labels)
    assert len(own.data("curves:test")) == 10_000  # another set is split as it is
    again = for_recipe(DataOptions("digits", hold_out="classes"))
    assert again.test.fingerprint == loaded.test.fingerprint
    with pytest.raises(TrompeError, match="no classes to hold out"):
        for_recipe(DataOptions("curves", hold_out="classes"))
