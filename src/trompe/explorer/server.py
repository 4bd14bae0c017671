"""The served engine: runs behind FastAPI. Arrays travel as raw bytes, images as uint8 and all else as float32."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from threading import Lock
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from ..errors import TrompeError
from ..version import __version__
from ..web.assets import asset
from .about import Shown, floats
from .directions import router as directions_router
from .guard import Guard, body_of
from .layers import layers_of
from .runs import Runs
from .verbs import SERVED

BYTES = "application/octet-stream"
MOST_LABEL, MOST_STEP = 100_000, 10**12

Name = Annotated[str, Path(max_length=200)]
Label = Annotated[int | None, Query(ge=0, le=MOST_LABEL)]
Snapshot = Annotated[int | None, Query(ge=0, le=MOST_STEP)]

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The model cannot do that, or not with what was sent"},
    404: {"description": "There is no such run"},
    413: {"description": "Too large"},
}
RAW: dict[str, Any] = {
    "requestBody": {"required": True, "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
"""For the description of what takes rows of float32."""
ROWS: dict[int | str, dict[str, Any]] = {
    200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}, "description": "Rows"}, **REFUSALS
}  # fmt: skip


SHARED = {"style.css": "text/css", "conv.html": "text/html", "conv.js": "text/javascript"}
"""Files that other pages have too."""


class Bytes(Response):
    media_type = BYTES


def send_asset(name: str, kind: str, request: Request) -> Response:
    return Response(asset(name), media_type=kind)


def create_app(runs: Runs, hosts: tuple[str, ...] = ()) -> FastAPI:
    """The page and what it asks for.

    Args:
        hosts: names by which it may be addressed, beside those of this machine's loopback.
    """
    app = FastAPI(title="trompe explore", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, hosts=hosts)
    computing = Lock()  # torch uses every core for one request

    @app.exception_handler(TrompeError)
    def refused(request: Request, error: TrompeError) -> JSONResponse:
        return JSONResponse({"detail": str(error.args[0]), "hint": error.hint}, 400)

    def opened(name: str, snapshot: int | None = None) -> Shown:
        try:
            return runs.at(name, snapshot)
        except KeyError:
            raise HTTPException(404, f"there is no run `{name}`") from None

    app.include_router(directions_router(opened, computing))

    @app.get("/api/runs")
    def list_runs() -> list[dict[str, Any]]:
        return runs.described()

    @app.get("/api/runs/{name}", responses=REFUSALS)
    def about(name: Name) -> dict[str, Any]:
        with computing:
            shown = opened(name)
            return shown.about | {"engine": "served", "verbs": [*SERVED, "fields", "layers", "live", "progress"]}

    @app.get("/api/runs/{name}/status", responses=REFUSALS)
    def status(name: Name) -> dict[str, Any]:
        try:
            return runs.status(name)
        except KeyError:
            raise HTTPException(404, f"there is no run `{name}`") from None

    @app.get("/api/runs/{name}/images", responses=ROWS, response_class=Bytes)
    def images(name: Name) -> Response:
        with computing:
            shown = opened(name)
            if shown.data is None:
                raise HTTPException(404, "the data of this run are not here")
            return Bytes(shown.images.tobytes())

    @app.get("/api/runs/{name}/latents", responses=ROWS, response_class=Bytes)
    def latents(name: Name) -> Response:
        with computing:
            found = opened(name).latents
            if found is None:
                raise HTTPException(404, "this run has no encoder, or its data are not here")
            return Bytes(found.astype("<f4").tobytes())

    @app.post("/api/runs/{name}/layers", responses=REFUSALS, openapi_extra=RAW)
    async def layers(name: Name, request: Request, label: Label = None) -> list[dict[str, Any]]:
        content = await body_of(request)

        def compute() -> list[dict[str, Any]]:
            with computing:
                predictor = opened(name).run.predictor
                image = floats(content, predictor.model.input_shape)[:1].clamp(0, 1)
                return layers_of(predictor, image, None if label is None else [label])

        return await run_in_threadpool(compute)

    @app.post("/api/runs/{name}/{verb}", responses=ROWS, response_class=Bytes, openapi_extra=RAW)
    async def answer(name: Name, verb: str, request: Request, label: Label = None, snapshot: Snapshot = None) -> Response:
        if verb not in SERVED:
            raise HTTPException(404, f"a run is asked for {', '.join(SERVED)}")
        content = await body_of(request)

        def compute() -> bytes:
            with computing:
                return SERVED[verb](opened(name, snapshot).run.predictor, content, label)

        return Bytes(await run_in_threadpool(compute))

    for shared, kind in SHARED.items():
        app.add_route(f"/{shared}", partial(send_asset, shared, kind))

    @app.get("/openapi.json", include_in_schema=False)
    def description() -> dict[str, Any]:
        return app.openapi()

    app.mount("/", StaticFiles(directory=str(files("trompe.explorer").joinpath("page")), html=True))
    return app
