"""From what a user writes, `mnist:test` or `holiday.zip`, to images."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import TrompeError
from ..files import expanded
from ..options.data import DataOptions, PatchOptions, split_source, whole_size
from ..options.names import FitName
from ..terminal import note
from ..text import counted, listed, printable
from .samples import Samples, Splits, held_out, joined, random_images, splits
from .sources.arrays import from_array as from_array
from .sources.arrays import is_array_file, load_arrays, refuse_foreign
from .sources.decoding import FITS, Reading, Size
from .sources.folder import load_images
from .sources.layouts import has_test_split
from .sources.named import SETS, load_named
from .sources.named import canonical as canonical
from .windows import patches_of


def load_data(
    source: str | Path,
    *,
    size: int | tuple[int, int] | None = None,
    color: str = "auto",
    split: str = "train",
    fit: FitName = "crop",
    value_range: tuple[float, float] | None = None,
) -> Samples:
    """Load samples as one array, memory-mapped from a pack in the cache.

    Args:
        source: a named set (`trompe data` lists them: `digits`, `mnist`, `cifar-10`, ...), or the path of a folder or
            zip of images, or of a file of arrays; `:train` or `:test` after it picks the split.
        size: height and width, or one number for a square; by default as the images are, or 64 where they differ.
        color: `gray`, `rgb`, or `auto` as the images are.
        split: `train` or `test`, where the source does not say.
        fit: how an image is brought to a size of another shape: `crop`, `letterbox` or `stretch`.
        value_range: the levels of black and white in images of more than 8 bits, and the least and largest value in
            arrays.

    Raises:
        TrompeError: there is no such set or path, it holds no readable image, or it cannot be fetched.
    """
    name, named_split = split_source(str(source))
    loaded = load_splits(name, size=size, color=color, fit=fit, value_range=value_range)
    return loaded.test if (named_split or split) == "test" else loaded.train


def load_splits(
    source: str,
    *,
    size: int | Size = None,
    color: str = "auto",
    fit: FitName = "crop",
    value_range: tuple[float, float] | None = None,
) -> Splits:
    """Both splits of a source, whatever split its name picks; `own` is the one size that all images have."""
    name, _ = split_source(source)
    if size != "own":
        size = whole_size(size)
    how = Reading((size, size) if isinstance(size, int) else size, color, fit, value_range)
    if color not in ("auto", "gray", "rgb"):
        raise TrompeError(f"no color is named `{color}`", hint="known: auto, gray, rgb")
    if fit not in FITS:
        raise TrompeError(f"no fit is named `{fit}`", hint=f"known: {', '.join(FITS)}")
    if value_range is not None and not value_range[0] < value_range[1]:
        low, high = value_range
        raise TrompeError(f"a value range from {low:g} to {high:g} is empty", hint="give the smaller value first")
    path = path_of(name)
    if path is None and value_range is not None:
        raise TrompeError(f"`{name}` has a value range of its own", hint="leave the range out")
    if path is None:
        return load_named(canonical(name), how)
    if is_array_file(path):
        return load_arrays(path, how)
    refuse_foreign(path)
    return load_images(path, printable(path.resolve().name), how)


def path_of(name: str) -> Path | None:
    """The path that a source names, or `None` where it names a set.

    Raises:
        TrompeError: it is the split of a set that has none of this name, or nothing at all.
    """
    known, _, split = name.partition(":")
    if split and not is_path(known):
        raise TrompeError(f"`{known}` has no split named `{split}`", hint="splits are `train` and `test`")
    if not name.strip() or "\0" in name:
        raise TrompeError("no data are named", hint="give a named set (`trompe data` lists them), a folder or a zip")
    path = expanded(name)
    return None if not is_path(name) or (not path.exists() and re.fullmatch(r"[\w-]+", name)) else path


def load_whole(source: str, *, size: int | tuple[int, int] | None = None, color: str = "auto") -> Samples:
    """All images of a folder or zip, or of a file of arrays, or of one of its splits if named, in their own size.

    Args:
        size: scale them to this size instead, which becomes part of their name.
        color: `gray`, `rgb`, or `auto` as they are.

    Raises:
        TrompeError: they cannot be read, they have several sizes, or a named set is given without its split.
    """
    name, split = split_source(source)
    if path_of(name) is None:
        if split is None:
            raise TrompeError(f"which images of `{name}`?", hint=f"say `{name}:train` or `{name}:test`")
        return load_data(source, size=size, color=color)
    loaded = load_splits(name, size="own" if size is None else size, color=color)
    if broken := loaded.report.get("broken"):
        note(f"{counted(len(broken), 'broken image')} of `{printable(name)}` skipped: {listed(list(broken), 5)}")
    data = {"train": loaded.train, "test": loaded.test}[split] if split else everything(loaded)
    return data if size is None else replace(data, name=f"{data.name} at {'x'.join(map(str, data.image_shape[1:]))}")


def own_splits(source: str, size: int | tuple[int, int] | None = None, color: str = "auto") -> tuple[Samples, Samples]:
    """Training and test split of a source that has its own; a split that trompe makes itself says nothing of what
    another tool was trained on.

    Raises:
        TrompeError: it has none.
    """
    name, _ = split_source(source)
    path = path_of(name)
    unsplit = path is not None and not is_array_file(path) and not has_test_split(path)
    loaded = None if unsplit else load_splits(name, size="own" if size is None else size, color=color)
    if loaded is None or loaded.report.get("held_out"):
        raise TrompeError(
            f"`{source}` does not say which images were trained on and which were not",
            hint="give a set, or a folder with `train/` and `test/`",
        )
    return loaded.train, loaded.test


def everything(loaded: Splits) -> Samples:
    """The samples of both splits, which may be the same ones."""
    alone = loaded.test.fingerprint == loaded.train.fingerprint
    return joined([loaded.train] if alone else [loaded.train, loaded.test])


def is_path(source: str) -> bool:
    """A set's name is the set, also beside a folder of that name, which is `./NAME`."""
    return canonical(source) not in SETS


def for_recipe(options: DataOptions) -> Splits:
    """What a recipe trains and tests on."""
    loaded = load_splits(
        options.source, size=options.size, color=options.color, fit=options.fit, value_range=options.value_range
    )
    return split_and_cut(loaded, options)


def split_and_cut(loaded: Splits, options: DataOptions) -> Splits:
    """What the options make of a set: whole classes held out, fewer training images, patches instead of images."""
    if options.hold_out == "classes":
        loaded = by_class(loaded)
    if options.limit is not None and options.limit < len(loaded.train):
        loaded = replace(loaded, train=random_images(loaded.train, options.limit))
    return in_patches(loaded, options.patch)


def by_class(loaded: Splits) -> Splits:
    """Split anew, with about a tenth of the classes held out whole, each decided by its name alone.

    Raises:
        TrompeError: there are fewer than two classes.
    """
    data = everything(loaded)
    present = np.unique(data.labels if data.labels is not None else [])
    if data.labels is None or len(present) < 2:
        hint = "sort the images into one folder per class"
        raise TrompeError(f"`{printable(data.name)}` has no classes to hold out", hint=hint)
    names = [data.class_names[label] for label in present]
    tested = np.isin(data.labels, present[held_out([name.encode("utf-8", "replace") for name in names])])
    ordered = data.take(np.argsort(tested, kind="stable"))
    return Splits(*splits(ordered, int((~tested).sum())), loaded.report)


def in_patches(loaded: Splits, options: PatchOptions) -> Splits:
    """Patches of both splits, where the options have a size."""
    if options.size == 0:
        return loaded
    train = patches_of(loaded.train, options)
    test = train if loaded.test is loaded.train else patches_of(loaded.test, options)
    return Splits(train, test, loaded.report, loaded.train if options.resample else None)
