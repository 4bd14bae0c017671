"""How the user starts trompe."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def as_typed() -> str:
    """What starts this program again from where the user stands: `trompe` if it is the one on PATH, else its path."""
    started, found = Path(sys.argv[0]), shutil.which("trompe")
    if started.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m trompe"
    if found is not None and started.exists() and started.samefile(found):
        return "trompe"
    return shlex.quote(str(started))
