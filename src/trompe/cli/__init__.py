"""The command line: `trompe COMMAND ...`.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 2 bad input, 3 a training that could not go
on, 130 interrupted.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from ..errors import INTERRUPTED, TrompeError
from ..version import __version__

MODULES = {
    "train": ("demo", "recipes", "train"),
    "data": ("data",),
    "predict": ("sample", "reconstruct", "encode"),
    "latents": ("decode", "interpolate", "arithmetic", "invert"),
    "evaluate": ("evaluate",),
    "figures": ("figure", "report"),
    "conv": ("conv",),
}
COMMANDS = {name: module for module, names in MODULES.items() for name in names}
"""Each command and the module it lives in, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    try:
        parsed, rest = parser().parse_known_args(sys.argv[1:] if arguments is None else list(arguments))
        for plugin in parsed.plugin:
            from ..registry import load_plugin

            load_plugin(plugin)
        run(parsed.command, parsed.arguments + rest)
        sys.exit(0)
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        sys.exit(0)
    except (TrompeError, OSError, MemoryError, RuntimeError) as error:
        known = error if isinstance(error, TrompeError) else known_failure(error)
        if known is None:
            raise
        print(f"error: {known}", file=sys.stderr)
        sys.exit(known.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def known_failure(error: Exception) -> TrompeError | None:
    """What the system refused, in words; `None` for what is a fault of trompe's."""
    if isinstance(error, MemoryError) or any(word in str(error) for word in ("out of memory", "tried to allocate")):
        hint = "ask for fewer or smaller images, batches or networks"
        return TrompeError("there is not enough memory for that", hint=hint)
    if isinstance(error, OSError) and error.strerror is not None:
        place = f" (`{error.filename}`)" if error.filename else ""
        return TrompeError(f"the system refused: {error.strerror}{place}", hint="check the path and its permissions")
    return None


def run(name: str, arguments: list[str]) -> None:
    """Parse a command's own arguments and run it."""
    import tyro

    if name in ("train", "conv"):  # whose flags depend on the recipe, or on the subcommand, that is named first
        command(name)(arguments)
    else:
        tyro.cli(command(name), prog=f"trompe {name}", args=arguments, config=(tyro.conf.AvoidSubcommands,))


def command(name: str) -> Callable[..., None]:
    """The function of a command."""
    function: Callable[..., None] = getattr(import_module(f".{COMMANDS[name]}", __name__), name)
    return function


class Parser(argparse.ArgumentParser):
    """A parser with errors like those of everything else."""

    def error(self, message: str) -> NoReturn:
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
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        about = (inspect.getdoc(command(name)) or "").splitlines()[0].rstrip(".")
        one = commands.add_parser(name, help=about, add_help=False, prefix_chars="\0")
        one.add_argument("arguments", nargs=argparse.REMAINDER)
    return top
