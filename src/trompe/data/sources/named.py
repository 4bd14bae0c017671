"""Named sets: where their files come from, and how they are read.

A set whose files already lie under `$TROMPE_DATA`, in a folder of the set's name or at the top, under their canonical
names, compressed or not, is used from there without network. Else the files come from their official hosts, with
mirrors after them, each checked against its hash, into the user's cache.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import TrompeError, nearest
from ...files import cache_folder
from ...text import reason_of
from ..samples import Splits
from .decoding import Reading
from .formats import (
    Load,
    arrays,
    idx_set,
    load_tiny_imagenet,
    points,
    read_cifar10,
    read_curves,
    read_digits,
    read_olivetti,
)
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
    """A set known by name.

    Attributes:
        about: what it is, in a phrase.
        images: how many there are to train on, and to test on.
        load: loads it from its files.
        files: where they come from.
        files_of: the set whose files it is made from, where it has none of its own.
    """

    about: str
    images: tuple[int, int]
    load: Load
    files: tuple[Remote, ...] = ()
    files_of: str | None = None


def load_named(name: str, how: Reading) -> Splits:
    """A named set, and the report on it.

    Raises:
        TrompeError: no set has this name, or its files are not here and cannot be fetched.
    """
    if name not in SETS:
        hint = f"{nearest(name, SETS)} (nor is there a folder or zip of that name)"
        raise TrompeError(f"no data set is named `{name}`", hint=hint)
    chosen = SETS[name]
    owner = chosen.files_of or name
    loaded = chosen.load(name, [locate(owner, file) for file in SETS[owner].files], how)
    if (len(loaded.train), len(loaded.test)) == chosen.images:
        return loaded
    return replace(loaded, report=loaded.report | {"partial": chosen.images})


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

    from ...terminal import console

    failures = []
    for address in file.addresses:
        console.print(f"fetching {address}", soft_wrap=True)
        try:
            return Path(pooch.retrieve(address, file.hash, file.name, folder, progressbar=console.is_terminal))
        except Exception as error:  # requests, urllib3 and pooch each raise their own; the next mirror may serve
            failures.append(f"{address}: {reason_of(error)}")
            with suppress(FileNotFoundError):
                (folder / file.name).unlink()
    tried = "\n  ".join(failures)
    raise TrompeError(
        f"the files of `{name}` are not on this machine and `{file.name}` could not be fetched:\n  {tried}",
        hint=f"put `{file.name}` into `{folder}`, or into `$TROMPE_DATA/{name}`",
    )


def _idx_files(hashes: str, *bases: str) -> tuple[Remote, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = (f"{name}-ubyte.gz" for name in names)
    return tuple(
        Remote(file, f"md5:{hash_}", tuple(base + file for base in bases))
        for file, hash_ in zip(files, hashes.split(), strict=True)
    )


MNIST_FILES = _idx_files(
    "f68b3c2dcbeaaa9fbdd348bbdeb94873 d53e105ee54ea40749a09fcbcd1e9432 "
    "9fb629c4189551a2d022fa330f9573f3 ec29112dd5afa0611ce80d1b7f02629c",
    "https://yann.lecun.com/exdb/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FASHION_FILES = _idx_files(
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d 25c81989df183df01b3e8a0aad5dffbe "
    "bef4ecab320f06d8554ea6380940ec79 bb300cfdad3c16e7a12a480ee83cd310",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
CIFAR10_FILE = Remote(
    "cifar-10-binary.tar.gz",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
)
OLIVETTI_FILE = Remote(
    "olivettifaces.mat",
    "sha256:b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",
    ("https://cs.nyu.edu/~roweis/data/olivettifaces.mat", "https://ndownloader.figshare.com/files/5976027"),
)
TINY_IMAGENET_FILE = Remote(
    "tiny-imagenet-200.zip",
    "md5:90528d7ca1a48142e341f4ef8d21d0de",
    (
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "https://zenodo.org/records/10720917/files/tiny-imagenet-200.zip",
    ),
)
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
THREE_DIGITS = tuple(f"{number:03}" for number in range(1000))

SETS: dict[str, NamedSet] = {
    "digits": NamedSet(
        "1,797 handwritten digits of 8x8, inside scikit-learn: no download",
        (1438, 359),
        arrays(read_digits, pack=False),
    ),
    "mnist": NamedSet(
        "70,000 handwritten digits of 28x28 (LeCun et al. 1998)", (60_000, 10_000), idx_set(DIGITS), MNIST_FILES
    ),
    "mnist-rotated": NamedSet(
        "62,000 digits of MNIST, each rotated by a random angle (procedure of Larochelle et al. 2007)",
        (12_000, 50_000),
        idx_set(DIGITS, varied(rotated)),
        files_of="mnist",
    ),
    "mnist-noise": NamedSet(
        "62,000 digits of MNIST on a background of noise (procedure of Larochelle et al. 2007)",
        (12_000, 50_000),
        idx_set(DIGITS, varied(on_noise)),
        files_of="mnist",
    ),
    "stacked-mnist": NamedSet(
        "70,000 color images of 28x28, a digit in each channel: 1,000 modes (Metz et al. 2017)",
        (60_000, 10_000),
        idx_set(THREE_DIGITS, stacked),
        files_of="mnist",
    ),
    "ring": NamedSet("60,000 points of 8 Gaussians around a circle: no download", POINTS, points("ring")),
    "grid": NamedSet("60,000 points of 25 Gaussians on a grid: no download", POINTS, points("grid")),
    "spirals": NamedSet(
        "60,000 points of two spirals that wind around each other: no download", POINTS, points("spirals")
    ),
    "cookies": NamedSet(
        "60,000 points of two kinds of cookies, an oval and a crescent that overlap: no download",
        POINTS,
        points("cookies"),
    ),
    "curves": NamedSet(
        "30,000 curves of 28x28 through three random points (Hinton & Salakhutdinov 2006): no download",
        CURVES,
        arrays(read_curves),
    ),
    "fashion-mnist": NamedSet(
        "70,000 articles of clothing of 28x28 (Xiao et al. 2017)", (60_000, 10_000), idx_set(CLOTHES), FASHION_FILES
    ),
    "cifar-10": NamedSet(
        "60,000 color images of 32x32 in ten classes (Krizhevsky 2009)",
        (50_000, 10_000),
        arrays(read_cifar10),
        (CIFAR10_FILE,),
    ),
    "olivetti": NamedSet(
        "400 faces of 64x64, forty people, ten images each (AT&T Cambridge)",
        (300, 100),
        arrays(read_olivetti),
        (OLIVETTI_FILE,),
    ),
    "tiny-imagenet": NamedSet(
        "100,000 color images of 64x64 in 200 classes, and 10,000 to test on (Stanford CS231n)",
        (100_000, 10_000),
        load_tiny_imagenet,
        (TINY_IMAGENET_FILE,),
    ),
}
SPELLINGS = {name.replace("-", ""): name for name in SETS} | {"fashion": "fashion-mnist"}
"""Each set by its name without hyphens, and by what else it is called."""


def canonical(name: str) -> str:
    """The name of a set however it is spelled: `cifar10`, `CIFAR_10`; other names as they are, in lower case."""
    return SPELLINGS.get(re.sub("[-_ ]", "", name.lower()), name.lower())
