"""The command `gallery`: the lecture, regenerated."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import tyro

from ..errors import TrompeError
from ..files import expanded
from ..text import printable_lines
from .flags import Device, Json

INDEX = "index.html"


def gallery(
    out: Path = Path("gallery"),
    only: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY")] = (),
    quick: bool = False,
    plan: bool = False,
    runs: tuple[Path, ...] = (),
    force: bool = False,
    json_: Annotated[Json, tyro.conf.arg(name="json")] = False,
    device: Device = None,
) -> None:
    """Regenerate the lecture: every figure from real runs, as a small static website.

    Interrupted, the same command goes on. Entries whose data are not at hand say so on the page.

    Args:
        out: The folder of the website; runs are trained in its folder `runs`.
        only: Entries by their keys, as `A1,D3`, or whole parts, as `A`; by default all.
        quick: Every figure in small, in about ten minutes.
        plan: Say what it will cost, and stop.
        runs: Folders of runs trained elsewhere, to be used where recipe and data are the same.
        force: Make every entry again, also in a folder that holds something else; trained runs stay.
    """
    folder = expanded(out)
    if folder.is_file():
        raise TrompeError(f"`{folder}` is a file, and a folder is needed", hint="give another `--out`")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "runs").is_dir() and not force:
        hint = "choose a new folder, or put the gallery into this one with `--force`"
        raise TrompeError(f"`{folder}` is not empty, and no gallery", hint=hint)
    from ..experiments.store import Store
    from ..gallery import make_gallery
    from ..gallery.make import chosen, summary
    from ..gallery.make import plan as costs_of

    store = Store(folder / "runs", runs, device=device)
    keys = [key for one in only for key in one.replace(",", " ").split()]
    costs = costs_of(chosen(keys), folder, store, quick)
    if plan:
        rows = [{"entry": one.entry.key, "minutes": one.minutes, "missing": one.missing} for one in costs]
        print(json.dumps(rows) if json_ else printable_lines(summary(costs)))
        return
    print(printable_lines(summary(costs)), file=sys.stderr)
    made = make_gallery(folder, store, only=keys, quick=quick, again=force)
    if json_:
        print(json.dumps({one.entry.key: one.content or {"reason": one.reason} for one in made}))
    else:
        print(printable_lines(str(out / INDEX)))
