"""The command `explore`: any run in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from ..errors import TrompeError
from ..files import check_run
from .flags import Device

LOOPBACK = "127.0.0.1"


def explore(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RUN ...]")] = (),
    port: int = 0,
    host: str = LOOPBACK,
    browser: bool = True,
    device: Device = None,
) -> None:
    """Explore runs in the browser.

    Args:
        runs: Run folders; by default every run under `runs/`.
        port: The port to serve at; by default any that is free.
        host: The address to serve at. By default no other machine can reach it; whoever can, can use the models.
        browser: Open the page in the browser.
    """
    for folder in runs:
        check_run(folder)
    if not runs and not any(Path("runs").glob("*/run.json")):
        raise TrompeError("there is no run under `runs/`", hint="train one (`trompe demo`), or give a run folder")
    from ..explorer.serve import serve

    serve(runs, host=host, port=port, browser=browser, device=device)
