"""From what a user writes, `mnist:test` or `holiday.zip`, to images."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import TrompeError
from ..files import read_npz
from ..options.data import DataOptions, PatchOptions
from ..rng import Stream, numpy_generator
from ..terminal import note
from .samples import BYTES, HELD_SHARE, Kind, Samples, Splits, joined, splits
from .sources.files import MOST_PIXELS
from .sources.folder import has_test_split, load_images
from .sources.named import ALIASES, SETS, load_named
from .windows import patches_of


def load_data(
    source: str | Path, *, size: int | tuple[int, int] | None = None, color: str = "auto", split: str = "train"
) -> Samples:
    """Load samples as one array, memory-mapped from a pack in the cache.

    Args:
        source: a named set (`trompe data` lists them: `digits`, `mnist`, `cifar10`, ...), or the path of a folder or
            zip of images; `:train` or `:test` after it picks the split.
        size: height and width, or one number for a square; by default as the images are, or 64 where they differ.
        color: `gray`, `rgb`, or `auto` as the images are.
        split: `train` or `test`, where the source does not say.

    Raises:
        TrompeError: there is no such set or path, it holds no readable image, or it cannot be fetched.
    """
    name, named_split = split_source(str(source))
    loaded = load_splits(name, size=size, color=color)
    return loaded.test if (named_split or split) == "test" else loaded.train


def load_splits(
    source: str, *, size: int | tuple[int, int] | Literal["own"] | None = None, color: str = "auto"
) -> Splits:
    """Both splits of a source, whatever split its name picks; `own` is the one size that all images have."""
    name, _ = split_source(source)
    square = (size, size) if isinstance(size, int) else size
    if isinstance(square, tuple) and (min(square) < 1 or square[0] * square[1] > MOST_PIXELS):
        wrong = "have no pixels" if min(square) < 1 else "are too large"
        hint = f"sizes start at 1, and an image has at most {MOST_PIXELS:,} pixels"
        raise TrompeError(f"images of {square[0]}x{square[1]} {wrong}", hint=hint)
    if color not in ("auto", "gray", "rgb"):
        raise TrompeError(f"no color is named `{color}`", hint="known: auto, gray, rgb")
    known, _, split = name.partition(":")
    if split and not is_path(known):
        raise TrompeError(f"`{known}` has no split named `{split}`", hint="splits are `train` and `test`")
    path = Path(name).expanduser()
    if not is_path(name) or (not path.exists() and re.fullmatch(r"[\w-]+", name)):
        return load_named(canonical(name), None if square == "own" else square, color)
    return load_images(path, path.resolve().name, square, color)


def load_whole(source: str, *, size: int | tuple[int, int] | None = None, color: str = "auto") -> Samples:
    """All images of a folder or zip, or of one of its splits if named, in their own size; or an array in an `.npz`.

    Args:
        size: scale them to this size instead, which becomes part of their name.
        color: `gray`, `rgb`, or `auto` as they are.

    Raises:
        TrompeError: they cannot be read, they have several sizes, or a named set is given without its split.
    """
    name, split = split_source(source)
    path = Path(name).expanduser()
    if path.suffix == ".npz" and path.is_file():
        return read_arrays(path)
    if not is_path(name):
        if split is None:
            raise TrompeError(f"which images of `{name}`?", hint=f"say `{name}:train` or `{name}:test`")
        return load_data(source, size=size, color=color)
    if path.suffix == ".npy":
        raise TrompeError(f"`{path}` is an array alone", hint="give an .npz with the array `images`, a folder or a zip")
    loaded = load_splits(name, size=size or "own", color=color)
    if broken := loaded.report.get("broken"):
        note(f"{len(broken)} broken images of `{name}` are skipped: {', '.join(list(broken)[:5])}")
    data = {"train": loaded.train, "test": loaded.test}[split] if split else everything(loaded)
    return data if size is None else replace(data, name=f"{data.name} at {'x'.join(map(str, data.image_shape[1:]))}")


def own_splits(source: str, size: int | tuple[int, int] | None = None, color: str = "auto") -> tuple[Samples, Samples]:
    """Training and test split of a source that has its own; a split that trompe makes itself says nothing of what
    another tool was trained on.

    Raises:
        TrompeError: it has none.
    """
    name, _ = split_source(source)
    path = Path(name).expanduser()
    if path.suffix == ".npz" or (is_path(name) and not has_test_split(path)):
        raise TrompeError(
            f"`{source}` does not say which images were trained on and which were not",
            hint="give a set, or a folder with `train/` and `test/`",
        )
    loaded = load_splits(name, size=size or "own", color=color)
    return loaded.train, loaded.test


def everything(loaded: Splits) -> Samples:
    """The samples of both splits, which may be the same ones."""
    alone = loaded.test.fingerprint == loaded.train.fingerprint
    return joined([loaded.train] if alone else [loaded.train, loaded.test])


ARRAY_NAMES = ("images", "arr_0")


def read_arrays(path: Path) -> Samples:
    """Images in an `.npz`: the array `images` or `arr_0`, or the only one there."""
    kept = read_npz(path)
    known = [name for name in ARRAY_NAMES if name in kept] or list(kept)[: len(kept) == 1]
    if not known:
        raise TrompeError(
            f"`{path}` holds {', '.join(kept) or 'nothing'}, and none is known to be images",
            hint="save one array, named `images`, of shape (N, C, H, W)",
        )
    return from_array(kept[known[0]], name=path.name)


def is_path(source: str) -> bool:
    """A set's name is the set, also beside a folder of that name, which is `./NAME`."""
    return canonical(source) not in SETS


def canonical(name: str) -> str:
    return ALIASES.get(name.lower(), name.lower())


def for_recipe(options: DataOptions) -> Splits:
    """What a recipe trains and tests on."""
    return split_and_cut(load_splits(options.source, size=options.size, color=options.color), options)


def split_and_cut(loaded: Splits, options: DataOptions) -> Splits:
    """What the options make of a set: whole classes held out, patches instead of images."""
    if options.hold_out == "classes":
        loaded = by_class(loaded)
    return in_patches(loaded, options.patch)


def by_class(loaded: Splits) -> Splits:
    """Split anew, with a tenth of the classes held out whole, the same ones at each call.

    Raises:
        TrompeError: there are fewer than two classes.
    """
    classes = loaded.train.num_classes
    if loaded.train.labels is None or loaded.test.labels is None or classes < 2:
        hint = "sort the images into one folder per class"
        raise TrompeError(f"`{loaded.train.name}` has no classes to hold out", hint=hint)
    held = numpy_generator(0, Stream.SPLIT, classes).permutation(classes)[: max(1, round(classes * HELD_SHARE))]
    data = everything(loaded)
    assert data.labels is not None
    tested = np.isin(data.labels, held)
    ordered = data.take(np.argsort(tested, kind="stable"))
    return Splits(*splits(ordered, int((~tested).sum())), loaded.report)


def in_patches(loaded: Splits, options: PatchOptions) -> Splits:
    """Patches of both splits, where the options have a size."""
    if options.size == 0:
        return loaded
    train = patches_of(loaded.train, options)
    test = train if loaded.test is loaded.train else patches_of(loaded.test, options)
    return Splits(train, test, loaded.report, loaded.train if options.resample else None)


def split_source(source: str) -> tuple[str, str | None]:
    """`mnist:test` as its name and split; any other colon belongs to the name."""
    if match := re.fullmatch(r"(.+):(train|test)", source, re.DOTALL):
        return match[1], match[2]
    return source, None


AXES: dict[Kind, int] = {"points": 3, "image": 4, "video": 5, "voxels": 5}


def from_array(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    name: str = "array",
    *,
    value_range: tuple[float, float] | None = None,
    kind: Kind | None = None,
) -> Samples:
    """Samples that are already an array.

    Args:
        images: `(N, C, *spatial)` with 1 or 3 channels; `(N, H, W)`, `(N, H, W, 3)`, and points `(N, D)` are understood
            too. uint8, bool, or float in [0, 1], which is stored in 8 bits; any real dtype with a `value_range`.
        labels: one per sample, numbers or names.
        name: where the samples came from, for reports.
        value_range: smallest and largest possible value; the samples are then stored as float32, except in
            `(0, 255)`, the range of 8-bit images.
        kind: how they are shown; by default `voxels` for three spatial axes, else `image`.

    Raises:
        TrompeError: the array has another shape, dtype or range.
    """
    array = np.asarray(images)
    if array.ndim == (2 if kind == "points" else 3):
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    kind = kind or ("voxels" if array.ndim == 5 else "image")
    if array.ndim != AXES.get(kind) or 0 in array.shape or array.shape[1] not in (1, 3):
        raise TrompeError(
            f"{kind} samples of shape {np.shape(images)} are not understood",
            hint="give (N, C, H, W), (N, H, W) or (N, H, W, 3); (N, C, D, H, W) for voxels or video, (N, D) for points",
        )
    data = Samples(np.ascontiguousarray(stored(array, value_range)), name, kind=kind, value_range=value_range or BYTES)
    if labels is None:
        return data
    labels = np.asarray(labels)
    if labels.shape != (len(array),):
        raise TrompeError(f"{len(array)} images but labels of shape {labels.shape}", hint="give one label per image")
    names, indices = np.unique(labels, return_inverse=True)
    return replace(data, labels=indices.astype(np.int64), class_names=tuple(map(str, names)))


def stored(array: np.ndarray, value_range: tuple[float, float] | None) -> np.ndarray:
    """Values as `Samples` has them: 8-bit levels, or float32 within another range.

    Raises:
        TrompeError: they are of another dtype or outside the range.
    """
    eight_bit = value_range is None or value_range == BYTES
    if eight_bit and array.dtype == np.uint8:
        return array
    if value_range is None and array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in ("f" if value_range is None else "fiub"):
        raise TrompeError(f"images of type {array.dtype}", hint="give uint8, float in [0, 1], or a `value_range`")
    what, (low, high) = ("gray levels", (0.0, 1.0)) if value_range is None else ("values", value_range)
    least, largest = float(array.min()), float(array.max())
    if not (low < high and low <= least and largest <= high):
        hint = "scale them, or give a `value_range` that holds them"
        raise TrompeError(f"{what} from {least:g} to {largest:g} are not within [{low:g}, {high:g}]", hint=hint)
    return np.round(array * (255 / high)).astype(np.uint8) if eight_bit else array.astype(np.float32, copy=False)
