"""Samples as arrays, of any kind: what every source gives and every command takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Num, UInt8
from torch import Tensor

from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from ..terminal import note
from ..text import listed, printable

HELD_SHARE = 0.1
"""Of images or classes, to test on."""
FEWEST_TO_SPLIT = 20
"""Of fewer images none are held out."""
HOLD_OUT = b"trompe"
"""Key of the hash that decides what is held out."""


Kind = Literal["image", "video", "voxels", "points"]
BYTES = (0.0, 255.0)
"""The range of uint8 samples."""


@dataclass(frozen=True)
class Format:
    """What the samples of a set have in common, and a model of them must know.

    Attributes:
        shape: channels and one to three spatial sizes.
        kind: how they are shown, and nothing else.
        value_range: the least and the largest value; networks see [0, 1].
        unit: of the values, as text.
        class_names: in the order of the labels.
        condition_shape: channels and spatial sizes of the image that each sample comes with, if any.
    """

    shape: tuple[int, ...]
    kind: Kind = "image"
    value_range: tuple[float, float] = BYTES
    unit: str = ""
    class_names: tuple[str, ...] = ()
    condition_shape: tuple[int, ...] | None = None

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def restored(self, images: Float[Tensor, "count *shape"]) -> np.ndarray:
        """Samples in [0, 1] as they are stored: 256 levels for images, float32 in the stated range otherwise."""
        if self.value_range == BYTES:
            return (images.clamp(0, 1) * 255).round().byte().numpy()
        low, high = self.value_range
        return (low + (high - low) * images.float()).numpy()


@dataclass(frozen=True)
class Samples:
    """Samples of one shape, with labels, images as conditions, and names where there are any.

    Attributes:
        images: `(N, C, *spatial)` with one to three spatial axes, in memory or memory-mapped: uint8, or float32 within
            `value_range`, which is never quantized.
        name: where the samples came from, for reports.
        labels: class index of each sample, or `None`.
        class_names: names of the classes, in the order of the labels.
        names: file name of each sample, or empty.
        kind: how they are shown: images, videos, voxels, or points of the plane.
        value_range: the least and the largest value of float samples.
        unit: of the values of float samples, as text.
        conditions: uint8, `(N, c, *space)`: an image that each sample comes with, or `None`.
    """

    images: Num[np.ndarray, "count channels *spatial"]
    name: str
    labels: Int[np.ndarray, " count"] | None = None
    class_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    kind: Kind = "image"
    value_range: tuple[float, float] = BYTES
    unit: str = ""
    conditions: UInt8[np.ndarray, "count channels2 *space"] | None = None
    known_fingerprint: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Channels and spatial sizes."""
        return self.images.shape[1:]

    @property
    def format(self) -> Format:
        condition = None if self.conditions is None else self.conditions.shape[1:]
        return Format(self.image_shape, self.kind, self.value_range, self.unit, self.class_names, condition)

    @property
    def dimensions(self) -> str:
        """The shape as text."""
        return "x".join(map(str, self.image_shape))

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def fingerprint(self) -> str:
        """A hash of samples, labels and conditions: two sets with one fingerprint train the same model."""
        if self.known_fingerprint is not None:
            return self.known_fingerprint
        digest = hashlib.sha256(repr((self.images.shape, self.class_names)).encode())
        if self.value_range != BYTES:
            digest.update(repr((self.value_range, str(self.images.dtype))).encode())
        for array in (self.images, self.conditions):
            for start in range(0, len(self) if array is not None else 0, 4096):
                digest.update(np.ascontiguousarray(array[start : start + 4096]).data)  # type: ignore[index]
        if self.labels is not None:
            digest.update(self.labels.astype("<i8").tobytes())
        found = digest.hexdigest()[:32]
        object.__setattr__(self, "known_fingerprint", found)
        return found

    def images_as_floats(self) -> Float[Tensor, "count channels *spatial"]:
        """All samples as floats in [0, 1]."""
        return as_floats(torch.from_numpy(np.ascontiguousarray(self.images)), self.value_range)

    def take(self, indices: Int[np.ndarray, " some"] | slice, name: str | None = None) -> Samples:
        """The samples at these indices."""
        chosen = np.arange(len(self))[indices]
        return replace(
            self,
            images=self.images[indices],
            labels=None if self.labels is None else self.labels[indices],
            conditions=None if self.conditions is None else self.conditions[indices],
            names=tuple(self.names[index] for index in chosen) if self.names else (),
            name=name or self.name,
            known_fingerprint=None,
        )

    def with_classes(self, class_names: Sequence[str]) -> Samples:
        """The same samples, labeled by another list of classes, such as a model's: matched by name, not by number.

        Args:
            class_names: all of them different. Classes of which there are no samples are reported.

        Raises:
            TrompeError: a sample is of a class that is not among them, or its name stands for several.
        """
        if self.labels is None or not class_names or self.class_names == tuple(class_names):
            return self
        places = {name: place for place, name in enumerate(class_names)}
        present = [self.class_names[label] for label in np.unique(self.labels)]
        if unknown := [name for name in present if name not in places]:
            hint = f"known: {listed(class_names)}"
            raise TrompeError(f"`{printable(self.name)}` has classes that are not known: {listed(unknown)}", hint=hint)
        if len(places) < len(class_names) or len(set(present)) < len(present):
            hint = "give each class a name of its own"
            raise TrompeError("several classes have one name, and cannot be told apart by it", hint=hint)
        if missing := [name for name in class_names if name not in present]:
            note(f"`{printable(self.name)}` has no samples of {len(missing)} classes: {listed(missing)}")
        table = np.array([places.get(name, -1) for name in self.class_names], np.int64)
        return replace(self, labels=table[self.labels], class_names=tuple(class_names), known_fingerprint=None)


@dataclass(frozen=True)
class Splits:
    """Training and test samples of a set, and what there is to report about them; where patches are cropped anew at
    each step, also the images that they are cropped from.
    """

    train: Samples
    test: Samples
    report: dict[str, Any] = field(default_factory=dict)
    whole: Samples | None = None


def as_floats(images: Tensor, value_range: tuple[float, float] = BYTES) -> Float[Tensor, "batch channels *spatial"]:
    """Stored values to [0, 1]; floats in [0, 1] stay as they are where the range is of bytes."""
    if images.dtype == torch.uint8:
        return images.float().div_(255)
    if value_range == BYTES:
        return images.float()
    low, high = value_range
    return (images.float() - low) / (high - low)


def random_images(data: Samples, count: int) -> Samples:
    """`count` samples at random, or all where there are fewer; the same at each call, and the first ones of a larger
    count.
    """
    return data.take(random_places(len(data), count))


def random_places(total: int, count: int) -> Int[np.ndarray, " some"]:
    """Where the samples that `random_images` takes lie among all."""
    return numpy_generator(0, Stream.SAMPLE, total).permutation(total)[:count]


def joined(parts: Sequence[Samples]) -> Samples:
    """The samples of several parts of one set, labeled where the first part is, under its name."""
    labels = [part.labels for part in parts if part.labels is not None]
    return replace(
        parts[0],
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate(labels) if labels else None,
        conditions=None if parts[0].conditions is None else np.concatenate([part.conditions for part in parts]),
        names=tuple(name for part in parts for name in part.names),
        known_fingerprint=None,
    )


def splits(everything: Samples, train_count: int) -> tuple[Samples, Samples]:
    """The first samples to train on, the others to test on; where there are no others, all serve for both."""
    if train_count == len(everything):
        return everything, everything
    test = everything.take(slice(train_count, len(everything)), f"{everything.name}:test")
    return everything.take(slice(0, train_count)), test


def with_held_out(data: Samples) -> Splits:
    """Samples that came without a test split, some of them held out to test on."""
    held = held_out(keys_of(data), FEWEST_TO_SPLIT)
    ordered = data.take(np.argsort(held, kind="stable"))
    return Splits(*splits(ordered, int((~held).sum())))


def keys_of(data: Samples) -> Iterator[bytes]:
    """What each sample is known by: the name of its file, or what it holds."""
    return map(file_key, data.names) if data.names else (image.tobytes() for image in data.images)


def file_key(name: str) -> bytes:
    """A file's name, whatever its bytes are."""
    return name.encode("utf-8", "surrogateescape")


def held_out(keys: Iterable[bytes], fewest: int = 2) -> Bool[np.ndarray, " count"]:
    """Which images, or classes, are tested on: those whose hash is in the lowest tenth of all hashes.

    Each is decided by its own key, so adding or removing one moves no other. Of fewer than `fewest`, none is held out;
    where no hash is low enough, the one with the lowest is.
    """
    digests = (hashlib.blake2b(key, digest_size=8, key=HOLD_OUT).digest() for key in keys)
    hashes = np.array([int.from_bytes(digest, "big") for digest in digests], np.uint64)
    if len(hashes) < fewest:
        return np.zeros(len(hashes), bool)
    held = hashes < np.uint64(HELD_SHARE * 2**64)
    chosen = held if held.any() else hashes == hashes.min()
    return chosen & (hashes < hashes.max())  # never all of them
