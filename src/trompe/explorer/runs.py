"""The runs of a page, each opened once, and anew when it changes on disk."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from ..errors import TrompeError
from ..files import RECORD_NAME
from ..runs.record import read_record
from ..runs.run import Run
from ..runs.tensors import read_metadata
from ..text import printable, printable_lines
from .about import Shown

MOST_OPEN, MOST_BYTES = 64, 2**31
"""Models kept in memory, snapshots among them, and bytes of their weights; one may be larger."""
Version = tuple[int, ...]
Key = tuple[str, int | None]


class NoRun(TrompeError):
    """There is no run of that name."""


class Runs:
    """Runs by the names that addresses give them. A name stays with its folder.

    Args:
        folders: run folders; for none, every run directly under `root` that has weights, also those that begin later.
    """

    def __init__(self, folders: Sequence[Path], root: Path = Path("runs"), device: str | None = None) -> None:
        self.given, self.root, self.device = tuple(folders), root, device
        self._names: dict[str, Path] = {}
        self._opened: OrderedDict[Key, tuple[Version, Shown]] = OrderedDict()
        self._lines: dict[str, tuple[Version, dict[str, Any]]] = {}
        self._opening: dict[str, Lock] = {}
        self._lock = Lock()

    def folders(self) -> dict[str, Path]:
        """The folder of each run that is there, by its name."""
        there = self.given or sorted(path.parent for path in self.root.glob(f"*/{RECORD_NAME}"))
        found = [folder for folder in there if (folder / (RECORD_NAME if self.given else Run.WEIGHTS)).is_file()]
        with self._lock:
            for folder in found:
                if folder not in self._names.values():
                    self._names[free_name(folder, self._names)] = folder
            return {name: folder for name, folder in self._names.items() if folder in found}

    def folder(self, name: str) -> Path:
        """The folder of a run.

        Raises:
            NoRun: there is none of that name, or not any more.
        """
        known = self._names.get(name)
        if known is None or not (known / RECORD_NAME).is_file():
            known = self.folders().get(name)
        if known is None:
            raise NoRun(f"there is no run `{printable(name)}`", hint="it may have been moved or removed")
        return known

    def at(self, name: str, snapshot: int | None = None) -> Shown:
        """A run, or its snapshot of a step. One that is open waits for no other to open.

        Raises:
            NoRun: there is none of that name.
            TrompeError: it cannot be read, or keeps no such snapshot.
        """
        folder, key = self.folder(name), (name, snapshot)
        version = version_of(folder, snapshot)
        if known := self._known(key, version):
            return known
        with self._opening.setdefault(name, Lock()):
            if known := self._known(key, version):  # it was opened meanwhile
                return known
            shown = Shown(opened(folder, name, self.device, snapshot), name)
            self._keep(key, version, shown)
        return shown

    def _known(self, key: Key, version: Version) -> Shown | None:
        with self._lock:
            of, shown = self._opened.get(key, (None, None))
            if of != version:
                return None
            self._opened.move_to_end(key)
            return shown

    def _keep(self, key: Key, version: Version, shown: Shown) -> None:
        with self._lock:
            before, old = self._opened.get(key, ((), None))
            if old is not None and before[RECORD] == version[RECORD] and vars(old).get("data") is not None:
                for part in vars(old).keys() & {"data", "images"}:  # other weights have the same data
                    vars(shown)[part] = vars(old)[part]
            self._opened[key] = version, shown
            self._opened.move_to_end(key)
            while len(self._opened) > 1 and (
                len(self._opened) > MOST_OPEN or sum(of[SIZE] for of, _ in self._opened.values()) > MOST_BYTES
            ):
                self._opened.popitem(last=False)

    def status(self, name: str) -> dict[str, str]:
        """The version of a run, which changes while it trains, read without opening its model.

        Raises:
            NoRun: there is none of that name.
        """
        return {"version": "-".join(map(str, version_of(self.folder(name))))}

    def described(self) -> list[dict[str, Any]]:
        """Each run in a line, read without opening its model; one that cannot be read says why."""
        return [self.line(name, folder) for name, folder in self.folders().items()]

    def line(self, name: str, folder: Path) -> dict[str, Any]:
        version = version_of(folder)
        of, line = self._lines.get(name, (None, {}))
        if of == version:
            return line
        try:
            record, path = read_record(folder), folder / Run.WEIGHTS
            if not path.is_file():
                raise TrompeError(f"`{folder}` holds no weights yet")
            step = read_metadata(path)["step"]
        except (TrompeError, OSError) as error:
            return {"name": name, "error": refused(error, folder, name).args[0]}
        line = {"name": name, "recipe": record.recipe.name, "data": printable(record.data.source), "step": step}
        self._lines[name] = version, line
        return line


def free_name(folder: Path, taken: dict[str, Path]) -> str:
    """A folder's name as an address holds it, and a number where it is taken."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip(".-")[:100] or "run"
    return next(name for number in count(1) if (name := f"{plain}-{number}" if number > 1 else plain) not in taken)


def opened(folder: Path, name: str, device: str | None, snapshot: int | None) -> Run:
    try:
        run = Run(folder, device=device, snapshot=snapshot)
    except (TrompeError, OSError) as error:
        raise refused(error, folder, name) from error
    if run.model.condition_shape is not None:
        raise TrompeError("a model that is conditioned on images cannot be explored yet", hint="open another run")
    return run


def refused(error: Exception, folder: Path, name: str) -> TrompeError:
    """An error in a run's folder, which the page need not know the place of."""
    words = str(error.args[0]) if isinstance(error, TrompeError) else f"it cannot be read: {type(error).__name__}"
    hint = error.hint if isinstance(error, TrompeError) else "look into its folder"
    place = str(folder)
    return TrompeError(printable_lines(words.replace(place, name)), hint=hint and hint.replace(place, name))


SIZE, RECORD = 2, slice(3, 6)
"""In a version: bytes of the weights; all of the record."""


def version_of(folder: Path, snapshot: int | None = None) -> Version:
    """What tells a run's weights, or those of a snapshot, and its record from later ones."""
    weights = Run.WEIGHTS if snapshot is None else f"snapshots/step-{snapshot:06d}.safetensors"
    found = []
    for name in (weights, RECORD_NAME):
        try:
            stat = (folder / name).stat()
        except OSError:  # between two of a training's files
            found += [0, 0, 0]
        else:
            found += [stat.st_ino, stat.st_mtime_ns, stat.st_size]
    return tuple(found)
