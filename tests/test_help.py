"""The help of every command, as it is committed in `tests/help`; `UPDATE_HELP=1` writes it anew."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

import pytest

from trompe import cli
from trompe.cli.conv import SUBCOMMANDS
from trompe.cli.illusion import SUBCOMMANDS as ILLUSIONS
from trompe.families import FAMILIES
from trompe.recipes import RECIPES

HELP = Path(__file__).parent / "help"
FIRST = {row.make().family.kind: name for name, row in reversed(list(RECIPES.items()))}
"""By family, the first recipe of it."""
COMMANDS = [
    "trompe",
    *(f"trompe {name}" for name in cli.COMMANDS),
    *(f"trompe train {FIRST[kind]}" for kind in FAMILIES),
    *(f"trompe conv {name}" for name in SUBCOMMANDS),
    *(f"trompe illusion {name}" for name in ILLUSIONS),
]


@pytest.fixture(autouse=True)
def fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COLUMNS", "100"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)


def help_of(command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as ended:
        cli.main([*command.split()[1:], "--help"])
    assert not ended.value.code
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def flags_of(command: str) -> set[str]:
    """`command --flag` for each flag in a command's help; those of all recipes are flags of `train`."""
    name = " ".join(command.split()[1:2] if command.startswith("trompe train") else command.split()[1:])
    lines = re.findall(r"^ +(-.*)", help_of(command), re.M)
    flags = (flag for line in lines for flag in re.findall(r"(?:^|, )(--?\w[\w.-]*)", line.split("  ")[0]))
    return {f"{name} {flag}".strip() for flag in flags}


def compare(name: str, text: str) -> None:
    path = HELP / f"{name}.txt"
    if os.environ.get("UPDATE_HELP"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "UPDATE_HELP=1 writes the help anew; see what changed"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_is_as_committed(command: str) -> None:
    compare(command.replace(" ", "-"), help_of(command))


def test_no_flag_is_new_or_lost() -> None:
    compare("flags", "\n".join(sorted(set().union(*map(flags_of, COMMANDS)))) + "\n")


def test_no_file_is_left_of_a_command_that_is_gone() -> None:
    assert {path.stem for path in HELP.glob("*.txt")} == {*(name.replace(" ", "-") for name in COMMANDS), "flags"}
