"""Images that follow the discriminator's gradient."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit, served_only, static_only
from .pages import changes, pixels, press

pytestmark = pytest.mark.browser

IMAGE, GRADIENT, CHANGE = (f"canvas[aria-label='{name}']" for name in ("image", "gradient", "change"))


def logit(page: Page, steps: int) -> float:
    said = page.locator("output.logit")
    expect(said).to_contain_text(f"after {steps} steps" if steps else "logit")
    return float(re.search(r"logit (\S+)", said.inner_text())[1])


@served_only
def test_a_step_changes_the_image_and_raises_the_logit(visit: Visit) -> None:
    page = visit("gan", "gradient")
    pixels(page, IMAGE)
    first = logit(page, 0)
    assert pixels(page, GRADIENT)
    with changes(page, IMAGE):
        press(page, "One step")
    for step in range(2, 6):
        logit(page, step - 1)
        press(page, "One step")
    assert logit(page, 5) > first
    assert pixels(page, CHANGE)
    press(page, "Back to the start")
    expect(page.locator("output.logit")).not_to_contain_text("after")
    assert logit(page, 0) == first


@served_only
def test_it_follows_until_it_is_stopped(visit: Visit) -> None:
    page = visit("gan", "gradient")
    with changes(page, IMAGE):
        press(page, "Follow it")
    press(page, "Follow it")
    assert pixels(page, IMAGE)


@static_only
def test_a_static_page_says_what_to_do_instead(visit: Visit) -> None:
    page = visit("gan", "gradient")
    expect(page.locator("#view")).to_contain_text("trompe explore")
