"""A thread for networks of the plane, which computes in no other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

T = TypeVar("T")


def alone(compute: Callable[[], T]) -> Future[T]:
    """Compute something in one thread, one after another.

    That is as fast for small networks where the machine is idle, and many times faster where it is not: several threads
    wait for each other at every product, and those of other programs come between.
    """
    return worker().submit(compute)


@cache
def worker() -> ThreadPoolExecutor:
    made, others = ThreadPoolExecutor(1, "plane"), torch.get_num_threads()
    made.submit(use_one).result()
    torch.set_num_threads(others)  # of threads that begin later; the one that has begun keeps its own number
    return made


def use_one() -> None:
    torch.get_num_threads()  # the first call in a thread sets the number of all
    torch.set_num_threads(1)
