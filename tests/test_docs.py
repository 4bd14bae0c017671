"""The documentation's tables are those of the registries, and its pages are complete."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import tomllib
from dataclasses import fields
from html import unescape
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.attrs import attrs_plugin

from trompe import cli
from trompe.data.sources.named import SETS
from trompe.experiments import EXPERIMENTS
from trompe.families import FAMILIES
from trompe.figures import FIGURES
from trompe.measures import MEASURES
from trompe.measures.requirements import REQUIREMENTS
from trompe.recipes import RECIPES
from trompe.registry import ENTRY_POINTS
from trompe.runs.capabilities import LACKS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

GUIDES = ("autoencoders", "discriminative-and-generative", "gans", "vaes")

spec = importlib.util.spec_from_file_location("registries", DOCS / "registries.py")
assert spec is not None
assert spec.loader is not None
registries = importlib.util.module_from_spec(spec)
spec.loader.exec_module(registries)


def markdown(text: str) -> str:
    """As MyST reads a page, as far as the tables go."""
    return str(MarkdownIt("commonmark").enable("table").use(attrs_plugin).render(text))


def rendered(*words: str) -> list[list[str]]:
    """The rows of a table as text, as a browser shows them, below its headings."""
    page = markdown(registries.expanded(f"<!-- table: {' '.join(words)} -->"))
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    headings, *found = [[unescape(re.sub(r"<[^>]+>", "", cell.replace("<br>", "\n"))) for cell in row] for row in cells]
    assert {len(row) for row in found} == {len(headings)}
    return found


def test_every_measure_stands_with_its_values_and_requirements() -> None:
    rows = {row[0]: row for row in rendered("measures")}
    assert list(rows) == list(MEASURES)
    for name, measure in MEASURES.items():
        _, about, values, requires, default = rows[name]
        assert about == measure.about
        assert values.split("\n") == [f"{value}: {meaning}" for value, meaning in measure.values.items()]
        assert requires == ", ".join(measure.requires)
        assert ("runs" in default, "samples" in default) == (measure.default, measure.default_for_samples)


def test_every_figure_stands_with_its_caption_and_formats() -> None:
    rows = {row[0]: row for row in rendered("figures")}
    assert list(rows) == list(FIGURES)
    for name, figure in FIGURES.items():
        _, title, caption, requires, formats = rows[name]
        assert title == figure.title
        assert len(caption) > 20
        assert set(figure.requires) <= set(requires.split(", "))
        assert ("several" in requires) == figure.compares
        assert formats.split() == list(figure.suffixes)


def test_every_recipe_stands_with_its_command_and_what_to_expect() -> None:
    rows = {row[0]: row for row in rendered("recipes")}
    assert list(rows) == list(RECIPES)
    for name, recipe in RECIPES.items():
        _, about, command, cost, expected = rows[name]
        assert about.endswith((".", "`"))
        assert (command, cost) == (recipe.command, recipe.cost)
        assert expected == "\n".join(map(str, recipe.figures)).replace("`", "")


def test_the_recipes_of_some_families_are_those_alone() -> None:
    assert {row[0] for row in rendered("recipes", "bigan", "aae")} == {"bigan-mnist", "aae-mnist"}


def test_the_guides_name_every_recipe() -> None:
    text = "".join(registries.expanded((DOCS / f"{page}.md").read_text()) for page in GUIDES)
    assert [name for name in RECIPES if f"| `{name}` |" not in text] == []


def test_every_family_stands_with_its_flags() -> None:
    rows = {row[0]: row for row in rendered("families")}
    assert list(rows) == list(FAMILIES)
    for kind, family in FAMILIES.items():
        assert rows[kind][1] == family.title
        assert rows[kind][2].split() == [f"--family.{one.name.replace('_', '-')}" for one in fields(family)]


def test_every_experiment_and_every_command_stands() -> None:
    experiments = rendered("experiments")
    assert [(row[0], row[1], row[2]) for row in experiments] == [
        (name, row.title, row.caption) for name, row in EXPERIMENTS.items()
    ]
    commands = rendered("commands")
    assert [row[0] for row in commands] == list(cli.COMMANDS)
    assert min(len(row[1]) for row in commands) > 20


@pytest.mark.parametrize("name", ["measures", "figures", "recipes", "families", "experiments", "commands"])
def test_every_row_can_be_linked_to(name: str) -> None:
    ids = re.findall(r'id="([^"]*)"', markdown(registries.table(name)))
    assert len(ids) == len(set(ids)) == len(rendered(name))


def test_every_requirement_and_every_data_set_stands() -> None:
    model, data = (row[1].split(", ") for row in rendered("requirements"))
    assert (model, data) == (list(LACKS), list(REQUIREMENTS))
    assert [row[0] for row in rendered("datasets")] == list(SETS)


@pytest.mark.parametrize(
    "text",
    ["log p(x | z)", "`a | b` and c | d", "x < y <script>", "two\nlines", "`<b>` & < `|`", ""],
)
def test_a_cell_shows_its_text_and_nothing_else(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {registries.cell(text)} | end |"
    cells = re.findall(r"<td>(.*?)</td>", markdown(table), re.S)
    assert len(cells) == 2
    plain = re.sub(r"</?code>", "", cells[0].replace("<br>", "\n"))
    assert "<" not in plain
    assert unescape(plain) == text.replace("`", "")


def test_a_table_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="no table is named `measure`; known: measures, "):
        registries.expanded("text\n\n<!-- table: measure -->\n")


def test_other_comments_and_text_stay() -> None:
    text = "<!-- note -->\n\nSee `<!-- table: measures -->` here.\n"
    assert registries.expanded(text) == text


def test_the_reference_has_every_module_but_the_command_line() -> None:
    pages = "".join(registries.expanded(page.read_text()) for page in (DOCS / "reference").glob("*.md"))
    described = set(re.findall(r"^\.\. automodule:: ([\w.]+)", pages, re.M))
    source = ROOT / "src"
    modules = {".".join(path.relative_to(source).with_suffix("").parts) for path in source.rglob("*.py")}
    hidden = ("trompe.cli", "trompe.web", "trompe.version", "trompe.device", "trompe.files", "trompe.terminal")
    missing = {one for one in modules if not one.endswith("__") and not one.startswith(hidden)} - described
    assert missing == set()


def navigation() -> set[Path]:
    """The pages in the tables of contents."""
    found = set()
    for page in PAGES:
        for listed in re.findall(r"^```\{toctree\}\n(.*?)```", page.read_text(), re.M | re.S):
            names = [line for line in listed.splitlines() if line and not line.startswith(":")]
            found |= {page.parent / f"{name}.md" for name in names}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_is_in_the_navigation_and_its_marks_are_known(page: Path) -> None:
    assert page in navigation() or page == DOCS / "index.md"
    assert not re.search(r"^<!-- ", registries.expanded(page.read_text()), re.M)


def test_the_page_on_extending_shows_every_example() -> None:
    page = (DOCS / "extending.md").read_text()
    assert f'[project.entry-points."{ENTRY_POINTS}"]' in page
    for path in sorted((ROOT / "examples" / "plugins").glob("*.py")):
        assert f"```{{literalinclude}} ../examples/plugins/{path.name}\n" in page


def test_there_is_a_notebook_for_each_part_of_the_lecture() -> None:
    titles = [
        page.read_text().split("\n# ", 1)[1] for page in (DOCS / "notebooks").glob("*.md") if page.stem != "index"
    ]
    assert sorted(title[:2] for title in titles) == ["A.", "B.", "C.", "D.", "E."]


@pytest.mark.parametrize("path", sorted((DOCS / "inventories").glob("*.txt")), ids=lambda path: path.stem)
def test_the_names_of_other_libraries_are_names_of_theirs(path: Path) -> None:
    """Without network these lists say what can be linked to; a library that renames something must fail here."""
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            name, _, page = line.split(" ")
            assert pkgutil.resolve_name(name if "." in name else f"builtins.{name}") is not None
            assert page.endswith(".html")


def test_contributing_names_every_layer() -> None:
    """`lint-imports` checks the layers; who reads about them must find each."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [name.removeprefix("trompe.") for layer in contracts[0]["layers"] for name in layer.split(" : ")]
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in layers if f"`{name}`" not in page and f"`{name}/`" not in page] == []
