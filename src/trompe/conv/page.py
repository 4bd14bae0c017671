"""The page on which convolutions can be tried: one HTML file without a server."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..files import write_bytes


def write_page(path: Path) -> Path:
    write_bytes(path, files("trompe.conv").joinpath("page.html").read_bytes())
    return path
