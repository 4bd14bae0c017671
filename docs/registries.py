"""An extension of Sphinx: a line such as `<!-- table: measures -->` becomes a Markdown table made from trompe's
registries, and `<!-- modules: trompe.nets -->` the reference of all modules of a package.

So a page lists what there is, in the words of the command line, and nothing is written twice. `recipes vae gan` has
only the rows of these families. The rows of the other tables can be linked to: `[`elbo`](#measure-elbo)`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import partial
from importlib import import_module
from typing import Any

from sphinx.addnodes import desc_annotation
from torch import device

import trompe
from trompe.cli import COMMANDS, command
from trompe.data.samples import Format
from trompe.data.sources.named import SETS
from trompe.experiments import EXPERIMENTS
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

MARK = re.compile(r"^<!-- (table|modules?): ([\w. -]+?) -->$", re.M)
CODE = re.compile(r"(`[^`]*`)")
SHORT = {
    "Tensor": "torch.Tensor",
    "nn.Module": "torch.nn.Module",
    "torch.nn.modules.module.Module": "torch.nn.Module",
    "torch.nn.modules.container.Sequential": "torch.nn.Sequential",
    "ndarray": "numpy.ndarray",
    "numpy.random._generator.Generator": "numpy.random.Generator",
    "matplotlib.axes._axes.Axes": "matplotlib.axes.Axes",
} | {
    f"trompe.{name}": f"{one.__module__}.{one.__qualname__}"
    for name in trompe.__all__
    if hasattr(one := getattr(trompe, name), "__qualname__")
}
LONGEST_VALUE = 60
"""Characters of a constant that its reference shows."""
CAPTIONED = "vae-digits"
"""A caption that depends on the run is that of this recipe's."""


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", lambda _app, _page, source: source.__setitem__(0, expanded(source[0])))
    kept: dict[str, list[str]] = {}
    app.connect("autodoc-process-docstring", partial(keep, kept), priority=499)  # Napoleon is at 500
    app.connect("autodoc-process-docstring", partial(restore, kept), priority=501)
    app.connect("object-description-transform", without_long_values)
    app.connect("missing-reference", resolve, priority=400)  # before intersphinx
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def keep(kept: dict[str, list[str]], _app: Any, what: str, name: str, *others: Any) -> None:
    """Keep the docstring of an attribute, in which Napoleon takes what stands before the first colon for a type."""
    if what in ("attribute", "data", "property"):
        kept[name] = list(others[-1])


def restore(kept: dict[str, list[str]], _app: Any, what: str, name: str, *others: Any) -> None:
    """The docstring of an attribute as it was, and in all docstrings pipes that are pipes, as in Markdown."""
    lines = others[-1]
    if what in ("attribute", "data", "property"):
        lines[:] = kept.pop(name)
    lines[:] = [outside_code(line, {"|": "\\|"}) for line in lines]


def outside_code(text: str, replaced: dict[str, str]) -> str:
    """Text with characters replaced, except in code."""
    parts = CODE.split(text)
    return "".join(part if place % 2 else part.translate(str.maketrans(replaced)) for place, part in enumerate(parts))


def without_long_values(_app: Any, _domain: str, kind: str, content: Any) -> None:
    """A table in a module is described by its docstring, and not by all of its rows."""
    if kind in ("data", "attribute"):
        for part in list(content.parent.findall(desc_annotation)):
            if part.astext().lstrip().startswith("=") and len(part.astext()) > LONGEST_VALUE:
                part.parent.remove(part)


def resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A link to what stands under a short name in trompe or in jaxtyping's annotations, or to the name of a type."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"]
    owner, dot, member = name.rpartition(".")
    name = SHORT.get(name) or SHORT.get(owner, owner) + dot + member
    node["reftarget"] = name  # for intersphinx, if it is not trompe's
    return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)


def expanded(markdown: str) -> str:
    """A page with its marks replaced."""
    makers = {"table": table, "modules": modules, "module": module}
    return MARK.sub(lambda found: makers[found[1]](*found[2].split()), markdown)


def modules(package: str) -> str:
    """The reference of each module of a package."""
    path = import_module(package).__path__
    return "\n\n".join(module(one.name) for one in pkgutil.walk_packages(path, f"{package}.") if not one.ispkg)


def module(name: str) -> str:
    """The reference of a module."""
    return f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```"


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
    """Text that stays in its cell: pipes are escaped, angle brackets too except in code, and lines are joined by
    breaks.
    """
    return outside_code(text.strip(), {"<": "&lt;"}).replace("|", "\\|").replace("\n", "<br>")


def target(kind: str, name: str) -> str:
    """A row's name, to which `#kind-name` links."""
    return f"`{name}`{{#{kind}-{name}}}"


Rows = Iterable[Sequence[str]]


def measures() -> Rows:
    yield "measure", "what it is", "values", "requires", "default of"
    for name, row in MEASURES.items():
        values = "\n".join(f"`{value}`: {meaning}" for value, meaning in row.values.items())
        default = [*["runs"] * row.default, *["samples"] * row.default_for_samples]
        yield target("measure", name), row.about, values, ", ".join(row.requires), ", ".join(default)


def requirements() -> Rows:
    yield "of", "requirements"
    yield "the model", ", ".join(f"`{name}`" for name in LACKS)
    yield "the data", ", ".join(f"`{name}`" for name in REQUIREMENTS)


def figures() -> Rows:
    yield "figure", "title", "what it shows", "requires", "formats"
    for name, row in FIGURES.items():
        requires = [*row.requires, *["one run or several"] * row.compares]
        yield (
            target("figure", name),
            row.title,
            caption(row),
            ", ".join(requires),
            " ".join(f"`{one}`" for one in row.suffixes),
        )


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
            first = f"`{name}`" if kinds else target("recipe", name)  # in the table of all, each stands once
            yield first, about, f"`{row.command}`", row.cost, expected


def families() -> Rows:
    yield "family", "what it is", "flags"
    for kind, row in FAMILIES.items():
        flags = [f"`--family.{one.name.replace('_', '-')}`" for one in fields(row)]  # type: ignore[arg-type]
        yield target("family", kind), row.title, "\n".join(flags)


def datasets() -> Rows:
    yield "name", "what it is"
    for name, row in SETS.items():
        yield f"`{name}`", row.about


def experiments() -> Rows:
    yield "experiment", "title", "what it shows", "minutes on two cores"
    for name, row in EXPERIMENTS.items():
        yield target("experiment", name), row.title, row.caption, f"{row.minutes:g}"


def commands() -> Rows:
    yield "command", "what it does"
    for name in COMMANDS:
        yield target("command", name), (command(name).__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


TABLES: dict[str, Callable[..., Rows]] = {
    function.__name__: function
    for function in (measures, requirements, figures, recipes, families, datasets, experiments, commands)
}
