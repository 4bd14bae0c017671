"""The gallery's page: its entries, in the order of the lecture, and what was measured beside what was published."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Template

from ..explorer.runs import Runs
from ..files import write_bytes
from ..text import printable_lines
from ..version import __version__
from ..web.assets import asset
from ..web.report import environment
from .make import EXPLORER, Made, explored
from .table import PARTS

DIGITS = 4
"""Significant digits of a value."""


def write_page(folder: Path, shown: Sequence[Made], quick: bool) -> None:
    """Write `index.html` with its style and script.

    Args:
        quick: whether this gallery is made in small.
    """
    page = template().render(
        parts=[(PARTS[letter], list(group)) for letter, group in groupby(shown, key=lambda one: one.entry.key[0])],
        addresses=addresses(shown) if (folder / EXPLORER / "index.html").is_file() else {},
        measured=measured(shown),
        quick=any(one.content.get("quick") for one in shown),
        machines=sorted({one.content["machine"] for one in shown if one.content}),
        seconds=all_seconds(shown),
        command=shlex.join(["trompe", "gallery", *(["--quick"] if quick else [])]),
        version=__version__,
    )
    write_bytes(folder / "index.html", page.encode())
    write_bytes(folder / "style.css", asset("style.css"))
    write_bytes(folder / "gallery.js", files("trompe.gallery").joinpath("gallery.js").read_bytes())


def template() -> Template:
    """The page, with what it writes numbers and times by."""
    made = environment("trompe.gallery", printable_lines)
    made.filters |= {"number": number, "duration": duration, "pictures": pictures}
    made.globals |= {"training_seconds": training_seconds}
    return made.get_template("gallery.html")


def addresses(shown: Sequence[Made]) -> dict[str, list[tuple[str, str]]]:
    """By entry, the addresses of what it opens in the explorer, each with its title."""
    found = list(explored(shown))
    folders = list(dict.fromkeys(folder for _, folder, _ in found))
    names = {folder: name for name, folder in Runs(folders).folders().items()}
    links: dict[str, list[tuple[str, str]]] = {}
    for key, folder, one in found:
        address = f"{EXPLORER}/index.html#{urlencode({'run': names[folder], 'view': one.view})}"
        links.setdefault(key, []).append((address, one.title))
    return links


def pictures(made: Made) -> list[dict[str, Any]]:
    """An entry's pictures, with the names of their files."""
    return [one for one in made.content["items"] if one["kind"] == "picture"]


def measured(shown: Sequence[Made]) -> list[dict[str, Any]]:
    """The values that have a published one beside them, with their entry."""
    return [
        one | {"entry": made.entry.key, "protocol": made.entry.protocol}
        for made in shown
        for one in made.content.get("items", ())
        if one["kind"] == "value" and one["published"]
    ]


def training_seconds(made: Made) -> float:
    """Seconds that an entry's trainings took; one that it shares with others counts for each."""
    return float(sum(made.content["training_seconds"].values()))


def all_seconds(shown: Sequence[Made]) -> float:
    """Seconds that all of it took, each training once."""
    made = [one.content for one in shown if one.content]
    trainings = {folder: seconds for one in made for folder, seconds in one["training_seconds"].items()}
    return float(sum(one["seconds"] for one in made) + sum(trainings.values()))


def number(value: float) -> str:
    """A value with few digits."""
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 10**DIGITS):
        return f"{value:,.0f}"
    return f"{value:.{DIGITS}g}".replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
