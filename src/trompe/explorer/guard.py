"""What keeps other pages and large requests away from the server."""

from __future__ import annotations

from fastapi import HTTPException, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_BODY = 32 * 2**20
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'self' http://localhost:* http://127.0.0.1:*; base-uri 'none'; form-action 'none'"
)


class Guard:
    """Answers only to the server's own name, which another page's script cannot give after a DNS rebinding, and writes
    only for the page itself.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = ()) -> None:
        self.app, self.hosts = app, (*LOOPBACK, *hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if host.rsplit(":", 1)[0] not in self.hosts and host not in self.hosts:
            await JSONResponse({"detail": "this server does not go by that name"}, 421)(scope, receive, send)
            return
        origin = headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin not in (None, f"http://{host}", f"https://{host}"):
            await JSONResponse({"detail": "another page may not ask that"}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, with_headers(send))


def with_headers(send: Send) -> Send:
    async def sent(message):  # type: ignore[no-untyped-def]
        if message["type"] == "http.response.start":
            message["headers"] += [
                (b"content-security-policy", POLICY.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"cache-control", b"no-cache"),
            ]
        await send(message)

    return sent


async def body_of(request: Request) -> bytes:
    """A request's body, as long as it is not too large."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BODY:
            raise HTTPException(413, f"a request holds at most {MOST_BODY:,} bytes")
    return bytes(content)
