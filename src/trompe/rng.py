"""All randomness is a function of integers that are written down, never of what was drawn before.

The noise of a training step is a function of `(seed, step)`, the order of the data of `(seed, epoch)`, the noise of a
measure of `(seed, image)`. So there is no generator whose state would have to be saved, and how often a run is
evaluated, or where it was interrupted, changes nothing. `Stream` keeps the uses apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from .errors import TrompeError


class Stream(IntEnum):
    """What random numbers are for; two streams of one seed are independent."""

    INITIALIZE = 0
    STEP = 1
    ORDER = 2
    SAMPLE = 3
    MEASURE = 4
    SPLIT = 5
    PATCH = 6
    SYNTHESIS = 7


def derive(seed: int, stream: Stream, *indices: int) -> int:
    """A 63-bit seed for `(seed, stream, *indices)`, the same on every machine and in every process."""
    words = np.random.SeedSequence((seed, int(stream), *indices)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


@runtime_checkable
class Noise(Protocol):
    """Random numbers for each sample of a batch."""

    def normal(self, *shape: int) -> Float[Tensor, "batch ..."]:
        """Standard normal numbers, of this shape for each sample."""
        ...

    def uniform(self, *shape: int) -> Float[Tensor, "batch ..."]:
        """Uniform numbers in [0, 1)."""
        ...

    def integers(self, low: int, high: int, *shape: int) -> Int[Tensor, "batch ..."]:
        """Whole numbers from `low` up to but not including `high`."""
        ...


class Draws:
    """The random numbers of one batch: a function of a key, and of the order in which they are asked for.

    They are drawn for the whole global batch of `size`, of which this process gets its own `rows`: how many processes
    share the batch changes nothing.
    """

    def __init__(self, key: int, device: torch.device, size: int, rows: slice = slice(None)) -> None:
        self.generator = torch.Generator(device).manual_seed(key)
        self.device, self.size, self.rows = device, size, rows

    def normal(self, *shape: int) -> Float[Tensor, "batch ..."]:
        return torch.randn(self.size, *shape, generator=self.generator, device=self.device)[self.rows]

    def uniform(self, *shape: int) -> Float[Tensor, "batch ..."]:
        return torch.rand(self.size, *shape, generator=self.generator, device=self.device)[self.rows]

    def integers(self, low: int, high: int, *shape: int) -> Int[Tensor, "batch ..."]:
        drawn = torch.randint(low, high, (self.size, *shape), generator=self.generator, device=self.device)
        return drawn[self.rows]


def seed_step(seed: int, step: int) -> int:
    """Seed torch's global generators for one training step, for networks that use torch's own dropout and the like,
    and return that seed, which is also the key of the step's `Draws`.

    Only the generators in use are seeded: `torch.manual_seed` also visits every backend that is not there, which
    costs some 50 times as much.
    """
    value = derive(seed, Stream.STEP, step)
    _seed_all(value)
    return value


def _seed_all(value: int) -> None:
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(value)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(value)


@contextmanager
def seeded(seed: int, stream: Stream, *indices: int) -> Iterator[None]:
    """Run a block under its own seed of the global generators, and leave them as they were found."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        _seed_all(derive(seed, stream, *indices))
        yield


def numpy_generator(seed: int, stream: Stream, *indices: int) -> np.random.Generator:
    """A numpy generator of its own for `(seed, stream, *indices)`."""
    if seed < 0:
        raise TrompeError(f"the seed {seed} is negative", hint="seeds are whole numbers from 0 on")
    return np.random.default_rng((seed, int(stream), *indices))


def normal(shape: tuple[int, ...], seed: int, stream: Stream, *indices: int) -> torch.Tensor:
    """Standard normal numbers of this shape, float32 on the CPU, a function of the integers alone."""
    return torch.from_numpy(numpy_generator(seed, stream, *indices).standard_normal(shape, dtype=np.float32))
