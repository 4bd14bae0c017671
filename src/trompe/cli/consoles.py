"""Text for consoles of any encoding."""

from __future__ import annotations

import codecs
import io
import sys

SPELLED = {"±": "+/-", "→": "->", "\u00d7": "x", "…": "...", "\u2013": "-", "\u2014": "-", "≤": "<=", "≥": ">="}
"""Signs that a console may lack, in ASCII; any other is then `?`."""


def accept_all_text() -> None:
    """Let stdout and stderr take any text, whatever their encoding: what it lacks is spelled in ASCII."""
    codecs.register_error("trompe", spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="trompe")


def spelled(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: characters that an encoding lacks, in ASCII."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(SPELLED.get(one, "?") for one in error.object[error.start : error.end]), error.end
