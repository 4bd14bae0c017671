"""Runs trained in a second each, the explorer that shows them, served and exported, and a browser that opens it."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, sync_playwright

import trompe
from conftest import small
from trompe.explorer.runs import Runs
from trompe.explorer.serve import serve_beside
from trompe.explorer.site import site

USERS_CACHE = os.environ.get("TROMPE_CACHE")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ENGINES = ("served", "static")
TIMEOUT = 15_000
"""For what a page does at once, on a machine that has much else to do."""
Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium, and CI leaves no test out")
    if path is None:
        pytest.skip("there is no Chromium: install it, on Debian as `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def made_once(root: Path, make: Callable[[Path], None]) -> Path:
    """A folder that the first of pytest's workers makes, and the others wait for."""
    with FileLock(root.with_suffix(".lock")):
        if not (done := root.with_suffix(".done")).exists():
            make(root)
            done.touch()
    return root


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def folders(shared: Path) -> dict[str, Path]:
    """A run of each kind, by the name that the page gives it."""
    wide, plane = small("vae", steps=60), trompe.recipe("gan-2d")
    recipes = {
        "vae": small(steps=300),
        "wide": replace(wide, nets=replace(wide.nets, latent=5)),
        "cvae": small("cvae", steps=60),
        "autoencoder": small("autoencoder", steps=60),
        "gan": small("gan-mnist", steps=30, snapshots=(10, 20)),
        "plane": replace(plane, train=replace(plane.train, steps=100, sample_every=50, snapshots=(20, 60))),
    }

    def make(root: Path) -> None:
        for name, recipe in recipes.items():
            trompe.train(recipe, root / name)

    root = made_once(shared / "runs", make)
    return {name: root / name for name in recipes}


@pytest.fixture(scope="session")
def served(folders: dict[str, Path]) -> str:
    return serve_beside(Runs(list(folders.values())))


@pytest.fixture(scope="session")
def exported(folders: dict[str, Path], shared: Path) -> Iterator[str]:
    """The address of a static page, given by a server that knows nothing but files."""

    def make(root: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:  # the runtime is fetched once, not in each session
            patch.setenv("TROMPE_CACHE", USERS_CACHE) if USERS_CACHE else patch.delenv("TROMPE_CACHE")
            content = site(Runs(list(folders.values())))
        for path, file in content.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(file)

    root = made_once(shared / "site", make)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What uses this is run with both engines, unless it chooses one."""
    return request.param


served_only = pytest.mark.parametrize("engine", ["served"], indirect=True)
static_only = pytest.mark.parametrize("engine", ["static"], indirect=True)


@pytest.fixture
def visit(browser: Browser, engine: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open a run's view: `visit("vae", "morph", phone=True)`. In the end no page may have reported anything, and none
    may have asked another host for anything.
    """
    usual = request.getfixturevalue("served" if engine == "served" else "exported")
    contexts, faults = [], []

    def opened(
        run: str, view: str | None = None, *, phone: bool = False, dark: bool = False, address: str = usual
    ) -> Page:
        context = browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        page = context.new_page()
        watch(page, urlsplit(address).netloc, faults)
        page.goto(address + "#" + urlencode({"run": run} | ({"view": view} if view else {})))
        page.wait_for_selector("[role=tab][aria-selected=true]")
        return page

    yield opened
    for context in contexts:
        faults += [f"message: {text}" for page in context.pages if (text := page.locator("#message").text_content())]
        context.close()
    assert not faults


def watch(page: Page, host: str, faults: list[str]) -> None:
    """Take down whatever goes wrong in a page."""
    page.on("console", lambda line: faults.append(f"console: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)

    def left(request) -> None:  # type: ignore[no-untyped-def]
        if request.failure != "net::ERR_ABORTED":  # what a page no longer needs when it is left
            faults.append(f"failed: {request.url} {request.failure}")

    def asked(request) -> None:  # type: ignore[no-untyped-def]
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != host:
            faults.append(f"another host: {request.url}")

    page.on("requestfailed", left)
    page.on("request", asked)
