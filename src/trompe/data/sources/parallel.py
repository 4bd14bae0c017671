"""A function of many items, on all cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TypeVar

from ...errors import TrompeError
from ...terminal import tracked

BLOCK = 16
"""Items that a worker is sent at a time."""
AHEAD = 4
"""Blocks under way or done per worker, so that results do not pile up where they are used more slowly than made."""
FORKS = sys.platform == "linux"

T = TypeVar("T")
R = TypeVar("R")
_filters_lock = threading.RLock()


def in_parallel(function: Callable[[T], R], items: Sequence[T], what: str) -> Iterator[R]:
    """Yield `function(item)` of each item, in order, computed on all cores, with a progress bar.

    Decoding small images holds the interpreter's lock, so threads would take turns. Forked processes start at once and
    need no `if __name__ == "__main__"` in a user's script; without a safe fork, threads must do. Warnings are ignored.

    Args:
        function: it and the items can be pickled.
        what: label of the progress bar.

    Raises:
        TrompeError: a worker process was killed.
    """
    starts = range(0, len(items), BLOCK)
    workers = max(1, min(os.cpu_count() or 1, len(starts)))
    pool: Executor
    if FORKS:
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin)
    else:
        pool = ThreadPoolExecutor(workers)
    blocks = (pool.submit(_apply, function, items[start : start + BLOCK]) for start in starts)
    try:
        with tracked(what, len(items)) as advance, ExitStack() as quiet:
            quiet.enter_context(no_warnings())
            pending = deque(islice(blocks, AHEAD * workers))  # starts the workers; Python warns of forks beside threads
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


def _begin() -> None:
    """In a new worker: ignore warnings (Pillow's, of odd files), leave interrupts to the parent, and end with it."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _apply(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [function(item) for item in items]
