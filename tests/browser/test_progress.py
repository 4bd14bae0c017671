"""Images as they were at the kept steps."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Visit, served_only
from .pages import changes, pixels, press, slide

pytestmark = pytest.mark.browser


def test_the_steps_of_a_training_are_gone_through(visit: Visit) -> None:
    page = visit("gan", "progress")
    last = pixels(page)
    expect(page.locator("#view output")).to_have_text("step 30")
    for place, step in ((0, 10), (1, 20)):
        with changes(page):
            slide(page, "training step", place)
        expect(page.locator("#view output")).to_have_text(f"step {step}")
    press(page, "Play")
    expect(page.locator("#view output")).to_have_text("step 30")
    assert pixels(page) == last


@served_only
def test_another_noise_is_drawn(visit: Visit) -> None:
    page = visit("gan", "progress")
    with changes(page):
        press(page, "Other noise")
