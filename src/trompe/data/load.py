"""From what a user writes, `mnist:test` or `holiday.zip`, to pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TrompeError
from ..files import read_npz
from ..options import DataOptions, PatchOptions
from ..progress import note
from ..rng import Stream, numpy_generator
from .arrays import HELD_SHARE, ImageData, joined
from .folder import has_test_split, load_pictures, own_size
from .pictures import MOST_PIXELS
from .sources import ALIASES, SETS, load_named
from .windows import patches_of


@dataclass(frozen=True)
class Loaded:
    """Both splits of a set, and what there is to say about them; where patches are cut anew at each step, also the
    pictures that they are cut from.
    """

    train: ImageData
    test: ImageData
    report: dict[str, Any]
    whole: ImageData | None = None


def load_data(
    source: str | Path, *, size: int | tuple[int, int] | None = None, colour: str = "auto", split: str = "train"
) -> ImageData:
    """Load pictures as one uint8 array, memory-mapped where they are many.

    Args:
        source: a named set (`digits`, `mnist`, `fashion-mnist`, `cifar10`, `olivetti`, `tiny-imagenet`), or the path
            of a folder or zip of pictures; `:train` or `:test` after it picks the split.
        size: height and width, or one number for a square; by default as the pictures are, or 64 where they differ.
        colour: `grey`, `rgb`, or `auto` as the pictures are.
        split: `train` or `test`, where the source does not say.

    Raises:
        TrompeError: there is no such set or path, it holds no readable picture, or it cannot be fetched.
    """
    name, named_split = split_source(str(source))
    loaded = load_splits(name, size=size, colour=colour)
    return loaded.test if (named_split or split) == "test" else loaded.train


def load_splits(source: str, *, size: int | tuple[int, int] | None = None, colour: str = "auto") -> Loaded:
    """Both splits of a source, whatever split its name picks."""
    name, _ = split_source(source)
    square = (size, size) if isinstance(size, int) else size
    if square is not None and min(square) < 1:
        raise TrompeError(f"pictures of {square[0]}x{square[1]} have no pixels", hint="give sizes from 1 on")
    if square is not None and square[0] * square[1] > MOST_PIXELS:
        raise TrompeError(f"pictures of {square[0]}x{square[1]} are too large", hint="give a smaller `--size`")
    if colour not in ("auto", "grey", "rgb"):
        raise TrompeError(f"no colour is named `{colour}`", hint="known: auto, grey, rgb")
    known, _, split = name.partition(":")
    if split and not is_path(known):
        raise TrompeError(f"`{known}` has no split named `{split}`", hint="splits are `train` and `test`")
    path = Path(name).expanduser()
    if not is_path(name) or (not path.exists() and re.fullmatch(r"[\w-]+", name)):
        return Loaded(*load_named(canonical(name), square, colour))
    return Loaded(*load_pictures(path, path.resolve().name, square, colour))


def load_whole(source: str, *, size: int | tuple[int, int] | None = None, colour: str = "auto") -> ImageData:
    """All pictures of a folder or zip, or those of one of its splits if named, in their own size; or an array in an
    `.npz`.

    Args:
        size: bring them to this size instead; their name then says so.
        colour: `grey`, `rgb`, or `auto` as they are.

    Raises:
        TrompeError: they cannot be read, they have several sizes, or a named set is given without its split.
    """
    name, split = split_source(source)
    path = Path(name).expanduser()
    if path.suffix == ".npz" and path.is_file():
        return read_arrays(path)
    if not is_path(name):
        if split is None:
            raise TrompeError(f"which pictures of `{name}`?", hint=f"say `{name}:train` or `{name}:test`")
        return load_data(source, size=size, colour=colour)
    if path.suffix == ".npy":
        raise TrompeError(f"`{path}` is an array alone", hint="give an .npz with the array `images`, a folder or a zip")
    if not path.exists():
        load_splits(name)  # has the words for it
    loaded = load_splits(name, size=size or own_size(path), colour=colour)
    if broken := loaded.report.get("broken"):
        note(f"{len(broken)} broken pictures of `{name}` are skipped: {', '.join(list(broken)[:5])}")
    if size is not None:
        loaded = replace(loaded, train=scaled_name(loaded.train), test=scaled_name(loaded.test))
    if split is not None:
        return loaded.train if split == "train" else loaded.test
    alone = loaded.train.fingerprint == loaded.test.fingerprint
    return joined([loaded.train] if alone else [loaded.train, loaded.test])


def own_splits(
    source: str, size: int | tuple[int, int] | None = None, colour: str = "auto"
) -> tuple[ImageData, ImageData]:
    """Training and test split of a source that has them of its own: those of a folder that we split ourselves say
    nothing of what another tool was trained on.

    Raises:
        TrompeError: it has none.
    """
    name, _ = split_source(source)
    path = Path(name).expanduser()
    if path.suffix == ".npz" or (is_path(name) and not has_test_split(path)):
        raise TrompeError(
            f"`{source}` does not say which pictures were trained on and which were not",
            hint="give a set, or a folder with `train/` and `test/`",
        )
    loaded = load_splits(name, size=size or (own_size(path) if is_path(name) else None), colour=colour)
    return loaded.train, loaded.test


def scaled_name(data: ImageData) -> ImageData:
    return replace(data, name=f"{data.name} at {'x'.join(map(str, data.image_shape[1:]))}")


ARRAY_NAMES = ("images", "arr_0")


def read_arrays(path: Path) -> ImageData:
    """Pictures in an `.npz`: the array `images` or `arr_0`, or the only one there."""
    kept = read_npz(path)
    known = [name for name in ARRAY_NAMES if name in kept] or list(kept)[: len(kept) == 1]
    if not known:
        raise TrompeError(
            f"`{path}` holds {', '.join(kept) or 'nothing'}, and none is known to be pictures",
            hint="save one array, named `images`, of shape (N, C, H, W)",
        )
    return from_array(kept[known[0]], name=path.name)


def is_path(source: str) -> bool:
    """A set's name is the set, also beside a folder of that name, which is `./NAME`."""
    return canonical(source) not in SETS


def canonical(name: str) -> str:
    return ALIASES.get(name.lower(), name.lower())


def for_recipe(options: DataOptions) -> Loaded:
    """What a recipe trains and tests on."""
    return split_and_cut(load_splits(options.source, size=options.size, colour=options.colour), options)


def split_and_cut(loaded: Loaded, options: DataOptions) -> Loaded:
    """What the options make of a set: whole classes held out, patches instead of pictures."""
    if options.hold_out == "classes":
        loaded = by_class(loaded)
    return in_patches(loaded, options.patch)


def by_class(loaded: Loaded) -> Loaded:
    """Split anew, a tenth of the classes held out whole, always the same ones.

    Raises:
        TrompeError: there are fewer than two classes.
    """
    if loaded.train.labels is None or loaded.test.labels is None or loaded.train.num_classes < 2:
        raise TrompeError(
            f"`{loaded.train.name}` has no classes to hold out", hint="sort the pictures into one folder a class"
        )
    parts = [loaded.train] if loaded.test is loaded.train else [loaded.train, loaded.test]
    everything = joined(parts)
    assert everything.labels is not None
    classes = loaded.train.num_classes
    held = numpy_generator(0, Stream.SPLIT, classes).permutation(classes)[: max(1, round(classes * HELD_SHARE))]
    tested = np.isin(everything.labels, held)
    train, test = (everything.take(np.flatnonzero(chosen)) for chosen in (~tested, tested))
    return Loaded(train, replace(test, name=f"{test.name}:test"), loaded.report)


def in_patches(loaded: Loaded, options: PatchOptions) -> Loaded:
    """Patches of both splits, where the options have a size."""
    if options.size == 0:
        return loaded
    train = patches_of(loaded.train, options)
    test = train if loaded.test is loaded.train else patches_of(loaded.test, options)
    return Loaded(train, test, loaded.report, loaded.train if options.fresh else None)


def split_source(source: str) -> tuple[str, str | None]:
    """`mnist:test` as its name and split; any other colon belongs to the name."""
    if match := re.fullmatch(r"(.+):(train|test)", source, re.DOTALL):
        return match[1], match[2]
    return source, None


def from_array(images: np.ndarray, labels: np.ndarray | None = None, name: str = "array") -> ImageData:
    """Pictures that are already an array: uint8, or float in [0, 1], of shape `(N, C, *spatial)`; `(N, H, W)` and
    `(N, H, W, 3)` are understood too.

    Raises:
        TrompeError: the array has another shape, type or range.
    """
    array = np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim not in (4, 5) or 0 in array.shape or array.shape[1] not in (1, 3):
        raise TrompeError(
            f"pictures of shape {np.shape(images)} are not understood",
            hint="give (N, C, H, W), (N, H, W) or (N, H, W, 3)",
        )
    if np.issubdtype(array.dtype, np.floating):
        low, high = float(array.min()), float(array.max())
        if not (low >= 0 and high <= 1):
            raise TrompeError(
                f"grey levels from {low:g} to {high:g}", hint="float pictures are in [0, 1]; scale them first"
            )
        array = np.round(array * 255).astype(np.uint8)
    elif array.dtype == bool:
        array = array.astype(np.uint8) * 255
    elif array.dtype != np.uint8:
        raise TrompeError(f"pictures of type {array.dtype}", hint="give uint8, or float in [0, 1]")
    if labels is None:
        return ImageData(np.ascontiguousarray(array), name)
    labels = np.asarray(labels)
    if labels.shape != (len(array),):
        raise TrompeError(f"{len(array)} pictures but labels of shape {labels.shape}", hint="give one label a picture")
    names, indices = np.unique(labels, return_inverse=True)
    return ImageData(np.ascontiguousarray(array), name, indices.astype(np.int64), tuple(map(str, names)))
