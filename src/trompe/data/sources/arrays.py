"""Samples from arrays, and from files of arrays: `.npy`, `.npz` and MNIST's IDX, with labels and splits where they hold
them.
"""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from ...errors import TrompeError
from ...files import read_npy, read_npz
from ...text import listed, printable, reason_of
from ..samples import BYTES, Kind, Samples, Splits, splits, with_held_out
from .decoding import Form, Reading, pixels_of
from .pack import Contents, check_room, packed, state_of

DECOMPRESSORS: dict[str, Callable[..., IO[Any]]] = {".gz": gzip.open, ".xz": lzma.open}
DAMAGE = (OSError, EOFError, ValueError, LookupError, zlib.error, lzma.LZMAError, tarfile.TarError)
"""What decompressors and parsers raise on damaged files."""
AXES: dict[Kind, int] = {"points": 3, "image": 4, "video": 5, "voxels": 5}
SPLIT_ARRAYS = (
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
)
"""Names of arrays that are split already, as Keras and MedMNIST have them."""
IMAGE_ARRAYS, LABEL_ARRAYS = ("images", "x", "arr_0"), ("labels", "y", "arr_1")
FOREIGN = {
    **dict.fromkeys((".mat",), "a MATLAB file"),
    **dict.fromkeys((".h5", ".hdf5"), "an HDF5 file"),
    **dict.fromkeys((".tfrecord", ".tfrecords"), "a file of TensorFlow records"),
    **dict.fromkeys((".parquet", ".arrow", ".feather"), "a table"),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth", ".joblib"), "a pickle, which can run any code as it is read"),
}


def load_arrays(path: Path, how: Reading) -> Splits:
    """The samples in a file of arrays, packed where they are not yet.

    Raises:
        TrompeError: the file is damaged, or holds no images.
    """

    def contents() -> Contents:
        loaded = read_arrays(path, how.value_range)
        parts = [loaded.train, loaded.test][: 1 if loaded.test is loaded.train else 2]
        shape = in_size(loaded.train.take(slice(0, 1)), how).shape[1:]
        notes = check_room(sum(map(len, parts)), shape)
        rows = (in_size(part.take(slice(at, at + 1024)), how)
                for part in parts for at in range(0, len(part), 1024))  # fmt: skip
        labels = [label for part in parts for label in (() if part.labels is None else part.labels.tolist())]
        known = None if loaded.train.labels is None else labels
        report = loaded.report | {"notes": notes}
        return Contents(replace(loaded.train.format, shape=shape), rows, known, [], len(loaded.train), report)

    source = f"{path.resolve()} {how}"
    return packed(printable(path.name), source, state_of([path, *labels_beside(path)]), contents)


def is_array_file(path: Path) -> bool:
    """Whether a path is of a file of arrays: by its suffix, or an IDX file by how it starts."""
    if not path.is_file() or path.suffix.lower() in (".npy", ".npz"):
        return path.is_file()
    try:
        with DECOMPRESSORS.get(path.suffix.lower(), open)(path, "rb") as file:
            start = file.read(4)
    except DAMAGE:
        return False
    return len(start) == 4 and start[:3] == b"\0\0\x08" and 1 <= start[3] <= 5


def refuse_foreign(path: Path) -> None:
    """Say what to do with a file of a kind that is not read.

    Raises:
        TrompeError: it is one.
    """
    suffix, shown = path.suffix.lower(), printable(str(path))
    if path.is_file() and suffix in FOREIGN:
        hint = "save its images with numpy, `np.savez('images.npz', images=images, labels=labels)`, and give that file"
        raise TrompeError(f"`{shown}` is {FOREIGN[suffix]}, and is not read", hint=hint)


def read_arrays(path: Path, value_range: tuple[float, float] | None = None) -> Splits:
    """All samples in a file of arrays, and in the report what was found; some are held out where it has no splits."""
    if path.suffix.lower() == ".npz":
        return in_npz(path, value_range)
    images = read_npy(path) if path.suffix.lower() == ".npy" else read_idx(path)
    labels = [read_idx(file) for file in labels_beside(path)]
    what = f"labels: `{printable(labels_beside(path)[0].name)}`" if labels else "classes: none"
    data = from_array(images, labels[0] if labels else None, printable(path.name), value_range=value_range)
    return replace(with_held_out(data), report={"layout": f"{what}; splits: none", "held_out": True})


def in_npz(path: Path, value_range: tuple[float, float] | None) -> Splits:
    """The samples in an `.npz`: split as Keras and MedMNIST do, or `images` and `labels` (`x` and `y`, or the first two
    without a name), or its only array; the names of the classes, of labels that are numbers, in `class_names`.
    """
    kept = read_npz(path)
    class_names = kept.pop("class_names", None)
    images, labels = chosen_arrays(path, list(kept))
    try:
        pixels = np.concatenate([kept[name] for name in images])
        classes = np.concatenate([kept[name] for name in labels]) if labels else None
    except ValueError as error:
        raise TrompeError(f"the arrays in `{printable(str(path))}` do not fit each other: {error}",
                          hint="training and test images have one shape") from error  # fmt: skip
    data = from_array(pixels, classes, printable(path.name), value_range=value_range, class_names=class_names)
    split = len(images) > 1
    loaded = Splits(*splits(data, len(kept[images[0]]))) if split else with_held_out(data)
    said = [f"classes: {listed(labels) or 'none'}", f"splits: {listed(images)}" if split else "splits: none"]
    if others := [name for name in kept if name not in (*images, *labels)]:
        said.append(f"{listed(others)} left out")
    return replace(loaded, report={"layout": "; ".join(said), "held_out": not split})


def chosen_arrays(path: Path, names: list[str]) -> tuple[list[str], list[str]]:
    """The names of the arrays that are images, and of those that are labels: of training and test, or of all."""
    for train, train_labels, test, test_labels in SPLIT_ARRAYS:
        if train in names and test in names:
            return [train, test], [train_labels, test_labels] if {train_labels, test_labels} <= set(names) else []
    images = [name for name in IMAGE_ARRAYS if name in names] or (names if len(names) == 1 else [])
    if not images:
        raise TrompeError(
            f"`{printable(str(path))}` holds {listed(names) or 'nothing'}, and none is known to be images",
            hint="save one array, named `images`, of shape (N, C, H, W), and its labels, if any, as `labels`",
        )
    return images[:1], [name for name in LABEL_ARRAYS if name in names and name != images[0]][:1]


def labels_beside(path: Path) -> list[Path]:
    """The file of labels that belongs to an IDX file of images, if it is there."""
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    return [beside] if beside != path and beside.is_file() else []


def read_idx(path: Path, hint: str = "check that it is complete") -> UInt8[np.ndarray, "..."]:
    """An IDX file of bytes: two zeros, the type 8, the number of dimensions, their sizes, then the values."""
    with damage(path, hint):
        with DECOMPRESSORS.get(path.suffix.lower(), open)(path, "rb") as file:
            content = file.read()
        if content[:3] != b"\0\0\x08":
            raise ValueError("it does not start as an IDX file of bytes does")
        sizes = np.frombuffer(content, ">i4", content[3], 4)
        return np.frombuffer(content, np.uint8, int(sizes.prod()), 4 + 4 * len(sizes)).reshape(sizes)


@contextmanager
def damage(path: Path, hint: str = "check that it is complete") -> Iterator[None]:
    """Errors of a file's content as one that names the file."""
    try:
        yield
    except DAMAGE as error:
        raise TrompeError(f"`{printable(str(path))}` is damaged: {reason_of(error)}", hint=hint) from error


def in_size(data: Samples, how: Reading) -> np.ndarray:
    """Arrays in the size and color asked for, by the same rules as images from files."""
    images, name, size = data.images, printable(data.name), None if how.size == "own" else how.size
    if data.kind == "points" and (size is not None or how.color != "auto"):
        raise TrompeError(f"`{name}` is of points, not of images", hint="leave `--size` and color out")
    channels = {"gray": 1, "rgb": 3, "auto": images.shape[1]}[how.color]
    if channels == images.shape[1] and size in (None, images.shape[2:]):
        return images
    if data.kind != "image" or images.dtype != np.uint8:
        what = data.kind if data.kind != "image" else "float values, not 8-bit images"
        wrong = f"`{name}` is of {what}, which are not scaled or converted"
        raise TrompeError(wrong, hint="leave `--size` and color out")
    shown = (Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)) for pixels in images)
    return np.stack([pixels_of(image, Form(size, channels, how.fit)) for image in shown])


def from_array(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    name: str = "array",
    *,
    value_range: tuple[float, float] | None = None,
    kind: Kind | None = None,
    class_names: np.ndarray | None = None,
) -> Samples:
    """Samples that are already an array.

    Args:
        images: `(N, C, *spatial)` with 1 or 3 channels; `(N, H, W)`, `(N, H, W, 3)`, and points `(N, D)` are understood
            too. uint8, bool, or float in [0, 1], which is stored in 8 bits; any real dtype with a `value_range`.
        labels: one per sample, whole numbers or names.
        name: where the samples came from, for reports.
        value_range: smallest and largest possible value; the samples are then stored as float32, except in
            `(0, 255)`, the range of 8-bit images.
        kind: how they are shown; by default `voxels` for three spatial axes, else `image`.
        class_names: names of the classes, of labels that count from 0; by default the labels are the names.

    Raises:
        TrompeError: the array has another shape, dtype or range, or the labels do not fit it.
    """
    array = np.asarray(images)
    if array.size == 0:
        shape = f"an array of shape {array.shape}"
        raise TrompeError(f"`{printable(name)}` is empty: {shape}", hint="give at least one sample")
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
    indices, names = classes_of(np.asarray(labels), len(array))
    if class_names is not None:
        indices, names = named(indices, names, tuple(map(str, class_names.reshape(-1).tolist())))
    return replace(data, labels=indices, class_names=names)


def named(
    indices: Int[np.ndarray, " count"], labels: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Int[np.ndarray, " count"], tuple[str, ...]]:
    """Class indices of labels that are numbers of the classes with these names, and the names."""
    if wrong := [label for label in labels if not (label.isascii() and label.isdigit() and int(label) < len(names))]:
        hint = f"there are {len(names)} names of classes: labels are from 0 to {len(names) - 1}"
        raise TrompeError(f"labels without a name: {listed(wrong)}", hint=hint)
    return np.array([int(label) for label in labels], np.int64)[indices], names


def classes_of(labels: np.ndarray, count: int) -> tuple[Int[np.ndarray, " count"], tuple[str, ...]]:
    """Class indices of labels, one per sample, and the names of the classes, which are the labels.

    Raises:
        TrompeError: they are of another shape, or neither whole numbers nor text.
    """
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape != (count,):
        hint = "give one label per image" + (", not one column per class" if labels.ndim == 2 else "")
        raise TrompeError(f"{count} images but labels of shape {labels.shape}", hint=hint)
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.round(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    if labels.dtype.kind not in "iubU":
        raise TrompeError(f"labels of type {labels.dtype} that are no classes", hint="give whole numbers or text")
    names, indices = np.unique(labels, return_inverse=True)
    return indices.astype(np.int64).reshape(count), tuple(map(str, names.tolist()))


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
        hint = "give uint8, float in [0, 1], or the range of the values, as in `--value-range 0 4095`"
        raise TrompeError(f"images of type {array.dtype}", hint=hint)
    what, (low, high) = ("gray levels", (0.0, 1.0)) if value_range is None else ("values", value_range)
    least, largest = float(array.min()), float(array.max())
    if np.isnan(least):
        count = int(np.isnan(array).any(axis=tuple(range(1, array.ndim))).sum())
        hint = "replace what is no number, or leave those samples out"
        raise TrompeError(f"{what} from nan to nan: {count:,} samples hold NaN", hint=hint)
    if not (low < high and low <= least and largest <= high):
        hint = f"scale them, or give a range that holds them, as in `--value-range {least:g} {largest:g}`"
        raise TrompeError(f"{what} from {least:g} to {largest:g} are not within [{low:g}, {high:g}]", hint=hint)
    return np.round(array * (255 / high)).astype(np.uint8) if eight_bit else array.astype(np.float32, copy=False)
