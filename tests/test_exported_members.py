"""The public face: what `trompe` shows is what it lists."""

from __future__ import annotations

import subprocess
import sys

import trompe


def test_every_exported_name_is_there_and_sorted() -> None:
    assert trompe.__all__ == sorted(trompe.__all__)
    assert set(trompe.__all__) == {*trompe._HOMES, "__version__"}
    for name in trompe.__all__:
        assert getattr(trompe, name) is not None


def test_importing_trompe_imports_nothing_heavy() -> None:
    code = "import sys, trompe; print([name for name in ('torch', 'numpy', 'pydantic', 'tyro') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
