"""Feature spaces: what images are compared in, and how their features are drawn and kept."""

from __future__ import annotations

import hashlib
import io
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from ..data.samples import Samples, as_floats
from ..data.sources.pack import digest
from ..errors import TrompeError
from ..files import cache_folder, read_npz, write_bytes
from ..runs.capabilities import lacking
from ..runs.predictor import Predictor
from ..runs.tensors import digest_of
from ..terminal import note, tracked

CODE = 1
"""Raised when features come out otherwise, by another resizing say, so that those kept are drawn anew."""
CHUNK = 1000
"""Images whose features are one file of the cache."""
WARMING, TIMED = 3, 8
"""Batches that are passed over, as the first ones also build what they need, and those a forecast is made from."""
WORTH_SAYING = 20.0
"""Seconds from which on the cost is said beforehand."""


class Features(ABC):
    """A map from images to vectors, and to class probabilities where it has classes.

    Attributes:
        protocol: everything about it that changes a figure.
        made_by: what may change its last digits: the file, the machine's kind, releases of what runs it.
        batch: images mapped at a time; always the same number, so that the features of an image do not depend on the
            images beside it.
        slow: whether it is worth keeping its features on disk.
        class_names: of its classes, where they are known.
    """

    protocol: dict[str, Any]
    made_by: dict[str, Any]
    batch: int = 500
    slow: ClassVar[bool] = False
    class_names: tuple[str, ...] = ()

    @abstractmethod
    def __call__(
        self, images: Num[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, "batch classes"] | None]:
        """Features and class probabilities, on the CPU, of images in 8 bits or as floats in [0, 1]."""

    def ready(self) -> None:  # noqa: B027 (most have nothing to fetch)
        """Fetch and read what the map needs, so that what is missing is said before anything is measured."""

    @property
    def name(self) -> str:
        return self.protocol["features"]


@dataclass(frozen=True)
class Extracted:
    """Features of a set of images, `(count, width)`, and class probabilities, `(count, classes)`, both float32."""

    vectors: Float[np.ndarray, "count width"]
    probabilities: Float[np.ndarray, "count classes"] | None


class PixelFeatures(Features):
    """The gray levels themselves, in [0, 1]."""

    def __init__(self) -> None:
        self.protocol, self.made_by = {"features": "pixels"}, {}

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        return as_floats(images).flatten(1), None


class PredictorFeatures(Features):
    """The latents of a trained model, and its classifier's probabilities where it has learned labels."""

    def __init__(self, predictor: Predictor) -> None:
        if reason := lacking(predictor, ("encoder",)):
            raise TrompeError(f"{reason} to take features from", hint="give another run")
        if predictor.model.num_classes:
            raise TrompeError(
                "a class-conditional model needs each image's class", hint="give a run that is not conditional"
            )
        self.predictor = predictor
        self.class_names = predictor.format.class_names
        weights = digest_of(predictor.model.state_dict(), predictor.step)
        self.protocol = {"features": predictor.recipe.name, "step": predictor.step, "weights": weights}
        self.made_by = {"device": predictor.device.type}

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        if (given := tuple(images.shape[1:])) != (needed := self.predictor.model.input_shape):
            raise TrompeError(
                f"images of shape {given} for the features of `{self.name}`, a model of images of shape {needed}",
                hint="give a run on images of this size and color, or bring the images to its own",
            )
        latents = self.predictor.encode(images).flatten(1)
        if "classifier" not in self.predictor.model.networks:
            return latents, None
        return latents, self.predictor.classify(images)


@torch.inference_mode()
def extract(features: Features, data: Samples, *, keep: bool = False) -> Extracted:
    """The features of every image, taken from the cache where they are.

    Args:
        keep: keep them there, where features are slow to draw: under the images' hash and the features' own
            protocol, in chunks, so that what was interrupted goes on, and more images of the same set cost only the
            new ones.

    Raises:
        TrompeError: the network cannot take these images, or gives features that are not finite.
    """
    features.ready()
    blocks = [values(data, slice(start, start + CHUNK)) for start in range(0, len(data), CHUNK)]
    places = [_place(features, block) if features.slow else None for block in blocks]
    missing = sum(
        len(block) for block, place in zip(blocks, places, strict=True) if place is None or not place.exists()
    )
    found: list[list[np.ndarray]] = []
    with tracked(f"{data.name} through {features.name}", missing) as bar:
        clock = Forecast(f"{missing:,} images of {data.name} go through {features.name}", missing, bar)
        for block, place in zip(blocks, places, strict=True):
            if place is not None and place.exists():
                found.append(list(read_npz(place).values()))
                continue
            found.append(_joined(features, list(_mapped(features, block, clock.advance))))
            if keep and place is not None:
                content = io.BytesIO()
                np.savez(content, *found[-1])
                write_bytes(place, content.getvalue())
    vectors, *probabilities = _joined(features, found)
    for what, rows in (("features", vectors), *(("class probabilities", one) for one in probabilities)):
        if bad := int((~np.isfinite(rows)).any(1).sum()):
            raise TrompeError(
                f"`{features.name}` gives {what} that are not finite for {bad:,} of the {len(rows):,} images of "
                f"`{data.name}`",
                hint="look at the network",
            )
    return Extracted(vectors, probabilities[0] if probabilities else None)


def values(data: Samples, rows: slice | Int[np.ndarray, " rows"]) -> Num[np.ndarray, "count channels *spatial"]:
    """Samples as feature spaces take them: in 8 bits as they are stored, others as floats in [0, 1]."""
    return data.images[rows] if data.images.dtype == np.uint8 else data.take(rows).images_as_floats().numpy()


class Forecast:
    """Says what a long extraction will cost, once it has seen a few batches."""

    def __init__(self, what: str, total: int, bar: Callable[[int], None]) -> None:
        self.what, self.total, self.bar = what, total, bar
        self.seen = [(time.perf_counter(), 0)]

    def advance(self, count: int) -> None:
        self.bar(count)
        self.seen.append((time.perf_counter(), self.seen[-1][1] + count))
        if len(self.seen) == 1 + WARMING + TIMED:
            (began, first), (now, done) = self.seen[WARMING], self.seen[-1]
            rate = (done - first) / max(now - began, 1e-9)
            if (seconds := self.total / rate) > WORTH_SAYING:
                minutes = f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
                note(f"{self.what}: about {minutes} at {rate:.0f} a second")


def _mapped(features: Features, block: np.ndarray, advance: Callable[[int], None]) -> Iterator[list[np.ndarray]]:
    """Batches of one size, the last one filled up with its own last image."""
    for start in range(0, len(block), features.batch):
        part = np.ascontiguousarray(block[start : start + features.batch])
        filled = np.concatenate([part, part[-1:].repeat(features.batch - len(part), 0)])
        vectors, probabilities = features(torch.from_numpy(filled))
        given = [vectors] if probabilities is None else [vectors, probabilities]
        yield [one[: len(part)].float().numpy() for one in given]
        advance(len(part))


def _joined(features: Features, parts: list[list[np.ndarray]]) -> list[np.ndarray]:
    """Features, and class probabilities if there are any, of all parts."""
    if len({tuple(one.shape[1] for one in part) for part in parts}) > 1:
        raise TrompeError(f"`{features.name}` gives features of several widths", hint="look at the network")
    return [np.concatenate(one) for one in zip(*parts, strict=True)]


def _place(features: Features, block: np.ndarray) -> Path:
    """Where the features of these images are kept."""
    made_by = {"code": CODE, "torch": torch.__version__, **features.made_by}
    key = digest(json.dumps(features.protocol | made_by, sort_keys=True))
    images = hashlib.blake2b(np.ascontiguousarray(block).data, digest_size=16)
    images.update(repr(block.shape).encode())
    return cache_folder() / "features" / key / f"{images.hexdigest()}.npz"
