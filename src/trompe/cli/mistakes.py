"""What cannot be parsed, in the words of every other error: what was wrong, and a hint with the nearest right flag."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from types import NoneType
from typing import Any, get_args, get_origin

from ..errors import TrompeError, nearest

ELSEWHERE = {
    "batch-size": "batch", "bs": "batch", "cuda": "device", "data-dir": "data", "data-path": "data",
    "dataset": "data", "epoch": "steps", "epochs": "steps", "fid": "measures", "gpu": "device", "gpus": "device",
    "image-size": "size", "img-size": "size", "input": "data", "iterations": "steps", "iters": "steps",
    "latent-dim": "latent", "lr": "learning-rate", "max-epochs": "steps", "max-steps": "steps", "metrics": "measures",
    "n-epochs": "steps", "n-samples": "count", "num-epochs": "steps", "num-images": "count",
    "num-iterations": "steps", "num-samples": "count", "num-steps": "steps", "output": "out", "output-dir": "out",
    "random-seed": "seed", "resolution": "size", "save-dir": "out", "wd": "weight-decay", "z-dim": "latent",
}  # fmt: skip
"""Flags of other tools, and the last part of trompe's."""
KINDS = {int: "whole number", float: "number"}


@contextlib.contextmanager
def own_words(command: str, help_text: Callable[[], str]) -> Iterator[None]:
    """Turn what tyro reports while it parses a command into `TrompeError`; `help_text` gives the command's help.

    tyro's hook for this is not part of its stable interface: where it is missing, or an event is other than expected,
    tyro's own words stand.
    """
    try:
        from tyro._errors import on_parse_error
    except ImportError:
        yield
        return

    def report(event: Any) -> None:
        try:
            error = in_words(event, command, help_text)
        except (AttributeError, TypeError, LookupError):
            return
        if error is not None:
            raise error

    with on_parse_error(report):
        yield


def in_words(event: Any, command: str, help_text: Callable[[], str]) -> TrompeError | None:
    """What was wrong with the command line, or `None` for what is not known here."""
    kind, hint = type(event).__name__, f"`{command} --help` describes its arguments"
    tokens: list[str] = getattr(event, "tokens", None) or getattr(event, "unrecognized_tokens", [])
    if unknown := next((token for token in tokens if re.match("--?[a-zA-Z]", token)), None):
        flag = unknown.partition("=")[0]
        return TrompeError(f"`{command}` has no flag `{flag}`", hint=meant(flag, help_text()) or hint)
    if kind == "UnrecognizedArgs":
        if known := subcommands(help_text()):
            return TrompeError(f"`{event.prog}` has no command `{tokens[0]}`", hint=nearest(tokens[0], known))
        return TrompeError(f"`{command}` cannot take `{tokens[0]}` as well", hint=hint)
    if kind == "MissingSubcommand":
        return TrompeError(f"`{command}` needs a command", hint=f"known: {', '.join(subcommands(help_text()))}")
    if kind == "MissingArgs":
        missing = [one.arg for one in event.missing_arguments]
        hint = "; ".join(filter(None, (about(missing[0]), hint)))
        return TrompeError(f"`{command}` needs {', '.join(map(name_of, missing))}", hint=hint)
    if kind not in ("InvalidChoice", "BadValue", "InstantiationFailure") or event.argument is None:
        return None
    name, hint = name_of(event.argument), about(event.argument) or hint
    if kind == "InvalidChoice":
        return TrompeError(f"`{name} {event.value}` is not known", hint=nearest(event.value, event.choices))
    if kind == "BadValue":
        return TrompeError(f"`{name}` needs a value", hint=hint)
    return TrompeError(bad_value(name, event.argument.field.type_stripped, str(event.message)), hint=hint)


def name_of(argument: Any) -> str:
    """A flag as it is usually written, or the name that the help gives a positional argument."""
    return str(argument.lowered.metavar if argument.is_positional() else argument.lowered.name_or_flags[-1])


def about(argument: Any) -> str:
    """The first sentence of an argument's help, to go on with in a hint."""
    text = argument.field.helptext
    first = re.split(r"(?<=[\w`)])[.;](?:\s|$)", " ".join(((text() if callable(text) else text) or "").split()))[0]
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]


def bad_value(flag: str, kind: Any, message: str) -> str:
    """What is wrong with a value, from what Python or tyro says of it, without the names of types."""
    listed = re.search(r"\[('.*?')\]", message)
    words = re.findall("'(.*?)'", listed[1] if listed else message.split("\n")[0])
    if not words or (not listed and "invalid literal" not in message and "could not convert" not in message):
        return f"`{flag}`: {message}"
    types = {getattr(one, "__origin__", one) for one in get_args(kind) or (kind,)} - {NoneType, Ellipsis}
    should = KINDS.get(types.pop()) if len(types) == 1 else None
    if should is not None:
        should = f"a list of {should}s" if get_origin(kind) is tuple else f"a {should}"
    return f"`{flag} {' '.join(words if listed else words[-1:])}` is not {should or 'understood'}"


def meant(flag: str, help_text: str) -> str | None:
    """The hint for a flag that a command does not have, from the flags in its help."""
    known = dict.fromkeys(re.findall(r"(?<![\w-])--[a-z][\w.-]*", help_text))
    word = flag.lstrip("-").replace("_", "-").lower()
    for name in (word, ELSEWHERE.get(word)):
        if found := [one for one in known if name == one[2:].split(".")[-1]]:
            steps = " An epoch has (training images) / `--train.batch` steps." if "epoch" in word else ""
            return f"did you mean `{found[0]}`?{steps}"
    ends = {one[2:].split(".")[-1]: one for one in reversed(known)}
    close = difflib.get_close_matches(flag, known, n=1, cutoff=0.7)
    close = close or [ends[name] for name in difflib.get_close_matches(word, ends, n=1, cutoff=0.7)]
    return f"did you mean `{close[0]}`?" if close else None


def subcommands(help_text: str) -> Sequence[str]:
    """The commands that the usage in a help text lists, as `{draw,case}`."""
    found = re.search(r"usage: [^{]*\[-h\]\s+\{([\w,\s-]+)\}", help_text)
    return re.findall(r"[\w-]+", found[1]) if found else []
