"""A set of pictures as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ..rng import Stream, numpy_generator

HELD_SHARE = 0.1
"""Of pictures or classes, to test on."""


@dataclass(frozen=True)
class ImageData:
    """Pictures of one size, with labels and names where there are any.

    Attributes:
        images: uint8, `(N, C, *spatial)`, in memory or memory-mapped.
        labels: class index of each picture, or `None`.
        class_names: names of the classes, in the order of the labels.
        names: file name of each picture, or empty.
        name: where the pictures came from, for reports.
    """

    images: UInt8[np.ndarray, "count channels *spatial"]
    name: str
    labels: Int[np.ndarray, " count"] | None = None
    class_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    known_fingerprint: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Channels and spatial sizes."""
        return self.images.shape[1:]

    @property
    def dimensions(self) -> str:
        """The same as text."""
        return "x".join(map(str, self.image_shape))

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def fingerprint(self) -> str:
        """A hash of pictures and labels: two sets with one fingerprint train the same model."""
        if self.known_fingerprint is not None:
            return self.known_fingerprint
        digest = hashlib.sha256(repr((self.images.shape, self.class_names)).encode())
        for start in range(0, len(self), 4096):
            digest.update(np.ascontiguousarray(self.images[start : start + 4096]).data)
        if self.labels is not None:
            digest.update(self.labels.astype("<i8").tobytes())
        found = digest.hexdigest()[:32]
        object.__setattr__(self, "known_fingerprint", found)
        return found

    def images_as_floats(self) -> Float[Tensor, "count channels *spatial"]:
        """All pictures as floats in [0, 1]."""
        return torch.from_numpy(np.ascontiguousarray(self.images)).float() / 255

    def take(self, indices: Int[np.ndarray, " some"] | slice, name: str | None = None) -> ImageData:
        """The pictures at these indices."""
        chosen = np.arange(len(self))[indices]
        return replace(
            self,
            images=self.images[indices],
            labels=None if self.labels is None else self.labels[indices],
            names=tuple(self.names[index] for index in chosen) if self.names else (),
            name=name or self.name,
            known_fingerprint=None,
        )


def random_pictures(data: ImageData, count: int) -> ImageData:
    """So many of the pictures, or all, drawn at random, the same ones each time; the first of more are the same as
    fewer.
    """
    return data.take(numpy_generator(0, Stream.SAMPLE, len(data)).permutation(len(data))[:count])


def joined(parts: Sequence[ImageData]) -> ImageData:
    """The pictures of several parts of one set, labelled where the first part is, under its name."""
    labels = [part.labels for part in parts if part.labels is not None]
    return replace(
        parts[0],
        images=np.concatenate([part.images for part in parts]),
        labels=np.concatenate(labels) if labels else None,
        names=tuple(name for part in parts for name in part.names),
        known_fingerprint=None,
    )


def splits(everything: ImageData, train_count: int) -> tuple[ImageData, ImageData]:
    """The first pictures to train on, the others to test on; where there are no others, all serve for both."""
    if train_count == len(everything):
        return everything, everything
    test = everything.take(slice(train_count, len(everything)), f"{everything.name}:test")
    return everything.take(slice(0, train_count)), test


def hold_out(count: int, share: float = HELD_SHARE, most: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Split `count` pictures that came without a test split: indices to train on and to test on, each in order.

    The split is a function of the count alone, so that it is the same whoever asks. Below twenty pictures nothing is
    held out.
    """
    if count < 20:
        return np.arange(count), np.arange(0)
    order = numpy_generator(0, Stream.SPLIT, count).permutation(count)
    held = min(round(count * share), most)
    return np.sort(order[held:]), np.sort(order[:held])
