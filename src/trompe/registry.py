"""Tables of named rows: families, recipes, measures and figures. A row is added where the thing is defined, in trompe,
in a user's own file, or in an installed package.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from .errors import TrompeError, nearest

ENTRY_POINTS = "trompe.plugins"
"""An installed package names its module under this group of entry points."""

Row = TypeVar("Row")


class Registry(Mapping[str, Row]):
    """Rows by name, in the order in which they were added."""

    def __init__(self, noun: str, list_command: str, plural: str = "") -> None:
        self.noun, self.list_command, self.plural = noun, list_command, plural or f"{noun}s"
        self.rows: dict[str, Row] = {}

    def add(self, name: str, row: Row) -> Row:
        """Add a row.

        Raises:
            TrompeError: another row has this name.
        """
        if name in self.rows:
            raise TrompeError(f"there are two {self.plural} named `{name}`", hint="rename yours")
        self.rows[name] = row
        return row

    def __getitem__(self, name: str) -> Row:
        """The row of this name.

        Raises:
            TrompeError: there is none; the hint names the nearest.
        """
        if name not in self:
            hint = f"{nearest(name, self.rows)} (`{self.list_command}` lists all; `--plugin FILE.py` adds your own)"
            raise TrompeError(f"no {self.noun} is named `{name}`", hint=hint)
        return self.rows[name]

    def __contains__(self, name: object) -> bool:
        if name not in self.rows:
            load_installed()
        return name in self.rows

    def __iter__(self) -> Iterator[str]:
        load_installed()
        return iter(self.rows)

    def __len__(self) -> int:
        load_installed()
        return len(self.rows)


_installed = False


def load_installed() -> None:
    """Import the plugins of installed packages, once."""
    global _installed
    if _installed:
        return
    _installed = True  # first, since a plugin may look into a registry
    from importlib.metadata import entry_points

    for plugin in entry_points(group=ENTRY_POINTS):
        with import_errors(plugin.value):
            plugin.load()


def load_plugin(name: str) -> ModuleType:
    """A plugin by the path of its file, or by the name of its module; what it registers is then known.

    Raises:
        TrompeError: there is no such file or module, or it cannot be imported.
    """
    if not name.endswith(".py"):
        with import_errors(name):
            return importlib.import_module(name)
    path = Path(name).resolve()
    if not path.is_file():
        raise TrompeError(f"there is no Python file at `{path}`", hint="check the path")
    for imported in (path.stem, str(path)):
        if (known := sys.modules.get(imported)) is not None and getattr(known, "__file__", None) == str(path):
            return known
    spec = importlib.util.spec_from_file_location(str(path), path)  # `json.py` must not stand in for `json`
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[str(path)] = module  # dataclasses look their module up
    try:
        with import_errors(name):
            spec.loader.exec_module(module)
    except TrompeError:
        del sys.modules[str(path)]  # half of it would be taken for the whole
        raise
    return module


@contextmanager
def import_errors(name: str) -> Iterator[None]:
    """Whatever a plugin raises while it is imported, as an error that names it and the line."""
    try:
        yield
    except TrompeError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text, file, line = str(error), last.filename, last.lineno
        if isinstance(error, SyntaxError):
            text, file, line = error.msg, error.filename or name, error.lineno
        raise TrompeError(
            f"the plugin `{name}` cannot be imported: {type(error).__name__}: {text} (`{file}`, line {line})",
            hint="correct it, or leave it out",
        ) from error
