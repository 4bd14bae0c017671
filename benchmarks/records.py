"""The results on record in docs/results, and how the page shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reporting import RESULTS

from trompe.recipes import RECIPES, Published

Entry = dict[str, Any]
Rows = list[tuple[object, ...]]


def read(*names: str) -> list[Entry]:
    """The records of these names that there are."""
    paths = [RESULTS / f"{name}.json" for name in names]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def values(entry: Entry) -> dict[str, Any]:
    """What `trompe evaluate` measured of a recorded run."""
    found: dict[str, Any] = entry["evaluation"]["values"]
    return found


def protocol(entry: Entry, measure: str) -> dict[str, Any]:
    found: dict[str, Any] = entry["evaluation"]["protocols"][measure]
    return found


def published(recipe: str) -> Published:
    """The published value that stands beside a recipe."""
    return next(figure.published for figure in RECIPES[recipe].figures if figure.published is not None)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def command(entry: Entry) -> str:
    return f"`{entry['command']}`"


def took(entry: Entry) -> str:
    """How long a training took, and under which conditions."""
    minutes = entry["training_seconds"] / 60
    return f"{minutes:.0f} min ({entry['conditions']})" if minutes >= 0.5 else "seconds"


def plus_minus(value: float, error: float, digits: int) -> str:
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def machine(conditions: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in conditions["packages"].items() if version)
    hardware = f"{conditions['cpu']}, {conditions['cores']} cores, {conditions.get('device', 'no GPU')}"
    return (
        f"Machine: {hardware}; Python {conditions['python']}, {versions}; commit {conditions['commit']}, load before "
        f"the start {conditions['load']:.1f}."
    )
