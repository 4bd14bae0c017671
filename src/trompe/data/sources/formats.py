"""How named sets are read from their files: IDX, CIFAR's records, a MATLAB file, a zip of JPEGs; and those that need
no files.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..samples import Samples, Splits, splits
from .arrays import damage, in_size, read_idx
from .decoding import Reading
from .files import Collection
from .folder import load_images
from .layouts import Arrangement, Place
from .pack import Contents, packed, state_of
from .synthetic import (
    COOKIES,
    CURVES,
    MIXTURES,
    POINTS,
    REACH,
    VERSION,
    Variant,
    cookies,
    curves,
    mixture,
    spirals,
)

Load = Callable[[str, list[Path], Reading], Splits]
"""Loads a set by its name and files, in a size and color."""
Read = Callable[[list[Path]], tuple[Samples, int]]
"""Reads all samples of a set, those to train on first, and their number."""

FETCH_AGAIN = "delete it and give the command again"


def arrays(read: Read, *, pack: bool = True) -> Load:
    """A set that is read as arrays, packed in the size and color asked for."""

    def load(name: str, paths: list[Path], how: Reading) -> Splits:
        def everything() -> tuple[Samples, int, dict[str, Any]]:
            data, train_count = read(paths)
            sized = replace(data, images=in_size(data, how), name=name)
            report = {} if sized.image_shape[1:] == data.image_shape[1:] else {"scaled_from": data.image_shape[1:]}
            return sized, train_count, report

        def contents() -> Contents:
            data, train_count, report = everything()
            labels = None if data.labels is None else data.labels.tolist()
            return Contents(data.format, [data.images], labels, train_count=train_count, report=report)

        if not pack:
            data, train_count, report = everything()
            return Splits(*splits(data, train_count), report)
        form = f"{how.size} {how.color}" + ("" if how.fit == "crop" else f" {how.fit}")
        return packed(name, f"{name} {form}", f"{VERSION} {state_of(paths)}", contents)

    return load


# MNIST's format


def idx_set(class_names: tuple[str, ...], variant: Variant | None = None) -> Load:
    """A set of MNIST's format, or a variant of one."""

    def read(paths: list[Path]) -> tuple[Samples, int]:
        train, train_labels, test, test_labels = (read_idx(path, FETCH_AGAIN) for path in paths)
        images, labels = np.concatenate([train, test])[:, None], np.concatenate([train_labels, test_labels])
        labels, count = labels.astype(np.int64), len(train)
        if variant:
            images, labels, count = variant(images, labels, count)
        return Samples(images, "", labels, class_names), count

    return arrays(read)


# Sets in formats of their own

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR10_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def read_cifar10(paths: list[Path]) -> tuple[Samples, int]:
    """Records of a label and the levels of three channels, in an archive of six files."""
    with damage(paths[0], FETCH_AGAIN), tarfile.open(paths[0]) as archive:
        opened = ((member.name, archive.extractfile(member)) for member in archive)  # in order: nothing is read twice
        files = {PurePosixPath(name).name: file.read() for name, file in opened if file is not None}
        parts = [np.frombuffer(files[name], np.uint8).reshape(-1, 3073) for name in CIFAR10_FILES]
    records = np.concatenate(parts)
    images, labels = records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)
    return Samples(images, "", labels, CIFAR10_CLASSES), len(images) - len(parts[-1])


def read_olivetti(paths: list[Path]) -> tuple[Samples, int]:
    """Ten faces of each of forty people: thirty people to train on, the others to test on, as Hinton & Salakhutdinov
    (2006) split them.
    """
    from scipy.io import loadmat

    with damage(paths[0], FETCH_AGAIN):
        faces = loadmat(paths[0], variable_names=["faces"])["faces"]
        images = faces.T.reshape(-1, 1, 64, 64).transpose(0, 1, 3, 2)  # stored column by column
    names = tuple(f"person {number + 1}" for number in range(40))
    return Samples(images, "", np.arange(len(images)) // 10, names), 300


def load_tiny_imagenet(name: str, paths: list[Path], how: Reading) -> Splits:
    return load_images(paths[0], name, replace(how, color="rgb") if how.color == "auto" else how, tiny_imagenet)


def tiny_imagenet(images: Collection) -> Arrangement:
    """Training images by class folder; the validation images, which are labeled, to test on."""

    def lines(name: str) -> list[list[str]]:
        with images.open(f"tiny-imagenet-200/{name}") as file:
            return [line.split("\t") for line in file.read().decode().splitlines()]

    places = []
    with damage(images.path, FETCH_AGAIN):
        titles = {label: title.split(",")[0] for label, title in lines("words.txt")}
        labels = {name: label for name, label, *_ in lines("val/val_annotations.txt")}
        for path in images.names:
            _, split, *_ = parts = PurePosixPath(path).parts
            if split in ("train", "val"):
                label = parts[2] if split == "train" else labels[parts[-1]]
                places.append(Place(path, "train" if split == "train" else "test", label, titles.get(label)))
    return Arrangement(places, f"classes: {len({place.label for place in places}):,} folders; splits: train/, val/")


# Sets that need no files


def read_digits(_: list[Path]) -> tuple[Samples, int]:
    """The digits inside scikit-learn, with 17 gray levels; every fifth to test on."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    tested = np.arange(len(images)) % 5 == 4
    data = Samples(images, "", bunch.target.astype(np.int64), tuple("0123456789"))
    return data.take(np.argsort(tested, kind="stable")), int((~tested).sum())


def read_curves(_: list[Path]) -> tuple[Samples, int]:
    return Samples(np.concatenate([curves(count, part) for part, count in enumerate(CURVES)]), ""), CURVES[0]


def points(name: str) -> Load:
    """Points of the plane: of a mixture, of two spirals, or of two overlapping classes."""
    if (centers := MIXTURES.get(name)) is not None:
        names = tuple(f"({x:.2f}, {y:.2f})" for x, y in centers.round(2) + 0.0)
        generate: Callable[[int, int], tuple[np.ndarray, np.ndarray]] = partial(mixture, name)
    else:
        generate, names = {"spirals": (spirals, ("one arm", "other arm")), "cookies": (cookies, COOKIES)}[name]

    def read(_: list[Path]) -> tuple[Samples, int]:
        drawn = [generate(count, part) for part, count in enumerate(POINTS)]
        places, modes = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        return Samples(places, name, modes, names, kind="points", value_range=(-REACH, REACH)), POINTS[0]

    return arrays(read, pack=False)
