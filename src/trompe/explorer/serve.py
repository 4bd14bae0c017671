"""The server, started: in a terminal until Ctrl-C, or beside a notebook."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from ..errors import TrompeError
from ..terminal import note
from .guard import LOOPBACK
from .runs import Runs
from .server import create_app

ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def serve(runs: Sequence[Path], *, host: str, port: int, browser: bool, device: str | None = None) -> None:
    """Serve runs until the process is interrupted.

    Raises:
        TrompeError: the address is taken, or not this machine's.
    """
    listening, address = listen(host, port)
    server = server_of(Runs(runs, device=device), host)
    print(address, flush=True)
    note("press Ctrl-C to stop")
    if browser:
        threading.Timer(0.3, webbrowser.open, (address,)).start()
    server.run([listening])


def serve_beside(runs: Runs) -> str:
    """Serve runs in a thread of this process, as long as it lives, and give the address."""
    listening, address = listen(LOOPBACK[1], 0)
    threading.Thread(target=server_of(runs, LOOPBACK[1]).run, args=([listening],), daemon=True).start()
    return address


def server_of(runs: Runs, host: str) -> uvicorn.Server:
    hosts = () if host in LOOPBACK else (host, *local_names()) if host in ANY else (host,)
    return uvicorn.Server(uvicorn.Config(create_app(runs, hosts), log_level="warning", server_header=False))


def local_names() -> tuple[str, ...]:
    """Names and addresses by which other machines reach this one."""
    name = socket.gethostname()
    try:
        return name, *{str(found[4][0]) for found in socket.getaddrinfo(name, None)}
    except OSError:
        return (name,)


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket that listens, and its address for a browser."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        hint = "choose another `--port`, or leave it out"
        raise TrompeError(f"cannot serve at {host}, port {port}: {error}", hint=hint) from error
    shown = ANY.get(host, f"[{host}]" if ":" in host else host)
    return listening, f"http://{shown}:{listening.getsockname()[1]}/"
