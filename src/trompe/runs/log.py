"""A run's log: one JSON object a line, and the same numbers as TensorBoard events.

A resumed run first forgets what was logged after the step it goes on from, so the log reads as if nothing had
happened.
"""

from __future__ import annotations

import json
import math
import re
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import TrompeError
from ..files import disk_errors, open_to_append, write_bytes
from .tensors import MOST_STEPS

LOG_NAME = "log.jsonl"


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log: objects with a `step` and finite numbers. Anything else, a last line cut off by a kill
    for instance, is passed over.
    """
    path = folder / LOG_NAME
    if not path.is_file():
        return []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise TrompeError(f"`{path}` cannot be read: {error.strerror}", hint="check its permissions") from error
    return [line for one in text.splitlines() if (line := _parsed(one)) is not None]


def _parsed(text: str) -> dict[str, Any] | None:
    """A line of the log, or `None` where it is none."""
    with suppress(ValueError, RecursionError, OverflowError):
        line = json.loads(text)
        if isinstance(line, dict) and type(line.get("step")) is int and 0 <= line["step"] <= MOST_STEPS:
            return {key: value for key, value in line.items() if type(value) in (int, float) and math.isfinite(value)}
    return None


class RunLog:
    """Appends to a run's log from `step` on; `lines` are all of them."""

    def __init__(self, folder: Path, step: int) -> None:
        self.lines = [line for line in read_log(folder) if line["step"] <= step]
        self.path = folder / LOG_NAME
        write_bytes(self.path, b"".join(_encoded(line) for line in self.lines))
        self.file = open_to_append(self.path)
        self.events = Events(folder / "tensorboard", step)

    def write(self, step: int, values: dict[str, float]) -> None:
        with disk_errors(str(self.path)):
            self.lines.append({"step": step, **values})
            self.file.write(_encoded(self.lines[-1]))
            self.file.flush()
            self.events.write(step, values)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Show an image, an encoded PNG, in TensorBoard."""
        with disk_errors(str(self.path)):
            self.events.image(step, name, png)

    def close(self) -> None:
        for file in (self.file, self.events):
            with suppress(OSError):  # what a full disk refused has been reported
                file.close()


def _encoded(line: dict[str, Any]) -> bytes:
    short = {key: float(f"{value:.7g}") if isinstance(value, float) else value for key, value in line.items()}
    return json.dumps(short).encode() + b"\n"


class Events:
    """A TensorBoard event file, written with TensorBoard's own record writer; torch's writer would add a thread and
    two seconds of imports.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.event, self.summary = event_pb2, summary_pb2
        with disk_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            names = (re.fullmatch(r"events\.out\.tfevents\.(\d{1,9})\.trompe", one.name) for one in folder.iterdir())
            before = [int(name[1]) for name in names if name]
            name = f"events.out.tfevents.{1 + max(before, default=0):06d}.trompe"
            self.records = RecordWriter(open(folder / name, "wb"))
            self._add(file_version="brain.Event:2")
            if step:  # TensorBoard drops what earlier files hold from this step on
                start = event_pb2.SessionLog.START
                self._add(step=step + 1, session_log=event_pb2.SessionLog(status=start))

    def write(self, step: int, values: dict[str, float]) -> None:
        scalars = [self.summary.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(step=step, summary=self.summary.Summary(value=scalars))

    def image(self, step: int, name: str, png: bytes) -> None:
        width, height = struct.unpack(">II", png[16:24])  # the header's
        image = self.summary.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._add(step=step, summary=self.summary.Summary(value=[self.summary.Summary.Value(tag=name, image=image)]))

    def close(self) -> None:
        self.records.close()

    def _add(self, **content: Any) -> None:
        self.records.write(self.event.Event(wall_time=time.time(), **content).SerializeToString())
        self.records.flush()
