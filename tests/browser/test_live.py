"""A distribution that is drawn and learned."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit, served_only, static_only
from .pages import changes, pixels, press

pytestmark = pytest.mark.browser


def step(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#view output").filter(has_text=re.compile("^step")).inner_text()))


def at_step(page: Page, number: int) -> None:
    expect(page.get_by_text(f"step {number}", exact=True)).to_be_visible()


@served_only
def test_it_starts_steps_and_rests(visit: Visit) -> None:
    page = visit("vae", "live")
    at_step(page, 0)
    with changes(page):
        press(page, "Step")
    at_step(page, 1)
    with changes(page):
        press(page, "Start")
    page.wait_for_function("() => Number(document.querySelector('#view').innerText.match(/step (\\d+)/)[1]) > 20")
    press(page, "Pause")
    pixels(page)
    rested = step(page)
    page.wait_for_timeout(300)
    assert step(page) == rested
    press(page, "New weights")
    at_step(page, 0)


@served_only
@pytest.mark.parametrize("family", ["vae", "autoencoder"])
def test_other_families_learn(family: str, visit: Visit) -> None:
    page = visit("vae", "live")
    at_step(page, 0)
    with changes(page):
        page.get_by_label("Family").select_option(family)
    press(page, "Step")
    at_step(page, 1)
    page.reload()
    at_step(page, 0)
    expect(page.get_by_label("Family")).to_have_value(family)


@served_only
def test_points_are_drawn_with_pointer_and_keys(visit: Visit) -> None:
    page = visit("vae", "live")
    at_step(page, 0)
    with changes(page):
        press(page, "Clear")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    box = page.locator("#view canvas").first.bounding_box()
    with changes(page):
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=5)
        page.mouse.up()
    with changes(page):
        page.locator("#view canvas").first.press("ArrowLeft")
        page.locator("#view canvas").first.press(" ")
    press(page, "Step")
    at_step(page, 1)


@static_only
def test_a_static_page_says_where_it_runs(visit: Visit) -> None:
    page = visit("vae", "live")
    expect(page.locator("#view")).to_contain_text("trompe explore")
