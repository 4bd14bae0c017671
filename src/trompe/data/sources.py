"""Named sets: where their files come from, and how they are read.

A set whose files already lie under `$TROMPE_DATA`, in a folder of the set's name or at the top, under their canonical
names, compressed or not, is used from there without network. Else the files come from their official hosts, with
mirrors after them, each checked against its hash, into the user's cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import TrompeError, nearest
from .formats import (
    Splits,
    idx_set,
    load_cifar10,
    load_curves,
    load_digits,
    load_olivetti,
    load_points,
    load_tiny_imagenet,
)
from .pack import cache_folder
from .synthetic import CURVES, POINTS, on_noise, rotated, stacked, varied

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
    pictures: tuple[int, int]
    files: tuple[Remote, ...]
    load: Callable[[str, list[Path], tuple[int, int] | None, str], Splits]
    files_of: str | None = None
    """The set whose files these are, where this one is made from another's."""


def load_named(name: str, size: tuple[int, int] | None, colour: str) -> Splits:
    """Training and test split of a named set, and the report on it.

    Raises:
        TrompeError: no set has this name, or its files are not here and cannot be fetched.
    """
    if name not in SETS:
        hint = f"{nearest(name, SETS)} (nor is there a folder or zip of that name)"
        raise TrompeError(f"no data set is named `{name}`", hint=hint)
    chosen = SETS[name]
    files = [locate(chosen.files_of or name, file) for file in chosen.files]
    train, test, report = chosen.load(name, files, size, colour)
    whole = (len(train), len(test)) == chosen.pictures
    return train, test, report if whole else report | {"partial": chosen.pictures}


def locate(name: str, file: Remote) -> Path:
    """The file on this machine, downloaded first if it must be."""
    root = os.environ.get("TROMPE_DATA")
    places = [Path(root, name)] if root else []
    owner = next((known for known, one in SETS.items() if file.name in [other.name for other in one.files]), name)
    if root and owner == name:  # two sets may share names: at the top they are the first one's
        places.append(Path(root))
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
            failures.append(f"{address}: {(str(error) or type(error).__name__).splitlines()[0][:160]}")
            with suppress(FileNotFoundError):
                (folder / file.name).unlink()
    tried = "\n  ".join(failures)
    raise TrompeError(
        f"the files of `{name}` are not on this machine and `{file.name}` could not be fetched:\n  {tried}",
        hint=f"put `{file.name}` into `{folder}`, or into `$TROMPE_DATA/{name}`",
    )


def _idx_files(hashes: tuple[str, ...], *bases: str) -> tuple[Remote, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = (f"{name}-ubyte.gz" for name in names)
    return tuple(
        Remote(file, f"md5:{hash_}", tuple(base + file for base in bases))
        for file, hash_ in zip(files, hashes, strict=True)
    )


MNIST_FILES = _idx_files(
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "https://yann.lecun.com/exdb/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
DIGITS = tuple("0123456789")

SETS: dict[str, NamedSet] = {
    "digits": NamedSet(
        "1,797 handwritten digits of 8x8, inside scikit-learn: no download", (1438, 359), (), load_digits
    ),
    "mnist": NamedSet(
        "70,000 handwritten digits of 28x28 (LeCun et al. 1998)",
        (60_000, 10_000),
        MNIST_FILES,
        idx_set(DIGITS),
    ),
    "mnist-rotated": NamedSet(
        "62,000 of MNIST's digits, each turned by a random angle (the law of Larochelle et al. 2007)",
        (12_000, 50_000),
        MNIST_FILES,
        idx_set(DIGITS, varied(rotated)),
        files_of="mnist",
    ),
    "mnist-noise": NamedSet(
        "62,000 of MNIST's digits over a background of noise (the law of Larochelle et al. 2007)",
        (12_000, 50_000),
        MNIST_FILES,
        idx_set(DIGITS, varied(on_noise)),
        files_of="mnist",
    ),
    "stacked-mnist": NamedSet(
        "70,000 colour pictures of 28x28, a digit in each channel: a thousand modes (Metz et al. 2017)",
        (60_000, 10_000),
        MNIST_FILES,
        idx_set(tuple(f"{number:03}" for number in range(1000)), stacked),
        files_of="mnist",
    ),
    "ring": NamedSet(
        "60,000 points of eight Gaussians around a circle, as pictures of two pixels: no download",
        POINTS,
        (),
        load_points,
    ),
    "grid": NamedSet(
        "60,000 points of twenty-five Gaussians on a grid, as pictures of two pixels: no download",
        POINTS,
        (),
        load_points,
    ),
    "spirals": NamedSet(
        "60,000 points of two arms that wind around each other, as pictures of two pixels: no download",
        POINTS,
        (),
        load_points,
    ),
    "curves": NamedSet(
        "30,000 curves of 28x28 through three random points (Hinton & Salakhutdinov 2006): no download",
        CURVES,
        (),
        load_curves,
    ),
    "fashion-mnist": NamedSet(
        "70,000 articles of clothing of 28x28 (Xiao et al. 2017)",
        (60_000, 10_000),
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
        idx_set(("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")),
    ),
    "cifar-10": NamedSet(
        "60,000 colour pictures of 32x32 in ten classes (Krizhevsky 2009)",
        (50_000, 10_000),
        (
            Remote(
                "cifar-10-binary.tar.gz",
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
                ),
            ),
        ),
        load_cifar10,
    ),
    "olivetti": NamedSet(
        "400 faces of 64x64, forty people, ten pictures each (AT&T Cambridge)",
        (300, 100),
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
        load_olivetti,
    ),
    "tiny-imagenet": NamedSet(
        "100,000 colour pictures of 64x64 in 200 classes, and 10,000 to test on (Stanford CS231n)",
        (100_000, 10_000),
        (
            Remote(
                "tiny-imagenet-200.zip",
                "md5:90528d7ca1a48142e341f4ef8d21d0de",
                (
                    "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
                    "https://zenodo.org/records/10720917/files/tiny-imagenet-200.zip",
                ),
            ),
        ),
        load_tiny_imagenet,
    ),
}
ALIASES = {"cifar10": "cifar-10", "fashion": "fashion-mnist", "tinyimagenet": "tiny-imagenet"}
