"""The map of a plane of latent space."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit, served_only
from .pages import changes, parameters, pixels, press

pytestmark = pytest.mark.browser

STAGE, TILES, POINTS = "#view .stage", "#view .stage > canvas:nth-of-type(1)", "#view .stage > canvas:nth-of-type(2)"
POINTED = "canvas[aria-label='image decoded under the pointer']"
SETTLED = 800
"""Milliseconds, after which the address has followed the map."""


def to(page: Page, across: float, down: float) -> None:
    """Move the pointer to a place of the map."""
    page.locator(STAGE).scroll_into_view_if_needed()
    box = page.locator(STAGE).bounding_box()
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=3)


@pytest.mark.parametrize("run", ["vae", "wide", "autoencoder"])
def test_the_image_follows_the_pointer(run: str, visit: Visit) -> None:
    page = visit(run, "map")
    for place in ((0.2, 0.2), (0.8, 0.3), (0.5, 0.8)):
        with changes(page, POINTED):
            to(page, *place)


@served_only
def test_one_place_has_one_image(visit: Visit) -> None:
    page = visit("vae", "map")
    to(page, 0.3, 0.4)
    first = pixels(page, POINTED)
    with changes(page, POINTED):
        to(page, 0.7, 0.6)
    with changes(page, POINTED):
        to(page, 0.3, 0.4)
    assert pixels(page, POINTED) == first


def test_dragging_and_zooming_bring_other_tiles(visit: Visit) -> None:
    page = visit("vae", "map")
    with changes(page, TILES), changes(page, POINTS):
        to(page, 0.5, 0.5)
        page.mouse.down()
        to(page, 0.3, 0.7)
        page.mouse.up()
    with changes(page, TILES):
        page.mouse.wheel(0, -600)
    page.wait_for_timeout(SETTLED)
    shown = parameters(page)["map"]
    page.reload()
    pixels(page, TILES)
    page.wait_for_timeout(SETTLED)
    assert parameters(page)["map"] == shown
    with changes(page, TILES):
        press(page, "Show all")
    page.wait_for_timeout(SETTLED)
    assert parameters(page)["map"] != shown


@served_only
def test_keys_move_and_zoom(visit: Visit) -> None:
    page = visit("vae", "map")
    with changes(page, POINTED):
        for _ in range(10):
            page.locator(STAGE).press("ArrowRight")
    with changes(page, TILES):
        page.locator(STAGE).press("+")
    with changes(page, TILES):
        page.locator(STAGE).press("0")


@served_only
def test_a_class_is_hidden(visit: Visit) -> None:
    page = visit("vae", "map")
    legend = page.get_by_role("group", name="classes shown")
    with changes(page, POINTS):
        legend.get_by_role("button", name="3").click()
    expect(legend.get_by_role("button", name="3")).to_have_attribute("aria-pressed", "false")
    with changes(page, POINTS):
        press(page, "All")


@served_only
def test_a_point_shows_its_image_and_is_taken_in_hand(visit: Visit) -> None:
    page = visit("vae", "map")
    pixels(page, POINTS)
    place = page.evaluate("""selector => {
      const canvas = document.querySelector(selector), ratio = canvas.width / canvas.clientWidth;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const at = data.findIndex((level, place) => place % 4 === 3 && level === 255 && place > data.length / 3);
      const pixel = Math.floor(at / 4);
      return [(pixel % canvas.width) / ratio, Math.floor(pixel / canvas.width) / ratio];
    }""", POINTS)  # fmt: skip
    box = page.locator(STAGE).bounding_box()
    page.mouse.move(box["x"] + place[0], box["y"] + place[1] + 1)
    expect(page.locator("#view .tip")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_label("image in hand", exact=True)).to_be_visible()


@served_only
def test_another_plane_is_chosen(visit: Visit) -> None:
    page = visit("wide", "map")
    across = page.get_by_label("Across", exact=True)
    others = across.locator("option").evaluate_all("all => all.map(one => one.value)")
    with changes(page, TILES):
        across.select_option(others[2])
    with changes(page, TILES):
        page.get_by_label("Through").select_option("three")
    with changes(page, TILES):
        page.get_by_role("button", name="latent 2: a random one").click()


def test_an_image_is_found_on_the_map(visit: Visit) -> None:
    page = visit("wide", "map")
    page.locator("#view .thumb").first.click()
    expect(page.get_by_text("lands at")).to_be_visible()
    assert pixels(page, "canvas[aria-label='its reconstruction']")


@served_only
def test_a_finger_is_followed(visit: Visit) -> None:
    page = visit("vae", "map", phone=True)
    pixels(page, POINTED)
    page.locator(STAGE).scroll_into_view_if_needed()
    box = page.locator(STAGE).bounding_box()
    for place in ((0.2, 0.3), (0.8, 0.7)):
        with changes(page, POINTED):
            page.touchscreen.tap(box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"])
