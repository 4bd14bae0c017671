"""The one exception a user meets, and the exit codes of the command line.

`TrompeError` (exit code 2) is bad input: a name, a value, a file, a run that does not fit. `TrainingStopped` (exit
code 3) is a training that could not go on although its input was good: a loss that is not finite, a full disk. Any
other exception is a bug of trompe's (exit code 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

BUG = 1
"""Exit code of an exception that nobody foresaw."""
INTERRUPTED = 130
"""Exit code of what Ctrl-C or SIGTERM ended, as shells have it."""


class TrompeError(Exception):
    """What was wrong, with the value it got and what is accepted; `hint` is the next thing to do."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\nhint: {self.hint}" if self.hint else message


class TrainingStopped(TrompeError):
    """A training that cannot go on; its run folder keeps the last good state."""

    exit_code = 3


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint for a misspelt name: the nearest known one, or all of them where none is near."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"
