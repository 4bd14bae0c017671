"""Several ranks in one process, a thread each: what runs on two processes can be tested without starting them.

Threads share torch's global generator, unlike processes: build models before the threads start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar
from weakref import WeakSet

import torch
from torch import Tensor

from trompe.ranks import Ranks

Result = TypeVar("Result")
PATIENCE = 60.0
"""Seconds that a rank waits for the others before it gives up."""
_barriers: WeakSet[threading.Barrier] = WeakSet()


class ThreadRanks(Ranks):
    """One of the ranks of a group; each is used in a thread of its own, as `in_threads` starts them."""

    def __init__(self, rank: int, barrier: threading.Barrier, given: list[Tensor]) -> None:
        self.rank, self.size = rank, len(given)
        self._barrier, self._given = barrier, given

    @classmethod
    def group(cls, size: int) -> list[ThreadRanks]:
        """Ranks that sum over one another."""
        barrier, given = threading.Barrier(size, timeout=PATIENCE), [torch.empty(0)] * size
        _barriers.add(barrier)
        return [cls(rank, barrier, given) for rank in range(size)]

    def __deepcopy__(self, memo: dict[int, Any]) -> ThreadRanks:
        return self  # a copy of a network has the ranks of the network

    def sum(self, x: Tensor) -> Tensor:
        return _Sum.apply(x, self)

    def _exchanged(self, x: Tensor) -> Tensor:
        """The sum in the order of the ranks: the same bits on each."""
        self._given[self.rank] = x
        self._barrier.wait()
        total = reduce(torch.add, self._given)
        self._barrier.wait()  # nobody gives the next tensor, or changes this one, before all have read it
        return total


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, ranks: ThreadRanks) -> Tensor:
        ctx.ranks = ranks
        return ranks._exchanged(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Sum.apply(gradient, ctx.ranks), None


def in_threads(functions: Sequence[Callable[[], Result]]) -> list[Result]:
    """What the functions return, each run in a thread of its own at the same time.

    Raises:
        BaseException: the first error of any of them, which ends the waiting of all ranks. A rank that sums more often
            than another ends by a `threading.BrokenBarrierError` after `PATIENCE`.
    """
    results: dict[int, Result] = {}
    errors: list[BaseException] = []

    def run(index: int, function: Callable[[], Result]) -> None:
        try:
            results[index] = function()
        except BaseException as error:
            errors.append(error)
            for barrier in _barriers:
                barrier.abort()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(threads))]
