"""Live training as the page asks for it. Sessions are in memory, and the least recently used go first."""

from __future__ import annotations

import secrets
from asyncio import wrap_future
from collections import OrderedDict
from typing import Annotated, Any, TypeVar

import numpy as np
from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, ValidationError

from ..errors import TrompeError
from .live_training import DECIMALS, Session, Settings, Start
from .threads import alone

MOST_SESSIONS = 8
MOST_STEPS = 500
"""Of a request."""
MOST_SHOWN = 2000
"""Points of the data that the page draws."""

Body = TypeVar("Body", bound=BaseModel)


def parsed(kind: type[Body], content: bytes) -> Body:
    """A request's body.

    Raises:
        TrompeError: it is none of this kind.
    """
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[-1]
        where = ".".join(map(str, first["loc"]))
        raise TrompeError(f"{where}: {first['msg']}" if where else first["msg"], hint="see /openapi.json") from error


def body(kind: type[BaseModel]) -> dict[str, Any]:
    """The description of such a body."""
    return {"requestBody": {"content": {"application/json": {"schema": kind.model_json_schema()}}}}


Answer = dict[str, Any]
Key = Annotated[str, Path(max_length=100)]


def router() -> APIRouter:
    """What the page trains by. Sessions are touched by one thread alone."""
    routes = APIRouter(prefix="/api/live")
    sessions: OrderedDict[str, Session] = OrderedDict()

    def at(key: str) -> Session:
        if key not in sessions:
            raise HTTPException(404, "this session is gone: begin anew")
        sessions.move_to_end(key)
        return sessions[key]

    def begin(settings: Start) -> Answer:
        session, key = Session(settings), secrets.token_hex(8)
        sessions[key] = session
        while len(sessions) > MOST_SESSIONS:
            sessions.popitem(last=False)
        return {"id": key, **data_of(session), **session.answer()}

    def step(key: str, count: int) -> Answer:
        session = at(key)
        session.train(count)
        return session.answer()

    def change(key: str, changes: dict[str, Any]) -> Answer:
        session = at(key)
        session.change(changes)
        return (data_of(session) if "data" in changes else {}) | session.answer()

    def end(key: str) -> None:
        at(key)
        del sessions[key]

    @routes.post("", openapi_extra=body(Start), summary="Begin to train")
    async def post(request: Request) -> Answer:
        settings = parsed(Start, await request.body())
        return await wrap_future(alone(lambda: begin(settings)))

    @routes.post("/{key}/steps", summary="Take some steps")
    async def post_steps(key: Key, count: Annotated[int, Query(ge=1, le=MOST_STEPS)] = 1) -> Answer:
        return await wrap_future(alone(lambda: step(key, count)))

    @routes.post("/{key}/options", openapi_extra=body(Settings), summary="Go on with other settings")
    async def post_options(key: Key, request: Request) -> Answer:
        changes = parsed(Settings, await request.body()).model_dump(exclude_unset=True)
        return await wrap_future(alone(lambda: change(key, changes)))

    @routes.delete("/{key}", status_code=204, summary="End a session")
    async def delete(key: Key) -> None:
        await wrap_future(alone(lambda: end(key)))

    return routes


def data_of(session: Session) -> dict[str, list[float]]:
    """Some of the data, for the page to draw."""
    shown = session.samples.images[:MOST_SHOWN]
    return {"data": np.asarray(shown, np.float64).round(DECIMALS).ravel().tolist()}
