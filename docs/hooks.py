"""A hook of MkDocs: a line such as `<!-- table: measures -->` becomes a Markdown table made from trompe's registries,
and `<!-- modules: trompe.nets -->` the reference of all modules of a package.

So a page lists what there is, in the words of the command line, and nothing is written twice. `recipes vae gan` has
only the rows of these families.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

from torch import device

from trompe.data.samples import Format
from trompe.data.sources.named import SETS
from trompe.families import FAMILIES
from trompe.figures import FIGURES, FigureRow
from trompe.measures import MEASURES
from trompe.measures.requirements import REQUIREMENTS
from trompe.recipes import RECIPES
from trompe.recipes.build import build_model
from trompe.runs.capabilities import LACKS
from trompe.runs.predictor import Predictor
from trompe.runs.record import DataRecord, Record
from trompe.runs.run import Run

MARK = re.compile(r"^<!-- (table|modules): ([\w. -]+?) -->$", re.M)
CODE = re.compile(r"(`[^`]*`)")
CAPTIONED = "vae-digits"
"""A caption that depends on the run is that of this recipe's."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs with each page before it is rendered."""
    makers = {"table": table, "modules": modules}
    return MARK.sub(lambda found: makers[found[1]](*found[2].split()), markdown)


def modules(package: str) -> str:
    """The lines by which mkdocstrings describes each module of a package."""
    found = pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
    return "\n\n".join(f"::: {one.name}" for one in found if not one.ispkg)


def table(name: str, *words: str) -> str:
    """A table by its name.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in TABLES:
        raise ValueError(f"no table is named `{name}`; known: {', '.join(TABLES)}")
    headings, *rows = TABLES[name](*words)
    lines = [headings, ["---"] * len(headings), *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Text that stays in its cell: pipes and angle brackets are escaped, except in code, and lines are joined by
    breaks.
    """
    parts = CODE.split(text.strip())
    escaped = [part if place % 2 else part.replace("|", "\\|").replace("<", "&lt;") for place, part in enumerate(parts)]
    return "".join(escaped).replace("\n", "<br>")


Rows = Iterable[Sequence[str]]


def measures() -> Rows:
    yield "measure", "what it is", "values", "requires", "default of"
    for name, row in MEASURES.items():
        values = "\n".join(f"`{value}`: {meaning}" for value, meaning in row.values.items())
        default = [*["runs"] * row.default, *["samples"] * row.default_for_samples]
        yield f"`{name}`", row.about, values, ", ".join(row.requires), ", ".join(default)


def requirements() -> Rows:
    yield "of", "requirements"
    yield "the model", ", ".join(f"`{name}`" for name in LACKS)
    yield "the data", ", ".join(f"`{name}`" for name in REQUIREMENTS)


def figures() -> Rows:
    yield "figure", "title", "what it shows", "requires", "formats"
    for name, row in FIGURES.items():
        requires = [*row.requires, *["one run or several"] * row.compares]
        yield f"`{name}`", row.title, caption(row), ", ".join(requires), " ".join(f"`{one}`" for one in row.suffixes)


def caption(row: FigureRow) -> str:
    """A figure's caption; where it depends on the run, that of an untrained model."""
    if isinstance(row.caption, str):
        return row.caption
    recipe, data = RECIPES[CAPTIONED].make(), Format((1, 8, 8))
    run = Run.__new__(Run)  # without a folder
    run.record = Record(recipe, recipe, DataRecord(recipe.data.source, "", 1000, 100, data))
    run.predictor = Predictor(build_model(recipe, data), run.record, 0, device("cpu"))
    return row.caption(run)


def recipes(*kinds: str) -> Rows:
    yield "recipe", "what it is", "command", "cost", "expect"
    for name, row in RECIPES.items():
        if not kinds or row.make().family.kind in kinds:
            about = " ".join(row.about.split("\n\n")[0].split())
            expected = "\n".join(map(str, row.figures))
            yield f"`{name}`", about, f"`{row.command}`", row.cost, expected


def families() -> Rows:
    yield "family", "what it is", "flags"
    for kind, row in FAMILIES.items():
        flags = [f"`--family.{one.name.replace('_', '-')}`" for one in fields(row)]  # type: ignore[arg-type]
        yield f"`{kind}`", row.title, " ".join(flags)


def datasets() -> Rows:
    yield "name", "what it is"
    for name, row in SETS.items():
        yield f"`{name}`", row.about


TABLES: dict[str, Callable[..., Rows]] = {
    function.__name__: function for function in (measures, requirements, figures, recipes, families, datasets)
}
