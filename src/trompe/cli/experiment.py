"""The command `experiment`: the lecture's claims, trained and measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from ..errors import TrompeError
from ..files import expanded, write_json
from ..text import printable_lines
from .flags import Device, Force, Json
from .outputs import may_write, print_rows, suffix_of, write


def experiment(arguments: list[str]) -> None:
    """Run one experiment of the lecture: it trains what it needs, and draws and prints what it finds.

    `trompe experiment NAME --help` shows its flags; alone, the command lists the experiments.
    """
    if arguments and arguments[0] in ("-h", "--help"):  # without the seconds that the experiments take to import
        print("usage: trompe experiment NAME [--out FILE] [OPTIONS]\n")
        print("`trompe experiment` lists the experiments; `trompe experiment NAME --help` describes each.")
        return
    from ..experiments import EXPERIMENTS

    if not arguments:
        print_rows({name: row.title for name, row in EXPERIMENTS.items()})
        return
    name, *rest = arguments
    if name.startswith("-"):
        raise TrompeError(f"`trompe experiment` begins with a name, not with `{name}`", hint="alone, it lists them")
    from ..figures.table import STATIC

    row = EXPERIMENTS[name]
    config = (tyro.conf.AvoidSubcommands,)
    prog = f"trompe experiment {name}"
    parsed = tyro.cli(flags_of(row), prog=prog, args=rest, config=config, description=f"{row.title}. {row.caption}")
    out = parsed.out or Path(f"{name}.png")
    suffix_of(out, *STATIC)
    may_write(out, (getattr(parsed.options, "data", None),), parsed.force)
    from ..experiments.store import Store

    options = row.quick if parsed.quick else parsed.options
    if parsed.quick and parsed.options != row.options():
        raise TrompeError("`--quick` has options of its own, and others were given too", hint="leave one of them out")
    found = row.run(options, Store(parsed.runs, parsed.others, device=parsed.device))
    write(out, found.figure, quiet=parsed.json)
    result = {
        "experiment": name,
        "values": [{"name": one.name, "value": one.value, "unit": one.unit} for one in found.values],
        "protocol": found.protocol,
        "numbers": found.numbers,
    }
    if parsed.numbers is not None:
        write_json(expanded(parsed.numbers), result)
    if parsed.json:
        print(json.dumps(result))
        return
    for one in found.values:
        beside = f"; published {one.published}" if one.published else ""
        print(printable_lines(f"{one.name}: {one.value:.4g} {one.unit}".rstrip() + beside))
    print(printable_lines(found.protocol))


def flags_of(row: Any) -> Any:
    """The flags of an experiment: its options, and these."""
    defaults = row.options()

    @dataclass(frozen=True)
    class ExperimentArguments:
        options: Any = defaults
        quick: bool = False
        """Run it small, in about half a minute, with options of its own."""
        out: Path | None = None
        """The figure's file; by default the experiment's name here."""
        runs: Path = Path("runs/experiments")
        """The folder that trained runs are kept in, and found again."""
        others: tuple[Path, ...] = ()
        """Folders of runs trained elsewhere, to be used where recipe and data are the same."""
        numbers: Path | None = None
        """Also write all numbers behind the figure, as JSON."""
        json: Json = False
        force: Force = False
        device: Device = None

    ExperimentArguments.__annotations__["options"] = Annotated[row.options, tyro.conf.arg(name="")]
    return ExperimentArguments
