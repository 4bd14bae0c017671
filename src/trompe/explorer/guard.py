"""What keeps other pages, and requests that are too large, too slow or too many, away from the server."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from contextlib import suppress

from fastapi import HTTPException
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY, BODY_SECONDS = 32 * 2**20, 60
TOO_LARGE = f"a request holds at most {MOST_BODY:,} bytes"
MOST_REQUESTS = 256
"""Answered at once."""
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'self' http://localhost:* http://127.0.0.1:*; "
    "base-uri 'none'; form-action 'none'"
)
"""Notebooks of this machine may frame the page."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
}
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(:[0-9]{1,5})?")
READS = ("GET", "HEAD")


class Refusal(BaseModel):
    """The body of every answer that is an error."""

    detail: str
    hint: str | None = None


def refusal(status: int, detail: str, hint: str | None = None) -> JSONResponse:
    return JSONResponse(Refusal(detail=detail, hint=hint).model_dump(exclude_none=True), status, HEADERS)


class Guard:
    """Answers only to names of its own, which another page's script cannot give after a DNS rebinding, and to other
    pages only where they link to it. An address in numbers is no name, and always its own.

    Args:
        names: by which it may be addressed, beside `localhost`.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...] = ()) -> None:
        self.app, self.running = app, 0
        self.names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif refused := self.refused(scope["method"], Headers(scope=scope)):
            await refused(scope, receive, send)
        else:
            self.running += 1
            try:
                await self.app(scope, limited(receive), with_headers(send))
            except asyncio.CancelledError:  # the server ends
                with suppress(RuntimeError):  # an answer had begun
                    await refusal(503, "the server was stopped")(scope, receive, send)
            finally:
                self.running -= 1

    def refused(self, method: str, headers: Headers) -> JSONResponse | None:
        """Why a request is not answered, or `None`."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.is_own(hosts[0].lower()):
            return refusal(
                421, "this server does not go by that name", "use its address in numbers, or the name given as `--host`"
            )
        if from_another_page(method, hosts[0].lower(), headers):
            return refusal(403, "another page may not ask that")
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]+", length):
            return refusal(400, f"{length[:100]!r} is no length")
        if len(length) > 20 or int(length) > MOST_BODY:
            return refusal(413, TOO_LARGE)
        if self.running >= MOST_REQUESTS:
            return refusal(503, "too many requests at once", "ask again in a moment")
        return None

    def is_own(self, host: str) -> bool:
        if not (parts := HOST.fullmatch(host)):
            return False
        name = parts["name"]
        return name in self.names or is_address(name.strip("[]"))


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def from_another_page(method: str, host: str, headers: Headers) -> bool:
    """Whether a browser says that another page asks. Older ones say so only of what may write, by `Origin`."""
    links = method in READS and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not links:
        return True
    origin = headers.get("origin", f"http://{host}").lower()
    return method not in READS and origin not in (f"http://{host}", f"https://{host}")


def limited(receive: Receive) -> Receive:
    """A request's body, as long as it is neither too large nor too slow."""
    loop = asyncio.get_running_loop()
    ends, size, complete = loop.time() + BODY_SECONDS, 0, False

    async def received() -> Message:
        nonlocal size, complete
        if complete:  # what comes now says that the client has gone
            return await receive()
        try:
            async with asyncio.timeout_at(ends):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"a request takes at most {BODY_SECONDS} seconds to send") from None
        size += len(message.get("body", b""))
        if size > MOST_BODY:
            raise HTTPException(413, TOO_LARGE)
        complete = not message.get("more_body", False)
        return message

    return received


def with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
