"""The explorer, served for a benchmark."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def command() -> str:
    """The `trompe` of this environment."""
    return shutil.which("trompe", path=sysconfig.get_path("scripts")) or "trompe"


@contextmanager
def served(run: Path) -> Iterator[str]:
    """A server of its own process, and its address."""
    with started([command(), "explore", str(run), "--no-browser"]) as line:
        yield line.strip()


@contextmanager
def started(arguments: list[str]) -> Iterator[str]:
    """A process, and the first line that it prints; it ends with this."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline()
    finally:
        process.terminate()
        process.wait()
