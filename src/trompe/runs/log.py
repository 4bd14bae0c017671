"""A run's log: one JSON object a line, and the same numbers as TensorBoard events.

A resumed run first forgets what was logged after the step it goes on from, so the log reads as if nothing had
happened.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..files import disk_errors, write_bytes

LOG_NAME = "log.jsonl"


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log; a last line that was cut off by a kill is passed over."""
    lines: list[dict[str, Any]] = []
    path = folder / LOG_NAME
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with suppress(json.JSONDecodeError):
            lines.append(json.loads(line))
    return lines


class RunLog:
    """Appends to a run's log from `step` on; `lines` are all of them."""

    def __init__(self, folder: Path, step: int) -> None:
        self.lines = [line for line in read_log(folder) if line["step"] <= step]
        self.path = folder / LOG_NAME
        write_bytes(self.path, b"".join(_encoded(line) for line in self.lines))
        self.file = self.path.open("ab")
        self.events = Events(folder / "tensorboard", step)

    def write(self, step: int, values: dict[str, float]) -> None:
        with disk_errors(str(self.path)):
            self.lines.append({"step": step, **values})
            self.file.write(_encoded(self.lines[-1]))
            self.file.flush()
            self.events.write(step, values)

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
            before = [int(path.name.split(".")[3]) for path in folder.glob("events.out.tfevents.*.trompe")]
            name = f"events.out.tfevents.{1 + max(before, default=0):06d}.trompe"
            self.records = RecordWriter(open(folder / name, "wb"))
            self._add(file_version="brain.Event:2")
            if step:  # TensorBoard drops what earlier files hold from this step on
                start = event_pb2.SessionLog.START
                self._add(step=step + 1, session_log=event_pb2.SessionLog(status=start))

    def write(self, step: int, values: dict[str, float]) -> None:
        scalars = [self.summary.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._add(step=step, summary=self.summary.Summary(value=scalars))

    def close(self) -> None:
        self.records.close()

    def _add(self, **content: Any) -> None:
        self.records.write(self.event.Event(wall_time=time.time(), **content).SerializeToString())
        self.records.flush()
