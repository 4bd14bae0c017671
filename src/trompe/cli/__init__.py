"""The command line: `trompe COMMAND ...`.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a bug of trompe's, 2 bad input, 3 a
training that could not go on, 130 interrupted. `--traceback` before the command, or `TROMPE_TRACEBACK=1`, shows where
an error arose.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import os
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from ..errors import BUG, INTERRUPTED, TrompeError, nearest
from ..text import printable_lines
from ..version import __version__
from .consoles import accept_all_text

MODULES = {
    "train": ("demo", "recipes", "train"),
    "data": ("data",),
    "predict": ("sample", "reconstruct", "encode"),
    "latents": ("decode", "interpolate", "arithmetic", "invert"),
    "evaluate": ("evaluate",),
    "figures": ("figure", "report"),
    "conv": ("conv",),
    "experiment": ("experiment",),
    "illusion": ("illusion",),
    "gallery": ("gallery",),
    "explore": ("explore",),
    "export": ("export", "push"),
}
COMMANDS = {name: module for module, names in MODULES.items() for name in names}
"""Each command and the module it lives in, in the order of the help."""
NAMED_FIRST = ("train", "conv", "experiment", "illusion")
"""Commands whose flags depend on the recipe, or on the command of their own, that is named first."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    traced = os.environ.get("TROMPE_TRACEBACK", "") not in ("", "0")
    try:
        accept_all_text()
        parsed, rest = parser().parse_known_args(words)
        traced = traced or parsed.traceback
        for plugin in parsed.plugin:
            from ..registry import load_plugin

            load_plugin(plugin)
        run(parsed.command, parsed.arguments + rest)
    except SystemExit as ended:  # help, or a command that set its own code
        end(ended.code)
    except BrokenPipeError:  # whoever read the output has seen enough
        end(0)
    except KeyboardInterrupt:
        end(INTERRUPTED, "interrupted")
    except Exception as error:
        if traced:
            traceback.print_exc()
        known = error if isinstance(error, TrompeError) else known_failure(error)
        end(known.exit_code if known else BUG, f"error: {known or bug(error)}")
    end(0)


def end(code: object, last_words: str = "") -> NoReturn:
    """Exit once all output is written, or its reader has gone."""
    try:
        if last_words:
            print(printable_lines(last_words), file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            code = code or TrompeError.exit_code
            with contextlib.suppress(OSError):
                print(f"error: {known_failure(error)}", file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):  # Python would try again as it exits
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)  # type: ignore[arg-type]


TOO_MUCH = (
    "out of memory",
    "tried to allocate",
    "Maximum allowed dimension exceeded",
    "Overflow when unpacking",
    "array is too big",
)
"""What torch and numpy say where there is not enough memory, or never could be."""


def known_failure(error: Exception) -> TrompeError | None:
    """What the system refused, in words; `None` for what is a fault of trompe's."""
    if isinstance(error, MemoryError) or any(word in str(error) for word in TOO_MUCH):
        hint = "ask for fewer or smaller images, batches or networks"
        return TrompeError("there is not enough memory for that", hint=hint)
    if isinstance(error, OSError) and error.strerror is not None:
        place = f" (`{error.filename}`)" if error.filename else ""
        return TrompeError(f"the system refused: {error.strerror}{place}", hint="check the path and its permissions")
    if isinstance(error, RuntimeError) and "home directory" in str(error):
        return TrompeError("no user of that name has a home folder here", hint="write the path without `~`")
    return None


def bug(error: Exception) -> TrompeError:
    """What nobody foresaw, in one line."""
    what = " ".join(str(error).split())
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return TrompeError(
        f"this is a bug of trompe's: {type(error).__name__}: {what} ({where})",
        hint=f"please report it with the command, what `TROMPE_TRACEBACK=1` adds, and version {__version__}",
    )


def run(name: str, arguments: list[str]) -> None:
    """Parse a command's own arguments and run it."""
    import tyro

    from .mistakes import own_words

    first = [word for word in arguments[:1] if name in NAMED_FIRST and not word.startswith("-")]
    with own_words(" ".join(["trompe", name, *first]), lambda: help_of(name, first)):
        if name in NAMED_FIRST:
            command(name)(arguments)
        else:
            tyro.cli(command(name), prog=f"trompe {name}", args=arguments, config=(tyro.conf.AvoidSubcommands,))


def help_of(name: str, first: list[str]) -> str:
    """The help of a command, or of what is named first after it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit, TrompeError):
        run(name, [*first, "--help"])
    return out.getvalue()


def command(name: str) -> Callable[..., None]:
    """The function of a command."""
    function: Callable[..., None] = getattr(import_module(f".{COMMANDS[name]}", __name__), name)
    return function


def first_lines(module: str) -> dict[str, str]:
    """What the functions of a module do, by their docstrings, read without the time that its import takes."""
    source = pkgutil.get_data(__name__, f"{module}.py") or b""
    functions = [one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)]
    return {one.name: (ast.get_docstring(one) or ".").splitlines()[0].rstrip(".") for one in functions}


class Parser(argparse.ArgumentParser):
    """A parser with errors like those of everything else."""

    def error(self, message: str) -> NoReturn:
        if wrong := re.match(r"argument COMMAND: invalid choice: '(.*?)'", message):
            hint = f"{nearest(wrong[1], COMMANDS)} (`trompe --help` lists the commands)"
            raise TrompeError(f"no command is named `{wrong[1]}`", hint=hint)
        raise TrompeError(message, hint="`trompe --help` lists the commands")


def parser() -> Parser:
    """The first words of the command line. Each command's own flags are read by tyro, from its function's signature."""
    top = Parser(
        prog="trompe",
        description="Train, measure and explore generative image models.",
        epilog="`trompe COMMAND --help` describes each.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"trompe {__version__}", help="Print the version and exit.")
    top.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="A file or module of your own that adds families, recipes, measures or figures.",
    )
    top.add_argument("--traceback", action="store_true", help="Show where an error arose.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    summaries = {name: about for module in MODULES for name, about in first_lines(module).items()}
    for name in COMMANDS:
        one = commands.add_parser(name, help=summaries[name], add_help=False, prefix_chars="\0")
        one.add_argument("arguments", nargs=argparse.REMAINDER)
    return top
