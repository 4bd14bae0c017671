"""A function of many items, on all cores."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import islice
from typing import Any, TypeVar

from ...errors import TrompeError
from ...terminal import tracked

BLOCK = 16
"""Items that a worker is sent at a time."""
AHEAD = 4
"""Blocks under way or done per worker, so that results do not pile up where they are used more slowly than made."""
BLOCK_BYTES, AHEAD_BYTES = 2**22, 2**29
"""Results are sent and pile up in fewer items where they are large."""
FORKS = sys.platform == "linux"
DIE_WITH_PARENT = 1
"""`PR_SET_PDEATHSIG` of Linux."""

T = TypeVar("T")
R = TypeVar("R")
_filters_lock = threading.RLock()
_alone: AbstractContextManager[Any] = threading.RLock()
"""In a worker process, the lock that all workers of its pool share."""


def in_parallel(
    function: Callable[[T], R], items: Sequence[T], what: str, result_bytes: int = 1
) -> Generator[R, None, None]:
    """Yield `function(item)` of each item, in order, computed on all cores, with a progress bar.

    Decoding small images holds the interpreter's lock, so threads would take turns. Forked processes start at once and
    need no `if __name__ == "__main__"` in a user's script; without a safe fork, threads must do. Warnings are ignored.

    Args:
        function: it and the items can be pickled.
        what: label of the progress bar.
        result_bytes: how large a result is, about.

    Raises:
        TrompeError: a worker process was killed.
    """
    block = max(1, min(BLOCK, BLOCK_BYTES // result_bytes))
    starts = range(0, len(items), block)
    workers = max(1, min(os.cpu_count() or 1, len(starts)))
    ahead = max(workers, min(AHEAD * workers, AHEAD_BYTES // (block * result_bytes)))
    pool: Executor
    if FORKS:
        context = multiprocessing.get_context("fork")
        pool = ProcessPoolExecutor(workers, context, _begin, (os.getpid(), context.RLock()))
    else:
        pool = ThreadPoolExecutor(workers)
    blocks = (pool.submit(_apply, function, items[start : start + block]) for start in starts)
    try:
        with tracked(what, len(items)) as advance, ExitStack() as quiet:
            quiet.enter_context(no_warnings())
            pending = deque(islice(blocks, ahead))  # starts the workers; Python warns of forks beside threads
            if FORKS:
                quiet.close()
            while pending:
                results = pending.popleft().result()
                pending.extend(islice(blocks, 1))
                advance(len(results))
                yield from results
    except BrokenProcessPool as error:
        hint = "the system kills processes when memory runs out: free some, and give the command again"
        raise TrompeError(f"a worker process was killed while {what}", hint=hint) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore warnings, one thread at a time: the filters are those of the process."""
    with _filters_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings, and what libraries in C write to stderr."""
    with no_warnings(), ExitStack() as after:
        with suppress(OSError):  # there is no stderr
            kept = os.dup(2)
            after.callback(os.close, kept)
            after.callback(os.dup2, kept, 2)
            _silence()
        yield


def alone() -> AbstractContextManager[Any]:
    """While this is entered, no other worker is in it: for what takes much memory."""
    return _alone


def _begin(parent: int, lock: Any) -> None:
    """In a new worker: be silent (of Pillow's warnings and libtiff's messages), leave interrupts to the parent, and end
    with it, even where it is killed.
    """
    global _alone
    _alone = lock
    warnings.simplefilter("ignore")
    _silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _silence() -> None:
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)


def _apply(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [function(item) for item in items]
