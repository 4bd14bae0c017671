"""Around a training: one at a time in a folder, an orderly end when it is asked for, and silence."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from ..errors import TrompeError
from ..files import disk_errors
from ..terminal import console


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One training at a time in a folder; the lock of a killed one is free."""
    with disk_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(folder / ".lock").acquire(timeout=0)
        except Timeout as error:
            raise TrompeError(
                f"another process is training in `{folder}`", hint="wait for it, or choose another `--out`"
            ) from error
    with lock:
        yield


@contextmanager
def silent(quiet: bool) -> Iterator[None]:
    """Say nothing on stderr, if asked for: neither progress nor notes. Errors are raised all the same."""
    before = console.quiet
    console.quiet = quiet or before
    try:
        yield
    finally:
        console.quiet = before


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM ask for an end after the present step; a second Ctrl-C ends at once."""
    asked = threading.Event()
    main = threading.current_thread() is threading.main_thread()  # others may not handle signals

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM) if main}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
