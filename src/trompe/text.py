"""Text that others chose, made safe to write to a terminal, a page or a file."""

import unicodedata
from collections.abc import Sequence

UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters (escape sequences begin with one), lone surrogates, line and paragraph separators."""
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of the text after them, so that a name reads as another."""


def printable(text: str) -> str:
    """A name of a file or class as one line of text that any terminal shows as it is, whatever its bytes are.

    Every character that is none (bytes that are not UTF-8, control characters, changes of direction) becomes U+FFFD.
    """
    unsafe = {one for one in text if unicodedata.category(one) in UNSAFE_CATEGORIES} | DIRECTIONS
    return text.translate(dict.fromkeys(map(ord, unsafe), "\ufffd"))


def printable_lines(text: str) -> str:
    """Text of several lines, each `printable`."""
    return "\n".join(map(printable, text.split("\n")))


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names in a message: the first of them, and how many more."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(f"`{printable(name)}`" for name in names[:most]) + more


def counted(count: int, what: str) -> str:
    """A number of things, as in `1 image`, `2 images`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def reason_of(error: BaseException) -> str:
    """The first line of what an exception says, or what it is called."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[0])[:200] if lines else type(error).__name__
