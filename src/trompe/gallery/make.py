"""The gallery made: entry after entry, each kept as it is done, so that an interrupted gallery goes on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ..errors import TrompeError
from ..experiments import EXPERIMENTS
from ..experiments.store import Store, digest
from ..explorer.runs import Runs
from ..explorer.site import site
from ..files import read_json, write_bytes, write_json
from ..machine import cpu_name
from ..recipes.serialize import to_json
from ..runs.run import Run
from ..terminal import note
from ..version import __version__
from .table import ENTRIES, Entry, Explored, Item, Page, Picture
from .work import Work

EXPLORER = "explore"
"""The folder of the explorer's page, for all runs of the gallery that are explored."""
KEPT = "entry.json"
"""In an entry's folder, what it shows and what it was made of."""
QUICK_MINUTES = 0.4
"""That a training or an experiment of the quick gallery takes."""


@dataclass
class Made:
    """An entry as it stands on the page.

    Attributes:
        entry: its row.
        content: what `entry.json` holds, or nothing where the entry was not made.
        reason: why it was not.
    """

    entry: Entry
    content: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Cost:
    """Minutes that an entry will take, on two cores; trainings that another entry before it makes count there."""

    entry: Entry
    minutes: float
    missing: tuple[str, ...]
    reason: str = ""


def chosen(only: Sequence[str]) -> list[Entry]:
    """The entries of these keys, or parts, in the order of the lecture; all for none.

    Raises:
        TrompeError: no entry has such a key.
    """
    keys = set()
    for one in only:
        part = {key for key in ENTRIES if key[0] == one.upper()}
        keys |= part or {ENTRIES[next((key for key in ENTRIES if key.lower() == one.lower()), one)].key}
    return [row for key, row in sorted(ENTRIES.items()) if not keys or key in keys]


def plan(entries: Sequence[Entry], folder: Path, store: Store, quick: bool) -> list[Cost]:
    """What each entry will cost."""
    counted: set[Path] = set()
    costs = []
    for row in entries:
        minutes, missing = 0.0, []
        try:
            for training in row.runs.values():
                wanted = store.wanted(training.made(quick))
                if wanted.folder not in counted and store.find(wanted) is None:
                    counted.add(wanted.folder)
                    missing.append(training.name or training.recipe)
                    minutes += QUICK_MINUTES if quick else training.minutes
            if missing or kept(row, folder, quick) is None:
                missing += row.experiments
                minutes += sum(QUICK_MINUTES if quick else EXPERIMENTS[name].minutes for name in row.experiments)
                minutes += 0.1 if quick else row.minutes
            costs.append(Cost(row, minutes, tuple(missing)))
        except TrompeError as error:
            costs.append(Cost(row, 0.0, (), str(error)))
    return costs


def make_gallery(
    folder: Path, store: Store, *, only: Sequence[str] = (), quick: bool = False, again: bool = False
) -> list[Made]:
    """Make each entry, and the page. Entries made before stay on the page, and are made again where the recipes have
    changed.

    Args:
        only: keys of entries, as `A1`, or parts, as `A`.
        again: make them again also where nothing has changed; runs stay.

    Raises:
        TrompeError: no entry has such a key.
    """
    from .page import write_page

    asked, now = chosen(only), dict[str, Made]()
    for place, row in enumerate(asked):
        note(f"{row.key} ({place + 1} of {len(asked)}): {row.title}")
        now[row.key] = made = made_of(row, folder, store, quick, again)
        if made.reason:
            note(f"{row.key} is not made: {made.reason}")
        write_page(folder, standing(folder, now), quick)
    shown = standing(folder, now)
    write_explorer(folder, shown)
    write_page(folder, shown, quick)
    return shown


def made_of(row: Entry, folder: Path, store: Store, quick: bool, again: bool) -> Made:
    """An entry, trained, drawn and written; what it cannot do without is the reason where it is not made."""
    before = None if again else kept(row, folder, quick)
    if before is not None:
        return Made(row, before)
    store.used.clear()
    try:
        runs = {name: store.run(training.made(quick)) for name, training in row.runs.items()}
        began = time.monotonic()
        items = list(row.make(Work(store, quick), **runs))
        trained = {str(place): training_seconds(run) for place, run in store.used.items()}
        took = {"seconds": time.monotonic() - began, "training_seconds": trained}
        return Made(row, write_entry(row, folder, items, runs, {"quick": quick, **took}))
    except TrompeError as error:
        (folder / row.key / KEPT).unlink(missing_ok=True)
        return Made(row, reason=str(error))


def write_entry(
    row: Entry, folder: Path, items: Sequence[Item], runs: dict[str, Run], made: dict[str, Any]
) -> dict[str, Any]:
    """Write an entry's files and, last, what `kept` finds again."""
    place = folder / row.key
    for item in items:
        if isinstance(item, Picture | Page):
            write_bytes(place / item.name, item.content)
    content = {
        "key": key_of(row, made["quick"]),
        **made,
        "machine": machine(),
        "version": __version__,
        "runs": {name: str(run.folder) for name, run in runs.items()},
        "steps": {run.record.recipe.name: run.step for run in runs.values()},
        "items": [as_json(item) for item in items],
    }
    write_json(place / KEPT, content)
    return content


def as_json(item: Item) -> dict[str, Any]:
    """An item without its content."""
    values = {name: value for name, value in dataclasses.asdict(item).items() if name != "content"}
    return {"kind": type(item).__name__.lower(), **values}


def kept(row: Entry, folder: Path, quick: bool) -> dict[str, Any] | None:
    """What an entry was made into before, if it would be made of the same now and all its files are there."""
    path = folder / row.key / KEPT
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = read_json(path)
        files = [one["name"] for one in content["items"] if one["kind"] in ("picture", "page")]
        there = all((path.parent / name).is_file() for name in files)
        runs = all(Path(run).is_dir() for run in content["runs"].values())
        return content if content["key"] == key_of(row, quick) and there and runs else None
    except (TrompeError, LookupError, TypeError):
        return None


def key_of(row: Entry, quick: bool) -> str:
    """What an entry is made of: recipes, options of experiments, and the version."""
    experiments = [EXPERIMENTS[name] for name in row.experiments]
    options = [repr(one.quick if quick else one.options()) for one in experiments]
    return digest([__version__, quick, {name: to_json(one.made(quick)) for name, one in row.runs.items()}, options])


def standing(folder: Path, now: dict[str, Made]) -> list[Made]:
    """All entries as they stand in the folder: those just made, those made before, quick or full, and those not yet."""
    shown = []
    for key, row in sorted(ENTRIES.items()):
        made = now.get(key)
        if made is None:
            before = kept(row, folder, True) or kept(row, folder, False)
            made = Made(row, before) if before else Made(row, reason="not made yet")
        shown.append(made)
    return shown


def explored(shown: Sequence[Made]) -> Iterator[tuple[str, Path, Explored]]:
    """What the page opens in the explorer: the entry's key, the run's folder, and the view."""
    for made in shown:
        for one in made.content.get("items", ()):
            if one["kind"] == "explored":
                folder = Path(made.content["runs"][one["run"]])
                yield made.entry.key, folder, Explored(one["run"], one["view"], one["title"])


def write_explorer(folder: Path, shown: Sequence[Made]) -> None:
    """The explorer's page of all runs that an entry opens in it; without it, if its runtime cannot be fetched."""
    folders = list(dict.fromkeys(place for _, place, _ in explored(shown)))
    made_of_runs = digest([[str(one), Run(one).digest] for one in folders])
    done = folder / EXPLORER / ".made"
    if not folders or (done.is_file() and done.read_text() == made_of_runs):
        return
    note(f"the explorer's page, of {len(folders)} runs")
    try:
        for path, content in site(Runs(folders, device="cpu")).items():
            write_bytes(folder / EXPLORER / path, content)
        write_bytes(done, made_of_runs.encode())
    except TrompeError as error:
        note(f"the explorer's page is left out: {error}")


def training_seconds(run: Run) -> float:
    """Seconds that a run's training took, by its log."""
    seconds, before = 0.0, 0
    for line in run.log:
        if (rate := line.get("images_per_second")) and line["step"] > before:
            seconds += (line["step"] - before) * run.record.recipe.train.batch / rate
            before = line["step"]
    return seconds


@cache
def machine() -> str:
    """The processor, its cores, and a GPU where there is one."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{cpu_name()}, {torch.get_num_threads()} threads{gpu}, torch {torch.__version__}"


def summary(costs: Sequence[Cost]) -> str:
    """What a gallery will cost, in lines."""
    lines = []
    for one in costs:
        about = f"not possible: {one.reason.splitlines()[0]}" if one.reason else ", ".join(one.missing) or "done"
        lines.append(f"{one.entry.key:4}{one.minutes:6.1f} min  {about}")
    return "\n".join([*lines, f"in all about {sum(one.minutes for one in costs):.0f} min on two cores"])
