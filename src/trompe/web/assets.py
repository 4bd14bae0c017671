"""The files of the pages: one stylesheet for all of them, and the page of convolutions."""

from __future__ import annotations

from importlib.resources import files

EXPLORED = ("style.css", "conv.html", "conv.js")
"""Of them, those that the explorer's page has too."""


def asset(name: str) -> bytes:
    """A file that pages are made of, by its name: `style.css`, `conv.html`, `conv.js`."""
    return files("trompe.web").joinpath(name).read_bytes()


def conv_page() -> bytes:
    """The page of convolutions, with all that it needs in one file."""
    style, script = (asset(name) for name in ("style.css", "conv.js"))
    return (
        asset("conv.html")
        .replace(b'<link rel="stylesheet" href="style.css">', b"<style>\n" + style + b"</style>")
        .replace(b'<script defer src="conv.js"></script>\n', b"")
        .replace(b"</body>", b"<script>\n" + script + b"</script>\n</body>")
    )
