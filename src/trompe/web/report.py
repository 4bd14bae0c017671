"""The report: one HTML file that explains a run, opens in any browser, and needs nothing beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from ..data.samples import Samples
from ..display.grid import evenly
from ..errors import TrompeError
from ..figures import FIGURES, FigureRow, Request
from ..figures.style import DPI, saved
from ..figures.table import Drawn, encoded
from ..files import write_bytes
from ..measures.result import COPIES_NAME, read_results
from ..recipes.serialize import flat, to_json
from ..runs.run import Run
from ..text import printable
from ..training import monitor
from ..version import __version__
from . import sentences
from .assets import asset

REPORT_NAME = "report.html"
FRAMES = 24
"""Sample grids in a report, at most."""
READABLE, NATURAL = 55, 96
"""Pixels an inch of a figure, at least and at most: at the former its labels can just be read, on a telephone too."""
AROUND = 0.04
"""Inches around a panel."""


class Shown(NamedTuple):
    """An image in the page, and between which widths: a figure with labels is scrolled rather than shrunk further."""

    source: str
    least: int = 0
    most: int = 0


class Section(NamedTuple):
    """A figure in the page: its images, or why these data have none."""

    figure: FigureRow
    caption: str
    images: list[Shown]
    reason: str = ""


def write_report(run: Run, path: Path | None = None, data: Samples | str | None = None) -> Path:
    """Draw everything there is to see of a run into one HTML file, by default `report.html` in its folder.

    Args:
        data: samples, or their name as `Run.data` takes it; by default those that the run was trained to test on.
    """
    path, given = path or run.folder / REPORT_NAME, data.name if isinstance(data, Samples) else data
    data = data if isinstance(data, Samples) else run.data(data)
    results, copies = read_results(run.folder), run.folder / "figures" / COPIES_NAME
    numbers = sentences.headline([one for one in results if one.step == run.step and one.protocol["data"] == data.name])
    drawn, grids = list(sections(run, data)), run.sample_grids
    grids = [grids[place] for place in evenly(len(grids), FRAMES)]
    words = [text for one in drawn for text in (one.figure.title, one.caption)]
    page = (
        environment()
        .get_template("report.html")
        .render(
            run=run,
            recipe=run.record.recipe,
            data=run.record.data,
            shown_data=given,
            version=__version__,
            style=Markup(asset("style.css").decode()),
            sentences=sentences,
            parameters=f"{sum(parameter.numel() for parameter in run.model.parameters()):,}",
            headline=numbers,
            sections=drawn,
            grids=[{"step": step, "image": inline(grid.read_bytes())} for step, grid in grids],
            diagnostics=monitor.diagnostics(run.log, run.record.recipe),
            copies=inline(copies.read_bytes()) if copies.exists() else None,
            results=[(one, sentences.single(one)) for one in results],
            options=flat(to_json(run.record.recipe)),
            terms=sentences.terms([*words, *(label for label, _ in numbers), "latent", "epoch"]),
        )
    )
    write_bytes(path, page.encode())
    return path


def environment(package: str = "trompe.web", readable: Callable[[str], str] = printable) -> Environment:
    """Templates whose every value is escaped, and of text that others chose only what is printable is shown.

    Args:
        package: that the templates lie in.
        readable: what is printable of a value.
    """
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=lambda value: value if hasattr(value, "__html__") else readable(str(value)),
    )


def sections(run: Run, data: Samples) -> Iterator[Section]:
    """Every figure of the table that a report has and this run allows. One that these data do not allow (a map of two
    images, say) gives the reason instead.
    """
    request = Request((run,), data, seed=1)
    for row in FIGURES.values():
        if row.in_report and row.unmet(run) is None:
            try:
                yield Section(row, row.caption_of(run), list(images_of(row.draw(request), row.seconds)))
            except TrompeError as error:
                yield Section(row, "", [], error.args[0])


def images_of(drawn: Drawn, seconds: float) -> Iterator[Shown]:
    """A figure as images: each of its panels, where they stand side by side, so that a narrow page can stack them."""
    if not isinstance(drawn, Figure):
        yield Shown(inline(encoded(drawn, ".png", seconds)))
        return
    boxes = side_by_side(drawn)
    contents = [saved(drawn, bbox_inches=box) for box in boxes] if boxes else [encoded(drawn, ".png", seconds)]
    for content in contents:
        with Image.open(io.BytesIO(content)) as image:
            inches = image.width / DPI
        yield Shown(inline(content), round(READABLE * inches), round(NATURAL * inches))


def side_by_side(drawn: Figure) -> list[Bbox]:
    """The boxes, in inches, of panels in one row that share nothing; none where the figure is to be shown whole."""
    panels = drawn.axes
    places = [panel.get_subplotspec() for panel in panels]
    shared = drawn.texts or drawn.legends or drawn.subfigs
    one_row = all(place is not None and place.get_gridspec().nrows == 1 for place in places)
    if len(panels) < 2 or shared or not one_row or len({place.num1 for place in places if place}) < len(panels):
        return []
    drawn.draw_without_rendering()
    found = [box.transformed(drawn.dpi_scale_trans.inverted()) for panel in panels if (box := panel.get_tightbbox())]
    whole = Bbox.union(found).padded(AROUND)
    return [Bbox.from_extents(box.x0 - AROUND, whole.y0, box.x1 + AROUND, whole.y1) for box in found]


def inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()
