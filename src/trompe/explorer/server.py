"""The served engine: runs behind FastAPI. Arrays travel as raw bytes, images as uint8 and all else as float32."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import PurePath
from threading import Lock
from typing import Annotated, Any, TypeVar

from anyio import to_thread
from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from ..errors import TrompeError
from ..text import printable_lines
from ..version import __version__
from ..web.assets import EXPLORED
from .about import Shown, floats
from .directions import router as directions_router
from .fields import router as fields_router
from .guard import MOST_REQUESTS, Guard, Refusal, refusal
from .layers import layers_of
from .live import router as live_router
from .runs import NoRun, Runs
from .turns import Turns
from .verbs import SERVED, Verb, check_label

BYTES = "application/octet-stream"
MOST_LABEL, MOST_STEP = 100_000, 10**12

Name = Annotated[str, Path(max_length=200)]
Label = Annotated[
    int | None,
    Query(ge=0, le=MOST_LABEL, description="The class; a class-conditional model needs it, others take none"),
]
Snapshot = Annotated[int | None, Query(ge=0, le=MOST_STEP, description="The step of kept weights; else the latest")]
Opened = Callable[..., Shown]
T = TypeVar("T")

ERROR = {"application/json": {"schema": Refusal.model_json_schema()}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "content": ERROR,
        "description": "400: not with what was sent, or not with this model. 403: asked by another page. 404: no such "
        "run. 405: another method. 408: sent too slowly. 413: too large. 421: addressed by a wrong name.",
    },
    500: {"content": ERROR, "description": "A bug"},
    503: {"content": ERROR, "description": "Too many requests at once, or the end of the server"},
}
RAW: dict[str, Any] = {
    "requestBody": {"required": True, "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
"""For the description of what takes rows of float32."""
ROWS: dict[int | str, dict[str, Any]] = {
    200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}, "description": "Rows"}
}
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
for ending, kind in KINDS.items():  # Windows may know others
    mimetypes.add_type(kind, ending)


class Bytes(Response):
    media_type = BYTES


def create_app(runs: Runs, hosts: tuple[str, ...] = ()) -> FastAPI:
    """The page and what it asks for.

    Args:
        hosts: names by which it may be addressed, beside `localhost`.
    """
    app = FastAPI(
        title="trompe explore",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        responses=REFUSALS,
        lifespan=lifespan,
    )
    app.add_middleware(Guard, names=hosts)
    app.add_exception_handler(TrompeError, refused)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(405, wrong_method)
    app.add_exception_handler(Exception, refused)
    computing = Lock()  # one long computation at a time; the verbs have turns of their own
    app.include_router(run_routes(runs, computing))
    app.include_router(directions_router(runs.at, computing))
    app.include_router(fields_router(runs.at))
    app.include_router(live_router())
    app.include_router(verb_routes(runs.at, computing))
    app.router.default = Page()  # for what is none of the above
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A thread for every request, so that none waits for those that wait for a run to open."""
    to_thread.current_default_thread_limiter().total_tokens = MOST_REQUESTS
    yield


def refused(request: Request, error: Exception) -> JSONResponse:
    """What an exception becomes."""
    if isinstance(error, RequestValidationError):
        found = error.errors()[0]
        return refusal(400, printable_lines(f"`{found['loc'][-1]}`: {found['msg']}"))
    if isinstance(error, TrompeError):
        status = 404 if isinstance(error, NoRun) else 400
        return refusal(status, printable_lines(str(error.args[0])), error.hint and printable_lines(error.hint))
    return refusal(500, f"this is a bug of trompe's: {type(error).__name__}", "see where `trompe explore` runs")


def wrong_method(request: Request, error: Exception) -> JSONResponse:
    """Names every method of a path; by itself, starlette names those of the first route that has it."""
    path = getattr(request.scope.get("route"), "path", None)
    methods = [method.upper() for method in request.app.openapi()["paths"].get(path, ("get", "head"))]
    answer = refusal(405, f"not by {printable_lines(request.method)}", f"by {' or '.join(methods)}")
    answer.headers["allow"] = ", ".join(methods)
    return answer


def run_routes(runs: Runs, computing: Lock) -> APIRouter:
    """What the page asks of a run itself."""
    routes, reading = APIRouter(), dict[str, Lock]()

    def read(name: str, what: Callable[[Shown], T]) -> T:
        """Something that is computed once for each run, of its data mostly, however many ask."""
        shown = runs.at(name)
        with reading.setdefault(name, Lock()):
            return what(shown)

    @routes.get("/api/runs")
    def list_runs() -> list[dict[str, Any]]:
        return runs.described()

    @routes.get("/api/runs/{name}", response_model=dict[str, Any])
    def about(name: Name) -> JSONResponse:
        found = read(name, lambda shown: shown.about)
        served = {"engine": "served", "verbs": [*SERVED, "fields", "layers", "live", "progress"]}
        try:
            return JSONResponse(found | served)
        except ValueError as error:
            raise TrompeError("the latents are not finite numbers", hint="train it anew, or copy it again") from error

    @routes.get("/api/runs/{name}/status")
    def status(name: Name) -> dict[str, str]:
        return runs.status(name)

    @routes.get("/api/runs/{name}/images", responses=ROWS, response_class=Bytes)
    def images(name: Name) -> Response:
        found = read(name, lambda shown: None if shown.data is None else shown.images)
        if found is None:
            raise HTTPException(404, "the data of this run are not here")
        return Bytes(found.tobytes())

    @routes.get("/api/runs/{name}/latents", responses=ROWS, response_class=Bytes)
    def latents(name: Name) -> Response:
        found = read(name, lambda shown: shown.latents)
        if found is None:
            raise HTTPException(404, "this run has no encoder, or its data are not here")
        return Bytes(found.astype("<f4").tobytes())

    @routes.post("/api/runs/{name}/layers", openapi_extra=RAW)
    async def layers(name: Name, request: Request, label: Label = None) -> list[dict[str, Any]]:
        content = await request.body()

        def compute() -> list[dict[str, Any]]:
            predictor = runs.at(name).run.predictor
            check_label(label, predictor.model.num_classes)
            with computing:
                image = floats(content, predictor.model.input_shape)[:1].clamp(0, 1)
                return layers_of(predictor, image, None if label is None else [label])

        return await run_in_threadpool(compute)

    return routes


def verb_routes(opened: Opened, computing: Lock) -> APIRouter:
    """The verbs."""
    routes, turns = APIRouter(), Turns()

    def add(key: str, verb: Verb) -> None:
        path, about = f"/api/runs/{{name}}/{key}", verb.about

        @routes.post(path, name=key, summary=about, responses=ROWS, response_class=Bytes, openapi_extra=RAW)
        async def answer(name: Name, request: Request, label: Label = None, snapshot: Snapshot = None) -> Response:
            content = await request.body()

            def read() -> Any:
                predictor = opened(name, snapshot).run.predictor
                return predictor, *verb.read(predictor, content, label)

            def compute_alone() -> bytes:
                with computing:
                    return verb.computed(predictor, rows, labels).tobytes()

            predictor, rows, labels = await run_in_threadpool(read)
            if verb.long:
                return Bytes(await run_in_threadpool(compute_alone))
            return Bytes(await turns.answer(verb, predictor, rows, labels))

    for key, verb in SERVED.items():
        add(key, verb)
    return routes


class Page(StaticFiles):
    """The page's files, and no others that lie beside them."""

    def __init__(self) -> None:
        super().__init__(directory=str(files("trompe.explorer").joinpath("page")), html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if PurePath(path).parts[:1] == ("api",):
            raise HTTPException(404, "there is nothing of that name to ask for")
        return await super().get_response(path, scope)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if path in EXPLORED:
            shared = str(files("trompe.web").joinpath(path))
            return shared, os.stat(shared)  # noqa: PTH116 (StaticFiles' own form)
        return super().lookup_path(path) if path == "." or PurePath(path).suffix in KINDS else ("", None)
