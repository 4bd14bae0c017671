"""Feature spaces: what pictures are compared in, and how their features are drawn and kept."""

from __future__ import annotations

import hashlib
import io
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import as_floats
from ..data.pack import cache_folder, digest
from ..errors import TrompeError
from ..files import write_bytes
from ..progress import note, tracked
from ..run import Run

CODE = 1
"""Raised when features come out otherwise, by another resizing say, so that those kept are drawn anew."""
CHUNK = 1000
"""Pictures whose features are one file of the cache."""
WARMING, TIMED = 3, 8
"""Batches that are passed over, as the first ones also build what they need, and those a forecast is made from."""
WORTH_SAYING = 20.0
"""Seconds from which on the cost is said beforehand."""


class Features(ABC):
    """A map from pictures to vectors, and to class probabilities where it has classes.

    Attributes:
        protocol: everything about it that changes a figure.
        made_by: what may change its last digits: the file, the machine's kind, releases of what runs it.
        batch: so many pictures are mapped at a time; always the same number, so that the features of a picture do not
            depend on the pictures beside it.
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
        self, images: UInt8[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch classes"] | None]:
        """Features and class probabilities, on the CPU."""

    @property
    def name(self) -> str:
        return self.protocol["features"]


@dataclass(frozen=True)
class Extracted:
    """Features of a set of pictures, `(count, width)`, and class probabilities, `(count, classes)`, both float32."""

    vectors: Float[np.ndarray, "count width"]
    probabilities: Float[np.ndarray, "count classes"] | None


class PixelFeatures(Features):
    """The grey levels themselves, in [0, 1]."""

    def __init__(self) -> None:
        self.protocol, self.made_by = {"features": "pixels"}, {}

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        return as_floats(images).flatten(1), None


class RunFeatures(Features):
    """The codes of a trained run, and its classifier's probabilities where it has learned labels."""

    def __init__(self, run: Run) -> None:
        if run.model.encoder is None:
            raise TrompeError(f"the run in `{run.folder}` has no encoder to take features from", hint="give another")
        if run.model.num_classes:
            raise TrompeError(
                f"the run in `{run.folder}` must be told each picture's class", hint="give one that is not conditional"
            )
        self.run = run
        self.class_names = run.record.data.class_names
        weights = hashlib.sha256((run.folder / Run.WEIGHTS).read_bytes()).hexdigest()[:16]
        self.protocol = {"features": run.record.recipe.name, "step": run.step, "weights": weights}
        self.made_by = {"device": run.device.type}

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        codes = self.run.encode(images)
        if self.run.model.classifier is None:
            return codes, None
        return codes, self.run.classify(images)


@torch.inference_mode()
def extract(features: Features, data: ImageData, *, keep: bool = False) -> Extracted:
    """The features of every picture, taken from the cache where they are.

    Args:
        keep: keep them there, where features are slow to draw: under the pictures' hash and the features' own
            protocol, in chunks, so that what was interrupted goes on, and more pictures of the same set cost only the
            new ones.

    Raises:
        TrompeError: the network cannot take these pictures.
    """
    blocks = [data.images[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    places = [_place(features, block) if features.slow else None for block in blocks]
    missing = sum(
        len(block) for block, place in zip(blocks, places, strict=True) if place is None or not place.exists()
    )
    found: list[list[np.ndarray]] = []
    with tracked(f"{data.name} through {features.name}", missing) as advance:
        clock = Forecast(f"{missing:,} pictures of {data.name} go through {features.name}", missing)
        for block, place in zip(blocks, places, strict=True):
            if place is not None and place.exists():
                found.append(_read(place))
                continue
            drawn = [np.concatenate(part) for part in zip(*_mapped(features, block, advance, clock), strict=True)]
            if keep and place is not None:
                content = io.BytesIO()
                np.savez(content, *drawn)
                write_bytes(place, content.getvalue())
            found.append(drawn)
    vectors, *probabilities = (np.concatenate(part) for part in zip(*found, strict=True))
    if not np.isfinite(vectors).all():
        raise TrompeError(f"`{features.name}` gives features that are not finite", hint="look at the network")
    return Extracted(vectors, probabilities[0] if probabilities else None)


class Forecast:
    """Says what a long extraction will cost, once it has seen a few batches."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.batches, self.began, self.first = 0, time.perf_counter(), 0

    def advance(self, count: int) -> None:
        self.batches += 1
        self.done += count
        if self.batches == WARMING:
            self.began, self.first = time.perf_counter(), self.done
        elif self.batches == WARMING + TIMED:
            rate = (self.done - self.first) / max(time.perf_counter() - self.began, 1e-9)
            if (seconds := self.total / rate) > WORTH_SAYING:
                minutes = f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
                note(f"{self.what}: about {minutes} at {rate:.0f} a second")


def _mapped(features: Features, block: np.ndarray, advance: Any, clock: Forecast) -> Iterator[list[np.ndarray]]:
    """Batches of one size, the last one filled up with its own last picture."""
    for start in range(0, len(block), features.batch):
        part = np.ascontiguousarray(block[start : start + features.batch])
        filled = np.concatenate([part, part[-1:].repeat(features.batch - len(part), 0)])
        vectors, probabilities = features(torch.from_numpy(filled))
        given = [vectors] if probabilities is None else [vectors, probabilities]
        yield [one[: len(part)].float().numpy() for one in given]
        advance(len(part))
        clock.advance(len(part))


def _place(features: Features, block: np.ndarray) -> Path:
    """Where the features of these pictures are kept."""
    made_by = {"code": CODE, "torch": torch.__version__, **features.made_by}
    key = digest(json.dumps(features.protocol | made_by, sort_keys=True))
    pictures = hashlib.blake2b(np.ascontiguousarray(block).data, digest_size=16)
    pictures.update(repr(block.shape).encode())
    return cache_folder() / "features" / key / f"{pictures.hexdigest()}.npz"


def _read(place: Path) -> list[np.ndarray]:
    with np.load(place, allow_pickle=False) as kept:
        return [kept[name] for name in kept.files]
