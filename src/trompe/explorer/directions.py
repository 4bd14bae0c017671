"""Directions of a run's latents for the page: those that are computed, and the user's own, kept in the run folder."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic_core import from_json

from ..analysis.directions import Kept, keep_directions, own_directions, parsed
from ..errors import TrompeError
from .about import Shown

JSON: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "items": Kept.model_json_schema()}}},
    }
}


def directions_of(shown: Shown) -> list[dict[str, Any]]:
    """Each direction of a run with its name, kind, vector and reach; the user's own come last."""
    return [one.to_json() for one in (*shown.directions, *own_directions(shown.run))]


def router(opened: Callable[[str], Shown], computing: Lock) -> APIRouter:
    """What the page asks for directions by.

    Args:
        opened: gives a run by its name.
        computing: held while a model computes.
    """
    routes = APIRouter()

    @routes.get("/api/runs/{name}/directions")
    def read(name: str) -> list[dict[str, Any]]:
        with computing:
            return directions_of(opened(name))

    @routes.put("/api/runs/{name}/directions", openapi_extra=JSON)
    async def write(name: str, request: Request) -> dict[str, int]:
        content = await request.body()

        def keep() -> dict[str, int]:
            run = opened(name).run
            kept = parsed(value_of(content), run.model.latent_shape, "what was sent")
            keep_directions(run, kept)
            return {"kept": len(kept)}

        return await run_in_threadpool(keep)

    return routes


def value_of(content: bytes) -> Any:
    try:
        return from_json(content)
    except ValueError as error:
        raise TrompeError("what was sent is not JSON", hint="send a list of directions") from error
