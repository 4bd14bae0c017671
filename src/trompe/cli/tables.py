"""Results of measures as text: one, or several side by side where their protocols agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..measures.memorization import NOTABLE, SURE
from ..measures.result import Result, alike, repetitions, shown, spread
from ..measures.table import MEASURES, meanings
from ..text import printable, printable_lines


def show(results: Sequence[Result]) -> None:
    """Print results, one protocol per table."""
    several = len(results) > 1
    if not several:
        show_one(results[0])
    for measure in MEASURES if several else ():
        groups = alike(results, measure)
        if len(groups) > 1:
            print(f"{measure}: results of unlike protocols, not to be compared across tables")
        for group in groups:
            show_several(group, measure)
    for result in results:
        prefix = f"{title(result)}: " if several else ""
        for name, reason in result.skipped.items():
            print(printable_lines(f"{prefix}skipped {name}: {reason}"))


def show_one(result: Result) -> None:
    known = meanings()
    for name, value in result.values.items():
        if name in known:
            print(f"{name.replace('_', ' '):27} {shown(value):>14}  {known[name]}")
        elif isinstance(value, dict):
            for key, one in value.items():
                print(f"  {printable(key):25} {shown(one):>14}  {name.replace('_', ' ')}")
    if set(MEASURES["memorization"].values) <= {name for name, one in result.values.items() if one is not None}:
        print(memorization_in_words(result.values))
    print(f"protocol: {in_words(result.protocol)}")
    for name, own in result.protocols.items():
        if own:
            print(f"  {name}: {in_words(own)}")


def show_several(results: Sequence[Result], measure: str) -> None:
    """A table of one measure, of one protocol."""
    columns = [cells(result, measure) for result in results]
    table = Table(title=f"{measure} ({in_words(results[0].protocol_of(measure))})", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in headings(results):
        table.add_column(heading, justify="right", overflow="fold")
    over = spread(results) if repetitions(results) else {}
    if over:
        table.add_column("mean ± std", justify="right", no_wrap=True)
    for name in dict.fromkeys(name for column in columns for name in column):
        row = [column.get(name, "-") for column in columns]
        if over:
            row.append(" ± ".join(map(shown, over[name])) if name in over else "")
        table.add_row(name.replace("_", " "), *row)
    console = Console(highlight=False, soft_wrap=False, markup=False, emoji=False)
    console.print(table, width=None if console.is_terminal else 40 + 24 * (len(results) + 1))


def cells(result: Result, measure: str) -> dict[str, str]:
    """A column of a table: the values of a measure that are one number, and those by layer or class."""
    known, found = meanings(), {}
    for name in result.measures[measure]:
        value = result.values[name]
        if name in known:
            found[name] = shown(value)
        elif isinstance(value, dict):
            found |= {f"{name}, {printable(key)}": shown(one) for key, one in value.items()}
    return found


def headings(results: Sequence[Result]) -> list[str]:
    """A name for each result: its folder's, or the whole path where several have that name."""
    names = [title(result) for result in results]
    return names if len(set(names)) == len(names) else [title(result, whole=True) for result in results]


def title(result: Result, whole: bool = False) -> str:
    place = Path(result.source)
    return f"{printable(str(place if whole else place.name))} seed {result.protocol['seed']}"


def memorization_in_words(values: dict[str, Any]) -> str:
    if count := values["held_out_samples"]:
        return f"memorization: {count:,} samples equal held-out images bit for bit, which says nothing about copying"
    if values["copies"]:
        return (
            "memorization: this model COPIES training images: see the rates above, and the most copied samples beside "
            "their sources"
        )
    near, other = (
        min(1.0, max(NOTABLE, SURE * values[f"{name}_standard_error"])) for name in ("near_copy", "memorization")
    )
    return f"memorization: no sign of copies; {near:.0%} of near ones would show, or {other:.0%} of others"


def in_words(protocol: dict[str, Any]) -> str:
    return printable(", ".join(f"{name} {value}" for name, value in protocol.items()))
