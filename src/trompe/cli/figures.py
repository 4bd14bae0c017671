"""Commands that draw: `figure`, `report`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import tyro

from .flags import Data, Device, Folder, open_run
from .outputs import print_rows, suffix_of, write


def figure(
    name: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="FIGURE")] = None,
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = (),
    data: Data = None,
    seed: int = 0,
    out: Path | None = None,
    device: Device = None,
) -> None:
    """Draw one figure of a run, or of several side by side; alone, list the figures.

    Args:
        name: The figure by its name; `trompe figure` alone lists all.
        runs: The run folder, or several for a figure that compares them.
        seed: Seed of the samples drawn.
        out: The file to write; by default under `figures/` in the (first) run.
    """
    from ..errors import TrompeError
    from ..figures import FIGURES, draw

    if name is None:
        rows = {}
        for name, row in FIGURES.items():
            several = "several runs; " if row.compares else ""
            requires = f"requires: {', '.join(row.requires)}; " if row.requires else ""
            rows[name] = f"{row.title}\n{several}{requires}{' '.join(row.suffixes)}"
        print_rows(rows)
        return
    row = FIGURES[name]
    if not runs:
        raise TrompeError("no run folder was given", hint=f"give one: `trompe figure {name} runs/mine`")
    of_data = "" if data is None else "-" + re.sub(r"\W+", "-", data).strip("-")
    against = "".join(f"-{run.resolve().name}" for run in runs[1:])
    path = out or runs[0] / "figures" / f"{name}{against}{of_data}{row.suffixes[0]}"
    suffix = suffix_of(path, *row.suffixes)
    write(path, draw(name, [open_run(run, device) for run in runs], data, seed=seed, suffix=suffix))


def report(run: Folder, out: Path | None = None, device: Device = None) -> None:
    """Write a run's report: one HTML file that opens in any browser.

    Args:
        out: The file to write; by default `report.html` in the run.
    """
    from ..web.report import write_report

    if out is not None:
        suffix_of(out, ".html")
    print(write_report(open_run(run, device), out))
