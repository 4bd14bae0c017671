"""The measures by name. A measure is one decorated function of a subject: its name, what it requires, and the meaning
of each value it returns; what it returns says by which protocol it was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..data.samples import Samples
from ..display.grid import Pixels
from ..registry import Registry
from ..runs.predictor import Predictor
from .features import Extracted, Features, extract, values
from .moments import Moments
from .networks import opened

Own = Callable[[], tuple[Samples, Samples]]
"""Training samples, and held-out ones; raises a `TrompeError` where they are not both known."""


@dataclass
class Subject:
    """What several measures need is made once, when the first of them asks.

    Attributes:
        data: the samples to compare with, or only the moments of their features.
        features: the feature space of measures of samples, by a name that `opened` knows, or what opens it.
        own: gives the training samples and held-out ones.
        probe_data: gives the samples that a probe is trained on.
        predictor: the model measured, or `None` for samples from elsewhere,
        generated: which are then these.
        folder: of the run that the model is of, if any.
        importance_samples: per image (K), of the IWAE bound.
        count: this many samples are compared with the data.
        seed: of all noise.
        limit: measure on this many images at most.
    """

    data: Samples | Moments
    features: str | Callable[[], Features]
    own: Own
    probe_data: Callable[[], Samples]
    predictor: Predictor | None = None
    generated: Samples | None = None
    folder: Path | None = None
    importance_samples: int = 100
    count: int = 10_000
    seed: int = 0
    limit: int | None = None

    @property
    def model(self) -> Predictor:
        """The predictor; only for measures that need one."""
        assert self.predictor is not None
        return self.predictor

    @cached_property
    def test(self) -> Samples:
        """The samples to compare with; only for measures that need them."""
        assert isinstance(self.data, Samples)
        return self.data if self.limit is None else self.data.take(slice(0, self.limit))

    @cached_property
    def samples(self) -> Samples:
        """The samples as they are stored, 256 levels per value for images."""
        if self.generated is not None:
            return self.generated.take(slice(0, self.count))
        return self.model.samples(self.count, seed=self.seed)

    @cached_property
    def space(self) -> Features:
        return opened(self.features) if isinstance(self.features, str) else self.features()

    @cached_property
    def of_samples(self) -> Extracted:
        return extract(self.space, self.samples)

    @cached_property
    def of_data(self) -> Extracted:
        return extract(self.space, self.test, keep=True)

    @property
    def sampled(self) -> int:
        """The number of samples."""
        return self.count if self.generated is None else min(self.count, len(self.generated))

    @property
    def fewest(self) -> int:
        """The number of samples, or of samples to compare them with, whichever is smaller."""
        return self.sampled if isinstance(self.data, Moments) else min(self.sampled, len(self.test))

    @cached_property
    def probed(self) -> tuple[Tensor, Tensor | None]:
        """What the space gives for one batch of samples: how wide its features are, and whether it has classes."""
        rows = np.minimum(np.arange(self.space.batch), len(self.samples) - 1)
        with torch.inference_mode():
            return self.space(torch.from_numpy(values(self.samples, rows)))

    def sample_protocol(self) -> dict[str, Any]:
        """What must be equal for two values of a measure of samples to be compared."""
        conditional = self.predictor is not None and self.predictor.model.num_classes
        known = {"samples": len(self.samples), "sample_size": self.samples.dimensions}
        return {**self.space.protocol, **known} | ({"classes": "in turn"} if conditional else {})


@dataclass(frozen=True)
class Measured:
    """What a measure found.

    Attributes:
        values: by name.
        protocol: what must be equal for two values to be compared.
        image: something to look at.
    """

    values: dict[str, Any]
    protocol: dict[str, Any] = field(default_factory=dict)
    image: Pixels | None = None


Take = TypeVar("Take", bound=Callable[[Subject], Measured])


@dataclass
class Measure:
    """A row of the table; as a decorator it registers the measure that a function takes.

    Attributes:
        about: what it is, in a phrase.
        requires: capabilities of the model (`runs.capabilities`), requirements of the data (`measures.requirements`).
        values: what each value it returns means.
        default: whether it is taken of a run where none is named,
        default_for_samples: and of samples alone.
        fewest: this many samples it takes at least, and as many to compare them with where it compares; or images.
        take: the function.
    """

    name: str
    about: str
    requires: tuple[str, ...]
    values: Mapping[str, str]
    _: KW_ONLY
    default: bool = False
    default_for_samples: bool = False
    fewest: int = 1
    take: Callable[[Subject], Measured] = field(init=False)

    def __call__(self, take: Take) -> Take:
        self.take = take
        MEASURES.add(self.name, self)
        return take


MEASURES: Registry[Measure] = Registry("measure", "trompe evaluate")
measure = Measure


def meanings() -> dict[str, str]:
    """What each value of any measure means."""
    return {value: meaning for one in MEASURES.values() for value, meaning in one.values.items()}
