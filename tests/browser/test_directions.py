"""Directions of the latent space."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .pages import changes, pixels, press

pytestmark = pytest.mark.browser

STRIP = "#view .film canvas"


def own(page: Page) -> list[str]:
    return page.locator("details[data-kind=own] .slider > span").all_inner_texts()


@pytest.mark.parametrize("run", ["vae", "autoencoder", "gan"])
def test_a_direction_changes_the_image(run: str, visit: Visit) -> None:
    page = visit(run, "directions")
    start = pixels(page)
    assert pixels(page, STRIP)
    slider = page.locator("#view .groups details[open] input[type=range]").first
    with changes(page):
        slider.press("End")
    press(page, "All sliders to zero")
    assert pixels(page) == start
    with changes(page):
        page.locator("#view .film button").last.click()
    with changes(page):
        press(page, "Random start")


def test_another_direction_has_another_strip(visit: Visit) -> None:
    page = visit("wide", "directions")
    pixels(page, STRIP)
    closed = page.locator("#view .groups details:not([open])").first
    with changes(page, STRIP):
        closed.locator("summary").click()
        page.locator("#view .groups details[open]").last.locator("input[type=range]").last.focus()


def test_a_direction_is_kept_renamed_and_deleted(visit: Visit, tmp_path: Path) -> None:
    page = visit("vae", "directions")
    pixels(page)
    name = page.get_by_role("textbox", name="name", exact=True)
    name.fill("wider")
    press(page, "Keep under this name")
    expect(page.get_by_role("heading", name="Direction “wider”")).to_be_visible()
    assert own(page) == ["wider"]
    page.reload()
    pixels(page)
    expect(page.locator("details[data-kind=own]")).to_be_visible()
    assert own(page) == ["wider"]
    with page.expect_download() as saved:
        press(page, "Download your own directions")
    file = Path(shutil.copy(saved.value.path(), tmp_path / "mine.json"))
    assert json.loads(file.read_text())
    name.fill("narrower")
    press(page, "Rename")
    expect(page.get_by_role("heading", name="Direction “narrower”")).to_be_visible()
    press(page, "Delete")
    expect(page.locator("details[data-kind=own]")).to_have_count(0)
    page.set_input_files("input[aria-label='a file of directions']", file)
    expect(page.get_by_role("heading", name="Direction “wider”")).to_be_visible()
    press(page, "Delete")  # the server keeps them with the run
    expect(page.locator("details[data-kind=own]")).to_have_count(0)
