"""Text that others chose, made safe to write to a terminal, a page or a file."""

import unicodedata

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
