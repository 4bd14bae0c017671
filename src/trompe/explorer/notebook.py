"""The explorer in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..runs.run import Run
from .runs import Runs
from .serve import serve_beside


@dataclass(frozen=True)
class Page:
    """The page of a run, which a notebook shows in place.

    Attributes:
        address: where this machine's browser finds it, as long as this process lives.
        height: in pixels, in the notebook.
    """

    address: str
    height: int = 760

    def _repr_html_(self) -> str:
        address = html.escape(self.address)
        frame = f'<iframe src="{address}" title="trompe explore" width="100%" height="{self.height}"'
        return f'{frame} style="border: 0"></iframe><p><a href="{address}" target="_blank">In a tab of its own</a></p>'


def explored(run: Run, height: int) -> Page:
    """The page of a run, served by this process."""
    return Page(address_of(run.folder.resolve(), str(run.predictor.device)), height)


@cache
def address_of(folder: Path, device: str) -> str:
    """One server for each run."""
    return serve_beside(Runs([folder], device=device))
