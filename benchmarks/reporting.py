"""What every benchmark reports beside its values: the machine, the versions, the commit; a table and a JSON file.

Nothing here imports torch, so that a script that measures start-up and memory stays small itself.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from trompe.machine import cpu_name

PACKAGES = ("torch", "numpy", "pillow", "pythae")
RESULTS = Path(__file__).parent.parent / "docs" / "results"


def conditions() -> dict[str, Any]:
    """The conditions of a measurement. The load shows whether the machine was quiet."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
        "commit": commit(),
    }


def command() -> str:
    """The command line of this script, without the file that it writes, and with `$TROMPE_DATA` by name."""
    words, root = sys.argv[1:], os.environ.get("TROMPE_DATA")
    for flag in {"--json", "--out"} & set(words):
        place = words.index(flag)
        del words[place : place + 2]
    words = [word.replace(f"{root}/", "$TROMPE_DATA/") if root else word for word in words]
    return " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def commit() -> str:
    """The commit these scripts lie in, `-dirty` where files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def report(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    values: dict[str, Any],
    before: dict[str, Any],
    to: Path | None,
) -> None:
    """Print a table, and write values and conditions as JSON where a file is given.

    Args:
        before: the conditions before the measurement, whose load is not its own.
    """
    print(f"{before['cpu']}, {before['cores']} cores, torch {before['packages']['torch']}, commit {before['commit']}")
    print(table(header, rows))
    if to is not None:
        write(to, {"command": command(), "conditions": before, **values})


def record(entry: dict[str, Any], to: Path | None) -> None:
    """Print an entry as JSON, and write it where a file is given."""
    print(json.dumps(entry, indent=2))
    if to is not None:
        write(to, entry)


def write(path: Path, entry: dict[str, Any]) -> None:
    path.write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be, the first aligned to the left."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for first, *others in (header, *rows):
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)


def paired_ratio(values: Sequence[float], references: Sequence[float]) -> float:
    """The median over rounds of the ratio within a round."""
    return median(value / reference for value, reference in zip(values, references, strict=True))


def note(text: str) -> None:
    """Print a message to stderr: it is not a result."""
    print(text, file=sys.stderr, flush=True)
