"""The gallery in a browser: a figure fills the screen, and the page is well-formed on any screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from trompe.display.grid import png
from trompe.experiments import Value
from trompe.experiments.store import Store
from trompe.gallery import ENTRIES, Entry, Item, Picture, make_gallery
from trompe.recipes import Published

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three entries, each of two pictures and two values, one of them published."""
    monkeypatch.setattr(ENTRIES, "rows", {})
    for number, key in enumerate(("A1", "B1", "B2")):

        @Entry(key, f"Entry {key}", "What to see. And why.", commands=("trompe conv cases --out gifs",))
        def make(work: object, number: int = number) -> Iterator[Item]:
            for name in ("one.png", "two.png"):
                yield Picture(
                    name, png(np.full((400, 900, 3), 60 * number, np.uint8)), f"A plain field, {name}", "Gray."
                )
            yield Value("error", 1.5, "per image")
            yield Value("bound", -84.95, "nats", Published(-84.45, "K = 5,000", "somebody 2016"))

    make_gallery(tmp_path, Store(tmp_path / "runs"))
    return tmp_path / "index.html"


@pytest.fixture
def opened(gallery: Path, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(gallery.as_uri())
    yield page
    page.close()
    assert problems == []


@pytest.mark.browser
def test_a_figure_fills_the_screen_and_arrows_go_on(opened: Page) -> None:
    opened.locator("#A1 .zoom").first.click()
    screen = opened.locator("dialog")
    assert screen.is_visible()
    shown = []
    for _ in range(7):  # six figures, and around
        shown.append(screen.locator("img").get_attribute("src"))
        opened.keyboard.press("ArrowRight")
    assert len(set(shown)) == 6
    assert shown[0] == shown[6]
    opened.keyboard.press("ArrowLeft")
    assert "A1" in screen.locator("p").inner_text()
    opened.keyboard.press("Escape")
    assert not screen.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_page_fits_and_axe_finds_nothing(opened: Page, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    opened.set_viewport_size({"width": width, "height": height})
    opened.emulate_media(color_scheme=scheme)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.locator("details").first.click()
    found = Axe().run(opened, options={"preload": False}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    loaded = opened.evaluate(
        "[...document.images].filter(one => one.closest('main')).map(one => { one.loading = 'eager'; return one.src })"
    )
    assert len(loaded) == 6


@pytest.mark.browser
def test_it_prints_without_what_only_a_screen_needs(opened: Page) -> None:
    opened.emulate_media(media="print")
    assert not opened.locator("nav").is_visible()
    assert opened.locator("#B2 img").first.is_visible()
