"""Named sets: where their files come from, and how they are read.

A set whose files already lie under `$TROMPE_DATA`, in a folder of the set's name or at the top, under their canonical
names, compressed or not, is used from there without network. Else the files come from their official hosts, with
mirrors after them, each checked against its hash, into the user's cache.
"""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import numpy as np

from ..errors import TrompeError, nearest
from .arrays import ImageData
from .folder import Place, load_pictures
from .pack import Contents, cache_folder, packed, state_of
from .pictures import Collection

COMPRESSED = ("", ".gz", ".xz")


@dataclass(frozen=True)
class Remote:
    """A file of a set: its canonical name, its hash, and the addresses it is known to be at, the official one first."""

    name: str
    hash: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class NamedSet:
    """A set of pictures known by name."""

    about: str
    files: tuple[Remote, ...]
    load: Callable[[str, list[Path], tuple[int, int] | None, str], tuple[ImageData, ImageData, dict[str, Any]]]


def load_named(name: str, size: tuple[int, int] | None, colour: str) -> tuple[ImageData, ImageData, dict[str, Any]]:
    """Training and test split of a named set, and the report on it.

    Raises:
        TrompeError: no set has this name, or its files are not here and cannot be fetched.
    """
    if name not in SETS:
        raise TrompeError(f"no data set is named `{name}`", hint=nearest(name, SETS))
    chosen = SETS[name]
    return chosen.load(name, [locate(name, file) for file in chosen.files], size, colour)


def locate(name: str, file: Remote) -> Path:
    """The file on this machine, downloaded first if it must be."""
    root = os.environ.get("TROMPE_DATA")
    places = [Path(root, name), Path(root)] if root else []
    places.append(cache_folder() / "downloads" / name)
    stem = file.name.removesuffix(".gz")
    for place in places:
        for suffix in COMPRESSED:
            if (found := place / f"{stem}{suffix}").is_file():
                return found
    return _download(places[-1], name, file)


def _download(folder: Path, name: str, file: Remote) -> Path:
    import pooch  # takes a fifth of a second, for the rare run that downloads

    from ..progress import console

    failures = []
    for address in file.addresses:
        console.print(f"fetching {address}", soft_wrap=True)
        try:
            return Path(pooch.retrieve(address, file.hash, file.name, folder, progressbar=console.is_terminal))
        except Exception as error:  # requests, urllib3 and pooch each raise their own; the next mirror may serve
            failures.append(f"{address}: {str(error).splitlines()[0][:160]}")
            with suppress(FileNotFoundError):
                (folder / file.name).unlink()
    tried = "\n  ".join(failures)
    raise TrompeError(
        f"the set `{name}` is not on this machine and `{file.name}` could not be fetched:\n  {tried}",
        hint=f"put `{file.name}` into `{folder}`, or into `$TROMPE_DATA/{name}`",
    )


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
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    """Pack a set that comes as arrays: pictures and labels to train on, pictures and labels to test on."""

    def build() -> Contents:
        try:
            train, train_labels, test, test_labels = read(paths)
        except (OSError, EOFError, ValueError, KeyError, lzma.LZMAError, tarfile.TarError) as error:
            raise unreadable(paths[0], error) from error
        rows = [in_size(images, size, colour) for images in (train, test)]
        return Contents(
            image_shape=rows[0].shape[1:],
            rows=rows,
            labels=np.concatenate([train_labels, test_labels]).tolist(),
            class_names=list(class_names),
            train_count=len(train),
        )

    return packed(name, f"{name} {size} {colour}", state_of(paths), build)


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
    with opened(path) as file:
        content = file.read()
    if content[:3] != b"\0\0\x08":
        raise ValueError("it does not start as an IDX file of bytes does")
    sizes = np.frombuffer(content, ">i4", content[3], 4)
    return np.frombuffer(content, np.uint8, int(sizes.prod()), 4 + 4 * len(sizes)).reshape(sizes)


def _idx_set(class_names: tuple[str, ...]) -> Callable[..., tuple[ImageData, ImageData, dict[str, Any]]]:
    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        train, train_labels, test, test_labels = (_read_idx(path) for path in paths)
        return train[:, None], train_labels, test[:, None], test_labels

    def load(
        name: str, paths: list[Path], size: tuple[int, int] | None, colour: str
    ) -> tuple[ImageData, ImageData, dict[str, Any]]:
        return from_arrays(name, paths, size, colour, class_names, read)

    return load


def _idx_files(hashes: tuple[str, ...], *bases: str) -> tuple[Remote, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = (f"{name}-ubyte.gz" for name in names)
    return tuple(
        Remote(file, f"md5:{hash_}", tuple(base + file for base in bases))
        for file, hash_ in zip(files, hashes, strict=True)
    )


# CIFAR-10

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def _load_cifar10(
    name: str, paths: list[Path], size: tuple[int, int] | None, colour: str
) -> tuple[ImageData, ImageData, dict[str, Any]]:
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


def _load_olivetti(
    name: str, paths: list[Path], size: tuple[int, int] | None, colour: str
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    def read(paths: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        from scipy.io import loadmat

        faces = loadmat(paths[0], variable_names=["faces"])["faces"]
        images = faces.T.reshape(-1, 1, 64, 64).transpose(0, 1, 3, 2)  # stored column by column
        people = np.arange(len(images)) // 10
        cut = 300  # thirty people to train on, the ten others to test on, as Hinton & Salakhutdinov split them
        return images[:cut], people[:cut], images[cut:], people[cut:]

    return from_arrays(name, paths, size, colour, tuple(f"person {number + 1}" for number in range(40)), read)


# Tiny ImageNet


def _load_tiny_imagenet(
    name: str, paths: list[Path], size: tuple[int, int] | None, colour: str
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    return load_pictures(paths[0], name, size, "rgb" if colour == "auto" else colour, _tiny_places, _tiny_titles)


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


# The digits inside scikit-learn


def _load_digits(
    name: str, paths: list[Path], size: tuple[int, int] | None, colour: str
) -> tuple[ImageData, ImageData, dict[str, Any]]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[:, None]  # 17 grey levels
    data = ImageData(in_size(images, size, colour), name, bunch.target.astype(np.int64), tuple("0123456789"))
    tested = np.arange(len(data)) % 5 == 4
    return data.take(np.flatnonzero(~tested)), data.take(np.flatnonzero(tested), f"{name}:test"), {}


SETS: dict[str, NamedSet] = {
    "digits": NamedSet("1,797 handwritten digits of 8x8, inside scikit-learn: no download", (), _load_digits),
    "mnist": NamedSet(
        "70,000 handwritten digits of 28x28 (LeCun et al. 1998)",
        _idx_files(
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
            "https://yann.lecun.com/exdb/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        _idx_set(tuple("0123456789")),
    ),
    "fashion-mnist": NamedSet(
        "70,000 articles of clothing of 28x28 (Xiao et al. 2017)",
        _idx_files(
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        _idx_set(
            ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
        ),
    ),
    "cifar-10": NamedSet(
        "60,000 colour pictures of 32x32 in ten classes (Krizhevsky 2009)",
        (
            Remote(
                "cifar-10-binary.tar.gz",
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
                ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            ),
        ),
        _load_cifar10,
    ),
    "olivetti": NamedSet(
        "400 faces of 64x64, forty people, ten pictures each (AT&T Cambridge)",
        (
            Remote(
                "olivettifaces.mat",
                "sha256:b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",
                (
                    "https://cs.nyu.edu/~roweis/data/olivettifaces.mat",
                    "https://ndownloader.figshare.com/files/5976027",
                ),
            ),
        ),
        _load_olivetti,
    ),
    "tiny-imagenet": NamedSet(
        "100,000 colour pictures of 64x64 in 200 classes, and 10,000 to test on (Stanford CS231n)",
        (
            Remote(
                "tiny-imagenet-200.zip",
                "md5:90528d7ca1a48142e341f4ef8d21d0de",
                ("http://cs231n.stanford.edu/tiny-imagenet-200.zip",),
            ),
        ),
        _load_tiny_imagenet,
    ),
}
ALIASES = {"cifar10": "cifar-10", "fashion": "fashion-mnist", "tinyimagenet": "tiny-imagenet"}
