"""The gallery in docs/results.md: what its entries took, and the values on them that stand nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

from records import Entry, Rows, read, table

from trompe.gallery import ENTRIES
from trompe.gallery.page import duration, number


def gallery() -> Iterable[str]:
    """Times of the gallery, full and quick, and the values of its experiments."""
    records = {name: read(name)[0]["entries"] for name in ("gallery", "gallery-quick") if read(name)}
    if not records:
        return
    yield "## The gallery"
    yield (
        "`trompe gallery`, entry by entry: training, by the runs' logs, and drawing with measuring. Runs that entries "
        "share count for each. What stands as not made was not trained to its end on this machine."
    )
    rows: Rows = []
    for key, row in ENTRIES.items():
        times = [took(records[name].get(key)) for name in records]
        rows.append((key, row.title, *times))
    heads = {"gallery": "in full", "gallery-quick": "`--quick`"}
    yield table(("entry", "title", *(heads[name] for name in records)), rows)
    full = records.get("gallery", {})
    for key, row in ENTRIES.items():
        if row.experiments and key in full:
            yield f"**{key}, {row.title.rstrip('?')}**: {' '.join(full[key]['captions'])}"
            values = full[key]["values"]
            yield table(("value", "measured", "published"), [value_row(one) for one in values])
    machines = {one["machine"] for entries in records.values() for one in entries.values()}
    yield f"Machine: {'; '.join(sorted(machines))}."


def took(entry: Entry | None) -> str:
    if entry is None:
        return "not made"
    training = entry["training_seconds"]
    return (f"{duration(training)} + " if training else "") + duration(entry["seconds"])


def value_row(one: Entry) -> tuple[str, str, str]:
    theirs = one["published"]
    beside = f"{number(theirs['value'])}: {theirs['protocol']} ({theirs['source']})" if theirs else ""
    return f"{one['name']}{', ' + one['unit'] if one['unit'] else ''}", number(one["value"]), beside
