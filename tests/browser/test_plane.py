"""A GAN of points of the plane."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .pages import changes, pixels, press, slide

pytestmark = pytest.mark.browser


def test_the_kept_steps_are_gone_through(visit: Visit) -> None:
    page = visit("plane", "plane")
    last, when = pixels(page), page.locator("#view output").first
    expect(when).to_contain_text("step 100 ")
    with changes(page):
        slide(page, "training step", 0)
    expect(when).to_contain_text("step 20 ")
    assert "step=20" in page.url
    with changes(page):
        press(page, "Step")
    expect(when).to_contain_text("step 60 ")
    press(page, "Play")
    expect(when).to_contain_text("step 100 ")
    assert pixels(page) == last


def test_the_logit_is_read_by_pointer_and_by_keys(visit: Visit) -> None:
    page = visit("plane", "plane")
    pixels(page)
    reading, box = page.locator("#view .reading"), page.locator("#view canvas").bounding_box()
    with changes(page):
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    expect(reading).to_contain_text("logit")
    read = reading.inner_text()
    with changes(page):
        for _ in range(5):
            page.locator("#view canvas").press("ArrowRight")
    expect(reading).not_to_have_text(read)


def test_parts_are_hidden(visit: Visit) -> None:
    page = visit("plane", "plane")
    for part in ("real points", "samples", "discriminator's logit"):
        with changes(page):
            page.get_by_text(part, exact=True).first.click()
