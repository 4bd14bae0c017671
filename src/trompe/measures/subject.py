"""What measures are taken of: a run with pictures to compare it with, or pictures that any tool has made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.arrays import ImageData
from ..errors import TrompeError
from ..run import Run
from .features import Extracted, Features, PixelFeatures, extract
from .frechet import Moments, moments_of

CHUNK = 1000


@dataclass(frozen=True)
class MeasureOptions:
    """How measures are taken.

    Attributes:
        codes: per picture, of the importance-weighted bound.
        samples: that are compared with data.
        seed: of all noise.
        limit: measure on the first so many pictures only, or on all.
    """

    codes: int = 100
    samples: int = 10_000
    seed: int = 0
    limit: int | None = None


Own = Callable[[], tuple[ImageData, ImageData]]
"""Training pictures, and held-out ones of their kind; raises a `TrompeError` where they are not both known."""


@dataclass
class Subject:
    """What several measures need is made once, when the first of them asks.

    Attributes:
        data: the pictures to compare with, or only the moments of their features.
        options: how it is measured.
        features: opens the feature space of measures of samples.
        own: gives the training pictures and held-out ones.
        taught: gives the pictures that a probe learns from.
        run: the run measured, or `None` for pictures from elsewhere,
        pictures: which are then these.
    """

    data: ImageData | Moments
    options: MeasureOptions
    features: Callable[[], Features]
    own: Own
    taught: Callable[[], ImageData]
    run: Run | None = None
    pictures: ImageData | None = None

    @property
    def trained(self) -> Run:
        """The run; only for measures that need one."""
        assert self.run is not None
        return self.run

    @cached_property
    def test(self) -> ImageData:
        """The pictures to compare with; only for measures that need them."""
        assert isinstance(self.data, ImageData)
        return self.data if self.options.limit is None else self.data.take(slice(0, self.options.limit))

    @cached_property
    def samples(self) -> ImageData:
        """The samples as pictures are stored, 256 levels a number."""
        if self.pictures is not None:
            return self.pictures.take(slice(0, self.options.samples))
        return self.trained.samples(self.options.samples, seed=self.options.seed)

    @cached_property
    def space(self) -> Features:
        return self.features()

    @cached_property
    def of_samples(self) -> Extracted:
        return extract(self.space, self.samples)

    @cached_property
    def of_data(self) -> Extracted:
        return extract(self.space, self.test, keep=True)

    @cached_property
    def sample_moments(self) -> Moments:
        return moments(self.of_samples)

    @cached_property
    def data_moments(self) -> Moments:
        if isinstance(self.data, Moments):
            return self.data
        return moments(self.of_data, reference_protocol(self.space, self.test))

    @property
    def fewest(self) -> int:
        """Of samples, and of pictures to compare them with, the fewer."""
        samples = self.options.samples if self.pictures is None else min(self.options.samples, len(self.pictures))
        return samples if isinstance(self.data, Moments) else min(samples, len(self.test))

    @cached_property
    def tried(self) -> tuple[Tensor, Tensor | None]:
        """What the space makes of one batch of samples: how wide its features are, and whether it has classes."""
        rows = np.minimum(np.arange(self.space.batch), len(self.samples) - 1)
        with torch.inference_mode():
            return self.space(torch.from_numpy(self.samples.images[rows]))

    def space_for_copies(self, asked: bool) -> Features:
        """Where copies are looked for. All training pictures must be there, so a slow network is used only if the
        measure is asked for by name; beside a Frechet figure pixels serve.
        """
        return self.space if asked or not self.space.slow else PixelFeatures()


def reference_protocol(space: Features, data: ImageData) -> dict[str, Any]:
    """What is said of moments: the space, and of which pictures they are."""
    return space.protocol | {"data": data.name, "fingerprint": data.fingerprint, "size": data.dimensions}


def moments(extracted: Extracted, protocol: dict[str, Any] | None = None) -> Moments:
    vectors = extracted.vectors
    return moments_of((vectors[start : start + CHUNK] for start in range(0, len(vectors), CHUNK)), protocol)


def own_pictures(run: Run) -> tuple[ImageData, ImageData]:
    """What a run was trained on, and what it was held to be tested on.

    Raises:
        TrompeError: one of them is not known.
    """
    train, held_out = run.data(split="train"), run.data()
    if train.fingerprint == held_out.fingerprint:
        raise TrompeError("all its pictures were trained on, and none held out", hint="train on more pictures")
    return train, held_out
