"""The server, started: in a terminal until Ctrl-C, or beside a notebook."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from ..device import pick_device
from ..errors import TrompeError
from ..terminal import note
from .runs import Runs
from .server import create_app

LOOPBACK = "127.0.0.1"
ANY = {"0.0.0.0": LOOPBACK, "::": "::1"}
MOST_CONNECTIONS = 512
IDLE_SECONDS, LAST_SECONDS = 60, 3
"""How long a connection is kept without a request, and requests are waited for at the end."""


def serve(runs: Sequence[Path], *, host: str, port: int, browser: bool, device: str | None = None) -> None:
    """Serve runs until Ctrl-C or SIGTERM.

    Raises:
        TrompeError: the address is taken, or not this machine's; there is no such device.
    """
    pick_device(device)
    shown = Runs(runs, device=device)
    if reasons := [line["error"] for line in shown.described() if "error" in line]:
        if len(reasons) == len(shown.folders()):
            raise TrompeError(
                f"no run can be opened: {reasons[0]}", hint="wait for its first weights, or restore it from a copy"
            )
        note(f"warning: some runs cannot be opened: {reasons[0]}")
    with contextlib.suppress(KeyboardInterrupt), ended_by_sigterm():
        listening, address = listen(host, port)
        if not ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback:
            note("warning: anyone who can reach this address can use the models; `--host 127.0.0.1` keeps others out")

        def announce() -> None:
            print(address, flush=True)
            note("press Ctrl-C to stop")
            if browser and has_browser():
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        server_of(shown, host, announce).run([listening])


def serve_beside(runs: Runs) -> str:
    """Serve runs in a thread of this process, as long as it lives, and give the address."""
    listening, address = listen(LOOPBACK, 0)
    threading.Thread(target=server_of(runs, LOOPBACK).run, args=([listening],), daemon=True).start()
    return address


class Server(uvicorn.Server):
    """A server that says when it is there, and ends within seconds, whatever is being computed."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        last = threading.Timer(LAST_SECONDS + 1, os._exit, (0,))
        last.daemon = True
        last.start()


def server_of(runs: Runs, host: str, announce: Callable[[], None] = lambda: None) -> Server:
    return Server(
        uvicorn.Config(
            create_app(runs, names_of(host)),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_SECONDS,
        ),
        announce,
    )


def names_of(host: str) -> tuple[str, ...]:
    """Names by which other machines may reach this one, where they can."""
    if host in ("", *ANY):
        name = socket.gethostname()
        return name, f"{name}.local", socket.getfqdn()
    return (host,)


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket that listens, and its address for a browser."""
    try:
        if not 0 <= port <= 65535:
            raise OverflowError("there is no such port")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "choose another `--port` (0 to 65535), or leave it out; `--host` is an address of this machine"
        raise TrompeError(f"cannot serve at {host}, port {port}: {reason}", hint=hint) from error
    # a socket of "any protocol" would have asyncio send small packets late, an answer 40 ms after its headers
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, listening.detach())
    shown = ANY.get(host or "0.0.0.0", host)
    return listening, f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}/"


def has_browser() -> bool:
    """Whether a browser with a window can be opened; one in the terminal would hide the address."""
    if sys.platform not in ("win32", "darwin") and not any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    ):
        return False
    with contextlib.suppress(webbrowser.Error):
        return webbrowser.get() is not None
    return False


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
