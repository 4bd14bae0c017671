"""How many CPU threads a training uses: sums are split among them, so their number decides the last bits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..terminal import note
from ..text import counted


@contextmanager
def same_threads(metadata: dict[str, Any], device: torch.device) -> Iterator[None]:
    """Go on with as many threads as a run's state was computed with, as its metadata say, and say so; where the
    machine has fewer, only say so.
    """
    present, recorded = torch.get_num_threads(), metadata.get("threads", 0)
    if device.type != "cpu" or type(recorded) is not int or recorded < 1 or recorded == present:
        yield
        return
    if recorded > (most := cpus()):
        note(
            f"this run was trained with {recorded} CPU threads, and there are {most} here: the last bits will differ "
            "from those of a training that was not interrupted"
        )
        yield
        return
    note(f"going on with {counted(recorded, 'CPU thread')}, not {present}: their number decides the last bits")
    torch.set_num_threads(recorded)
    try:
        yield
    finally:
        torch.set_num_threads(present)


def cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
