"""Around a training: one at a time in a folder, an orderly end when it is asked for, the same bits again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch
from filelock import FileLock, Timeout

from .errors import TrompeError
from .files import disk_errors


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One training at a time in a folder; the lock of a killed one is free."""
    with disk_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise TrompeError(
                f"another process is training in `{folder}`", hint="wait for it, or choose another `--out`"
            ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM ask for an end after the present step; a second Ctrl-C ends at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def repeatable() -> Iterator[None]:
    """Have a GPU's convolutions choose only algorithms that give the same bits again."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
