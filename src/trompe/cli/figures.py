"""Commands that draw: `figure`, `report`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import tyro

from ..files import RECORD_NAME, expanded
from .flags import Class, Data, Device, Folder, Force, Snapshot, check_paths, label_of, open_run
from .outputs import may_write, print_rows, suffix_of, write, written


def figure(
    name: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="FIGURE")] = None,
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = (),
    data: Data = None,
    snapshot: Snapshot = None,
    count: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None,
    class_name: Class = None,
    seed: int = 0,
    fps: float | None = None,
    scale: int = 1,
    out: Path | None = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Draw one figure of a run, or of several side by side; alone, list the figures.

    Args:
        name: The figure by its name; `trompe figure` alone lists all.
        runs: The run folder, or several for a figure that compares them.
        count: Number of images, of a figure that takes it.
        seed: Seed of the samples drawn.
        fps: Frames per second of an animation.
        scale: How many times as many pixels along each side.
        out: The file to write; by default under `figures/` in the (first) run. An `.mp4` needs ffmpeg.
    """
    from ..errors import TrompeError

    if name is not None and (Path(name) / RECORD_NAME).is_file():
        figure_name = runs[0] if runs else "FIGURE"
        raise TrompeError(f"`{name}` is a run", hint=f"the figure comes first: `trompe figure {figure_name} {name}`")
    for run in runs:
        check_paths(run, data=data)
    from ..figures import FIGURES, draw

    if name is None:
        list_figures()
        return
    row = FIGURES[name]
    if not runs:
        raise TrompeError("no run folder was given", hint=f"give one: `trompe figure {name} runs/mine`")
    parts = [name, *(run.resolve().name for run in runs[1:]), data, class_name, count and f"n{count}"]
    parts += [None if snapshot is None else f"step-{snapshot}"]
    stem = "-".join(re.sub(r"[^\w.]+", "-", str(part)).strip("-") for part in parts if part is not None)
    path = out or runs[0] / "figures" / f"{stem}{row.suffixes[0]}"
    suffix = suffix_of(path, *row.suffixes)
    if out is not None:
        may_write(out, (data,), force)
    opened = [open_run(run, device, snapshot) for run in runs]
    conditional = max(opened, key=lambda run: run.model.num_classes > 0)
    labels = None if class_name is None else label_of(conditional, class_name)
    drawn = draw(
        name,
        opened,
        data,
        seed=seed,
        suffix=suffix,
        count=count,
        label=labels[0] if labels else None,
        fps=fps,
        scale=scale,
    )
    write(path, drawn)


def list_figures() -> None:
    """Print every figure: its title, what it requires and takes, and its formats."""
    from ..figures import FIGURES

    rows = {}
    for name, row in FIGURES.items():
        several = "several runs; " if row.compares else ""
        requires = f"requires: {', '.join(row.requires)}; " if row.requires else ""
        flags = "".join(f"{'-n' if option == 'count' else '--class'}; " for option in row.options)
        rows[name] = f"{row.title}\n{several}{requires}{flags}{' '.join(row.suffixes)}"
    print_rows(rows)


def report(
    run: Folder, data: Data = None, out: Path | None = None, force: Force = False, device: Device = None
) -> None:
    """Write a run's report: one HTML file that opens in any browser.

    Args:
        out: The file to write; by default `report.html` in the run.
    """
    if out is not None:
        suffix_of(out, ".html")
        may_write(out, (data,), force)
    check_paths(run, data=data)
    from ..web.report import write_report

    written(write_report(open_run(run, device), out and expanded(out), data))
