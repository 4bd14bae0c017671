"""The layers of a network at work."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Visit, served_only
from .pages import changes, pixels

pytestmark = pytest.mark.browser

MAPS = "#view .maps canvas"


@served_only
def test_a_layer_is_chosen_and_drawn(visit: Visit) -> None:
    page = visit("wide", "layers")
    pixels(page, MAPS)
    rows = page.locator("#view tbody tr")
    count = rows.count()
    assert count > 4
    shown = page.locator("#view iframe").get_attribute("src")
    transposed = rows.filter(has_text="ConvTranspose2d").first
    with changes(page, MAPS):
        transposed.get_by_role("button").click()
    assert transposed.get_attribute("aria-selected") == "true"
    assert page.locator("#view iframe").get_attribute("src") != shown
    expect(page.frame_locator("#view iframe").locator("#kind")).to_have_value("transposed")


@served_only
def test_the_maps_are_of_the_image_in_hand(visit: Visit) -> None:
    page = visit("wide", "layers")
    with changes(page, MAPS):
        page.locator("#view .thumb").last.click()
