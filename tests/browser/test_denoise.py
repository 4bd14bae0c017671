"""An image with noise, restored."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .conftest import Visit, served_only
from .pages import changes, pixels, press

pytestmark = pytest.mark.browser

NOISY, RESTORED = "canvas[aria-label^='noisy image']", "canvas[aria-label='restored image']"


def stroke(page: Page) -> None:
    box = page.locator(NOISY).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=4)
    page.mouse.up()


def test_noise_is_drawn_and_cleaned(visit: Visit) -> None:
    page = visit("autoencoder", "denoise")
    before = pixels(page, NOISY), pixels(page, RESTORED)
    with changes(page, NOISY), changes(page, RESTORED):
        stroke(page)
    press(page, "Clean")
    assert (pixels(page, NOISY), pixels(page, RESTORED)) == before


@served_only
def test_noise_is_added_by_keys(visit: Visit) -> None:
    page = visit("autoencoder", "denoise")
    with changes(page, NOISY), changes(page, RESTORED):
        page.locator(NOISY).press("Enter")
