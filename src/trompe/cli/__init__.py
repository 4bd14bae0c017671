"""The command line: `trompe COMMAND ...`.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 2 bad input, 3 a training that could not
go on, 130 interrupted.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from .. import __version__
from ..errors import INTERRUPTED, TrompeError

COMMANDS = {
    "demo": "making",
    "recipes": "making",
    "train": "making",
    "data": "showing",
    "sample": "using",
    "reconstruct": "using",
    "encode": "using",
    "decode": "codes",
    "interpolate": "codes",
    "arithmetic": "codes",
    "invert": "codes",
    "evaluate": "measuring",
    "figure": "showing",
    "report": "showing",
    "conv": "convolving",
}
"""Each command and the module it lives in, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    name = parser().parse_args(arguments[:1]).command
    try:
        sys.exit(run(name, arguments[1:]))
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        sys.exit(0)
    except TrompeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (OSError, MemoryError, RuntimeError) as error:
        known = known_failure(error)
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
        return TrompeError(
            "there is not enough memory for that", hint="ask for fewer or smaller pictures, batches or networks"
        )
    if isinstance(error, OSError) and error.strerror is not None:
        place = f" (`{error.filename}`)" if error.filename else ""
        return TrompeError(
            f"the system refused: {error.strerror}{place}", hint="check the path and who may write there"
        )
    return None


def run(name: str, arguments: list[str]) -> int:
    """Parse a command's own arguments and run it."""
    if name == "train":  # its flags are the fields of the recipe that is named first
        from .making import train

        return train(arguments)
    import tyro

    function = command(name)
    return tyro.cli(function, prog=f"trompe {name}", args=arguments, config=(tyro.conf.AvoidSubcommands,)) or 0


def command(name: str) -> Callable[..., int | None]:
    """The function of a command."""
    function: Callable[..., int | None] = getattr(import_module(f".{COMMANDS[name]}", __name__), name)
    return function


def parser() -> argparse.ArgumentParser:
    """The first word of the command line. Each command's own flags are read by tyro, from its function's signature."""
    top = argparse.ArgumentParser(
        prog="trompe",
        description="Train, measure and explore generative image models.",
        epilog="`trompe COMMAND --help` says more of each.",
    )
    top.add_argument("--version", action="version", version=f"trompe {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        about = inspect.getdoc(command(name)) or ""
        commands.add_parser(name, help=about.splitlines()[0].rstrip("."), add_help=False)
    return top
