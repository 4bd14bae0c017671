"""The report: one HTML file that explains a run, opens in any browser, and needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..data.samples import Samples
from ..figures import FIGURES, FigureRow, Request
from ..figures.table import encoded
from ..files import write_bytes
from ..measures.latents import ACTIVE_NATS
from ..measures.result import COPIES_NAME, Result, read_results, shown
from ..recipes.serialize import flat, to_json
from ..runs.run import Run
from ..training import monitor
from ..version import __version__

REPORT_NAME = "report.html"
FRAMES = 24
"""Sample grids in a report, at most."""


def write_report(run: Run, path: Path | None = None, data: Samples | None = None) -> Path:
    """Draw everything there is to see of a run into one HTML file, by default `report.html` in its folder, with these
    samples, by default those it was trained to test on.
    """
    path, data = path or run.folder / REPORT_NAME, data or run.data()
    loader = PackageLoader("trompe.web", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    results, copies = read_results(run.folder), run.folder / "figures" / COPIES_NAME
    page = environment.get_template("report.html").render(
        run=run,
        model=run.model,
        recipe=run.record.recipe,
        data=run.record.data,
        version=__version__,
        parameters=f"{sum(parameter.numel() for parameter in run.model.parameters()):,}",
        headline=headline([one for one in results if one.step == run.step and one.protocol["data"] == data.name]),
        figures=figures(run, data),
        grids=[{"step": step, "image": inline(grid.read_bytes())} for step, grid in thinned(run.sample_grids)],
        diagnostics=monitor.diagnostics(run.log, run.record.recipe),
        long_enough=monitor.long_enough(run.log),
        copies=inline(copies.read_bytes()) if copies.exists() else None,
        results=[(one, single(one)) for one in results],
        options=flat(to_json(run.record.recipe)),
    )
    write_bytes(path, page.encode())
    return path


def figures(run: Run, data: Samples) -> Iterator[tuple[FigureRow, str, str]]:
    """Every figure of the table that a report has and this run allows, with its caption and its image."""
    request = Request((run,), data, seed=1)
    for row in FIGURES.values():
        if row.in_report and row.unmet(run) is None:
            yield row, row.caption_of(run), inline(encoded(row.draw(request), ".png", row.seconds))


def headline(results: list[Result]) -> list[tuple[str, str]]:
    """The latest results in a few values with their units."""
    values = {name: value for one in results for name, value in one.values.items()}
    numbers = []
    if "classification_error" in values:
        numbers.append(("test error", f"{values['classification_error']:.2%}"))
    if "elbo" in values:
        kl = values["kl_per_dimension"]
        numbers += [
            ("ELBO, nats/image", f"{values['elbo']:.2f}"),
            (f"IWAE bound, K = {values['importance_samples']:,}", f"{values['iwae_bound']:.2f}"),
            ("reconstruction, nats/image", f"{values['reconstruction']:.2f}"),
            ("KL, nats/image", f"{values['kl']:.2f}"),
            ("active latent dimensions", f"{sum(one > ACTIVE_NATS for one in kl)} of {len(kl)}"),
        ]
    elif "squared_error" in values:
        numbers.append(("squared error per image", f"{values['squared_error']:.2f}"))
    if distances := [one.protocols["fid"] for one in results if "fid" in one.protocols]:
        name = "FID" if distances[-1]["features"] == "inception" else f"Frechet distance in {distances[-1]['features']}"
        numbers.append((f"{name}, {distances[-1]['samples']:,} samples", f"{values['frechet_distance']:.2f}"))
    if "copies" in values:
        numbers.append(("copies of training images", "yes" if values["copies"] else "no sign"))
    return numbers


def single(result: Result) -> dict[str, str]:
    """The values of a result that are one number, as text."""
    values: dict[str, Any] = {}
    for name, value in result.values.items():
        if isinstance(value, dict):
            values |= {f"{name}, {key}": one for key, one in value.items()}
        elif not isinstance(value, list | tuple):
            values[name] = value
    return {name.replace("_", " "): shown(value) for name, value in values.items()}


def thinned(grids: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """The sample grids, thinned out evenly to what a report can hold, the last one among them."""
    places = np.linspace(0, len(grids) - 1, min(len(grids), FRAMES))
    return [grids[place] for place in places.round().astype(int)]


def inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()
