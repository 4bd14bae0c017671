"""The runs of a page, each opened once, and anew when it changes on disk."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from ..errors import TrompeError
from ..files import RECORD_NAME
from ..runs.run import Run, by_step
from .about import Shown

MOST_OPEN = 64
"""Models kept in memory, snapshots among them."""
Version = tuple[int, ...]


class Runs:
    """Runs by the names that addresses give them.

    Args:
        folders: run folders; for none, every run directly under `root`, also those that begin later.
    """

    def __init__(self, folders: Sequence[Path], root: Path = Path("runs"), device: str | None = None) -> None:
        self.given, self.root, self.device = tuple(folders), root, device
        self._opened: OrderedDict[tuple[str, int | None], tuple[Version, Shown]] = OrderedDict()
        self._lock = Lock()

    def folders(self) -> dict[str, Path]:
        """The folder of each run that has weights, by its name."""
        found: dict[str, Path] = {}
        for folder in self.given or sorted(path.parent for path in self.root.glob(f"*/{RECORD_NAME}")):
            if (folder / Run.WEIGHTS).is_file():
                plain = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip(".-") or "run"
                taken = [name for name in found if re.fullmatch(re.escape(plain) + r"(-\d+)?", name)]
                found[f"{plain}-{len(taken) + 1}" if taken else plain] = folder
        return found

    def __getitem__(self, name: str) -> Shown:
        return self.at(name)

    def at(self, name: str, snapshot: int | None = None) -> Shown:
        """A run, or its snapshot of a step.

        Raises:
            KeyError: there is no such run.
            TrompeError: it cannot be read, or keeps no such snapshot.
        """
        folder = self.folders()[name]
        version, key = version_of(folder), (name, snapshot)
        with self._lock:
            known = self._opened.get(key)
            if known is None or known[0] != version:
                self._opened[key] = known = version, Shown(Run(folder, device=self.device, snapshot=snapshot), name)
            self._opened.move_to_end(key)
            while len(self._opened) > MOST_OPEN:
                self._opened.popitem(last=False)
        return known[1]

    def status(self, name: str) -> dict[str, Any]:
        """What changes while a run trains, read without opening its model.

        Raises:
            KeyError: there is no such run.
        """
        folder = self.folders()[name]
        snapshots = [step for step, _ in by_step(folder / "snapshots", ".safetensors")]
        return {"version": "-".join(map(str, version_of(folder))), "snapshots": snapshots}

    def described(self) -> list[dict[str, Any]]:
        """Each run in a line; one that cannot be opened says why."""
        return [self.line(name) for name in self.folders()]

    def line(self, name: str) -> dict[str, Any]:
        try:
            run = self[name].run
        except (TrompeError, KeyError) as error:
            return {"name": name, "error": str(error.args[0])}
        record = run.record
        return {"name": name, "recipe": record.recipe.name, "data": record.data.source, "step": run.step}


def version_of(folder: Path) -> Version:
    """What tells a run's weights and record from later ones."""
    found = []
    for name in (Run.WEIGHTS, RECORD_NAME):
        try:
            stat = (folder / name).stat()
        except OSError:  # between two of a training's files
            found += [0, 0]
        else:
            found += [stat.st_mtime_ns, stat.st_size]
    return tuple(found)
