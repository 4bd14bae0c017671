"""Trained runs and computed values, found again by what they are made of: an experiment that was interrupted, or that
shares a run with another, does no work twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ..device import pick_device
from ..errors import TrompeError
from ..files import RECORD_NAME, expanded, read_json, write_json
from ..recipes import Recipe
from ..recipes.serialize import to_json
from ..runs.record import read_record
from ..runs.run import Run
from ..training.loop import train
from ..training.resolve import Data, resolve


class Interrupted(KeyboardInterrupt):
    """A training was stopped; the same call goes on."""


@dataclass(frozen=True)
class Wanted:
    """A run as a store knows it.

    Attributes:
        folder: where it is trained.
        requested: its recipe, without a name.
        fingerprint: of its training data.
    """

    folder: Path
    requested: Recipe
    fingerprint: str


class Store:
    """A folder of runs and values.

    Attributes:
        folder: where runs are trained and values are kept.
        others: folders of runs trained elsewhere, or other stores: what is the same there is taken.
        used: the runs that it has given, by their folders.
    """

    def __init__(self, folder: str | Path, others: Sequence[str | Path] = (), *, device: str | None = None) -> None:
        self.folder = expanded(folder)
        self.others = [expanded(one) for one in others]
        self.device, self.used = device, dict[Path, Run]()

    def run(self, recipe: Recipe | str, data: Data | None = None) -> Run:
        """The run of this recipe on these data, trained to its end if it is not there yet.

        Raises:
            Interrupted: the training was stopped before its end.
            TrompeError: recipe and data do not fit each other, or the data cannot be read.
        """
        wanted = self.wanted(recipe, data)
        run = self.find(wanted) or train(recipe, wanted.folder, data=data, device=self.device)
        if not run.finished:
            raise Interrupted
        self.used[run.folder] = run
        return run

    def wanted(self, recipe: Recipe | str, data: Data | None = None) -> Wanted:
        """What decides which run is meant, and where it is trained."""
        resolved = resolve(recipe, data, pick_device(self.device))
        requested, fingerprint = nameless(resolved.requested), resolved.data.train.fingerprint
        name = resolved.requested.name or "run"
        return Wanted(self.folder / digest([to_json(requested), fingerprint]) / name, requested, fingerprint)

    def find(self, wanted: Wanted) -> Run | None:
        """The run that is wanted, if it is there and trained to its end."""
        folders = chain([wanted.folder], sorted(wanted.folder.parent.glob("*")), self._elsewhere())
        return next((found for folder in folders if (found := finished(folder, wanted)) is not None), None)

    def value(self, name: str, key: Any, compute: Callable[[], Any]) -> Any:
        """A value that JSON can hold, computed once.

        Args:
            name: of what is computed, for its file.
            key: all that the value depends on, as JSON holds it: options, seeds, fingerprints, a run's digest.
            compute: gives the value where it is not there yet.
        """
        paths = [folder / "values" / f"{name}-{digest(key)}.json" for folder in (self.folder, *self.others)]
        found = next((path for path in paths if path.is_file()), None)
        if found is None:
            write_json(paths[0], {"key": key, "value": compute()})
        return read_json(found or paths[0])["value"]

    def _elsewhere(self) -> Iterator[Path]:
        for folder in self.others:
            yield from ([folder] if (folder / RECORD_NAME).is_file() else [])
            for pattern in (f"*/{RECORD_NAME}", f"*/*/{RECORD_NAME}"):  # runs side by side, or another store
                yield from sorted(path.parent for path in folder.glob(pattern))


def finished(folder: Path, wanted: Wanted) -> Run | None:
    """The run in a folder, if it is the one wanted and trained to its end."""
    if not (folder / RECORD_NAME).is_file():
        return None
    try:
        record = read_record(folder)
        same = nameless(record.requested) == wanted.requested and record.data.fingerprint == wanted.fingerprint
        run = Run(folder) if same else None
    except TrompeError:  # of another version, or damaged: trained anew
        return None
    return run if run and run.finished else None


def nameless(recipe: Recipe) -> Recipe:
    """A recipe without its name, and without where its data lie, which their fingerprint says better."""
    return replace(recipe, name="", data=replace(recipe.data, source=""))


def digest(key: Any) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:10]
