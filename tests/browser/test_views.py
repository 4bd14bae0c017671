"""Every view of every model: which are offered, and that each opens, fits a phone, and keeps nobody out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from .conftest import Visit, served_only
from .pages import barriers, open_view, overflow, views

pytestmark = pytest.mark.browser

ENCODER = ["map", "morph", "directions", "progress", "denoise", "layers", "live"]
OFFERED = {
    "vae": ENCODER,
    "wide": ENCODER,
    "cvae": ENCODER,
    "autoencoder": ENCODER,
    "gan": ["map", "morph", "directions", "progress", "gradient", "layers", "live"],
    "plane": ["plane", "live"],
}
every_run = pytest.mark.parametrize("run", OFFERED)


def each_view(page: Page) -> Iterator[str]:
    """Go through the views, and give the name of each when it is there."""
    for name in views(page):
        open_view(page, name)
        page.wait_for_timeout(300)
        yield name


@every_run
def test_a_model_has_the_views_that_it_can_fill(run: str, visit: Visit) -> None:
    page = visit(run, phone=True)
    assert views(page) == OFFERED[run]
    for name in each_view(page):
        assert page.locator("#view").inner_text().strip(), name
        assert overflow(page) == 0, name


@served_only
@every_run
def test_views_keep_nobody_out(run: str, visit: Visit) -> None:
    page = visit(run)
    for name in each_view(page):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert not barriers(page), (name, scheme)
