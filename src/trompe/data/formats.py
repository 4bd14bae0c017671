"""How named sets are read from their files: IDX, CIFAR's records, a MATLAB file, a zip of JPEGs."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import numpy as np

from ..errors import TrompeError
from .arrays import ImageData
from .folder import Place, load_pictures
from .pack import Contents, packed, state_of
from .pictures import Collection
from .synthetic import CURVES, LAWS, MIXTURES, POINTS, Made, curves, mixture, spirals

Splits = tuple[ImageData, ImageData, dict[str, Any]]
"""A set to train on, one to test on, and the report on both."""

DAMAGE = (OSError, EOFError, ValueError, KeyError, zlib.error, lzma.LZMAError, tarfile.TarError)
"""What decompressors and parsers raise on damaged files."""


def opened(path: Path) -> IO[bytes]:
    """A file's content, decompressed as its name says."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path))
    if path.suffix == ".xz":
        return lzma.open(path)
    return path.open("rb")


def unreadable(path: Path, error: Exception) -> TrompeError:
    return TrompeError(
        f"`{path}` is damaged: {str(error) or type(error).__name__}", hint="delete it and give the command again"
    )


def from_arrays(
    name: str,
    paths: list[Path],
    size: tuple[int, int] | None,
    colour: str,
    class_names: tuple[str, ...],
    read: Callable[[list[Path]], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
) -> Splits:
    """Pack a set that comes as arrays: pictures and labels to train on, pictures and labels to test on."""

    def build() -> Contents:
        try:
            train, train_labels, test, test_labels = read(paths)
        except DAMAGE as error:
            raise unreadable(paths[0], error) from error
        rows = [in_size(images, size, colour) for images in (train, test)]
        return Contents(
            image_shape=rows[0].shape[1:],
            rows=rows,
            labels=np.concatenate([train_labels, test_labels]).tolist(),
            class_names=list(class_names),
            train_count=len(train),
        )

    return packed(name, f"{name} {size} {colour}", f"{LAWS} {state_of(paths)}", build)


def in_size(images: np.ndarray, size: tuple[int, int] | None, colour: str) -> np.ndarray:
    """Arrays in the size and colour asked for, by the same rules as pictures from files."""
    from PIL import Image, ImageOps

    channels = {"grey": 1, "rgb": 3, "auto": images.shape[1]}[colour]
    if channels == images.shape[1] and size in (None, images.shape[2:]):
        return images
    mode = "L" if channels == 1 else "RGB"
    result = np.empty((len(images), channels, *(size or images.shape[2:])), np.uint8)
    for row, pixels in zip(result, images, strict=True):
        picture = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).convert(mode)
        if size is not None:
            picture = ImageOps.fit(picture, size[::-1], Image.Resampling.LANCZOS)
        row[:] = np.asarray(picture).reshape(*row.shape[1:], channels).transpose(2, 0, 1)
    return result


# MNIST's format


def _read_idx(path: Path) -> np.ndarray:
    """An IDX file of bytes: two zeros, the type 8, the number of dimensions, their sizes, then the values."""
    try:
        with opened(path) as file:
            content = file.read()
        if content[:3] != b"\0\0\x08":
            raise ValueError("it does not start as an IDX file of bytes does")
        sizes = np.frombuffer(content, ">i4", content[3], 4)
        return np.frombuffer(content, np.uint8, int(sizes.prod()), 4 + 4 * len(sizes)).reshape(sizes)
    except DAMAGE as error:
        raise unreadable(path, error) from error


def idx_set(class_names: tuple[str, ...], made: Made | None = None) -> Callable[..., Splits]:
    """A set of MNIST's format, or one made from it."""

    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        train, train_labels, test, test_labels = (_read_idx(path) for path in paths)
        arrays = train[:, None], train_labels, test[:, None], test_labels
        return made(*arrays) if made else arrays

    def load(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
        return from_arrays(name, paths, size, colour, class_names, read)

    return load


# CIFAR-10

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load_cifar10(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        records = dict(_members(paths[0], ".bin"))
        train = b"".join(records[f"data_batch_{number}.bin"] for number in range(1, 6))
        return *_cifar_records(train), *_cifar_records(records["test_batch.bin"])

    return from_arrays(name, paths, size, colour, CIFAR10_CLASSES, read)


def _members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(suffix) and (file := archive.extractfile(member)):
                yield PurePosixPath(member.name).name, file.read()


def _cifar_records(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    records = np.frombuffer(content, np.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


# Olivetti


def load_olivetti(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        from scipy.io import loadmat

        faces = loadmat(paths[0], variable_names=["faces"])["faces"]
        images = faces.T.reshape(-1, 1, 64, 64).transpose(0, 1, 3, 2)  # stored column by column
        people = np.arange(len(images)) // 10
        cut = 300  # thirty people to train on, the ten others to test on, as Hinton & Salakhutdinov split them
        return images[:cut], people[:cut], images[cut:], people[cut:]

    return from_arrays(name, paths, size, colour, tuple(f"person {number + 1}" for number in range(40)), read)


# Tiny ImageNet


def load_tiny_imagenet(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    try:
        return load_pictures(paths[0], name, size, "rgb" if colour == "auto" else colour, _tiny_places, _tiny_titles)
    except (KeyError, IndexError) as error:  # not the layout it is known for
        raise unreadable(paths[0], error) from error


def _tiny_places(pictures: Collection) -> list[Place]:
    """Training pictures by class folder; the validation pictures, which are labelled, to test on."""
    validation = "tiny-imagenet-200/val/val_annotations.txt"
    with pictures.open(validation) as file:
        lines = file.read().decode().splitlines()
    labels = dict(line.split("\t")[:2] for line in lines)
    places = []
    for path in pictures.names:
        parts = PurePosixPath(path).parts
        if parts[1] == "train":
            places.append(Place(path, "train", parts[2]))
        elif parts[1] == "val":
            places.append(Place(path, "test", labels[parts[-1]]))
    return places


def _tiny_titles(pictures: Collection, classes: list[str]) -> list[str]:
    with pictures.open("tiny-imagenet-200/words.txt") as file:
        words = dict(line.split("\t") for line in file.read().decode().splitlines())
    return [words.get(name, name).split(",")[0] for name in classes]


# Curves, and points of the plane


def load_curves(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    def build() -> Contents:
        rows = [in_size(curves(count, part), size, colour) for part, count in enumerate(CURVES)]
        return Contents(image_shape=rows[0].shape[1:], rows=rows, train_count=CURVES[0])

    return packed(name, f"{name} {size} {colour}", LAWS, build)


# The digits inside scikit-learn


def load_digits(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[:, None]  # 17 grey levels
    data = ImageData(in_size(images, size, colour), name, bunch.target.astype(np.int64), tuple("0123456789"))
    tested = np.arange(len(data)) % 5 == 4
    return data.take(np.flatnonzero(~tested)), data.take(np.flatnonzero(tested), f"{name}:test"), {}


def load_points(name: str, paths: list[Path], size: tuple[int, int] | None, colour: str) -> Splits:
    if size not in (None, (1, 2)) or colour == "rgb":
        raise TrompeError(f"`{name}` is of points, two grey pixels each", hint="leave `--size` and colour out")
    centres = MIXTURES.get(name)

    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        made = spirals if centres is None else partial(mixture, name)
        return *made(POINTS[0], 0), *made(POINTS[1], 1)

    names: tuple[str, ...] = ("one arm", "other arm")
    if centres is not None:
        names = tuple(f"({x:.2f}, {y:.2f})" for x, y in centres.round(2) + 0.0)
    return from_arrays(name, paths, None, "auto", names, read)
