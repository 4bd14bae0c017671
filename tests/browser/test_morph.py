"""The image by its latent."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from .conftest import Visit, served_only
from .pages import changes, levels, pixels, press

pytestmark = pytest.mark.browser

SQUARE = "#view .square"


def values(page: Page) -> list[float]:
    return page.eval_on_selector_all(".dimension input", "all => all.map(one => Number(one.value))")


@pytest.mark.parametrize("run", ["vae", "autoencoder", "gan"])
def test_a_slider_changes_the_image_and_reset_takes_it_back(run: str, visit: Visit) -> None:
    page = visit(run, "morph")
    press(page, "Reset")
    middle = pixels(page)
    with changes(page):
        page.locator(".dimension input").first.press("End")
    press(page, "Reset")
    assert pixels(page) == middle


@served_only
def test_an_arrow_key_moves_a_slider(visit: Visit) -> None:
    page = visit("vae", "morph")
    before = values(page)
    with changes(page):
        for _ in range(20):
            page.locator(".dimension input").first.press("ArrowRight")
    after = values(page)
    assert after[0] > before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize("run", ["vae", "gan"])
def test_the_address_holds_the_image(run: str, visit: Visit) -> None:
    page = visit(run, "morph")
    with changes(page):
        press(page, "Random")
    expected = levels(page)
    page.wait_for_timeout(600)  # the address is written now and then
    page.reload()
    np.testing.assert_allclose(levels(page), expected, atol=2)  # a latent is 16 bits in an address


@served_only
def test_what_is_locked_stays(visit: Visit) -> None:
    page = visit("wide", "morph")
    before = values(page)
    page.locator(".dimension .lock").first.click()
    with changes(page):
        press(page, "Random")
    after = values(page)
    assert after[0] == before[0]
    assert all(one != other for one, other in zip(after[1:], before[1:], strict=True))


@served_only
def test_the_square_is_followed_and_left(visit: Visit) -> None:
    page = visit("vae", "morph")
    page.locator(SQUARE).scroll_into_view_if_needed()
    before = pixels(page)
    box = page.locator(SQUARE).bounding_box()
    with changes(page):
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    page.mouse.move(box["x"] - 60, box["y"] - 60)
    page.wait_for_timeout(100)
    assert pixels(page) == before
    with changes(page):
        page.locator(SQUARE).press("ArrowUp")


@served_only
@pytest.mark.parametrize("label", ["Random walk", "Play"])
def test_an_animation_moves_until_it_is_stopped(label: str, visit: Visit) -> None:
    page = visit("vae", "morph")
    with changes(page):
        press(page, label)
    press(page, label)
    assert pixels(page)  # it comes to rest


def test_a_class_has_images_of_its_own(visit: Visit) -> None:
    page = visit("cvae", "morph")
    with changes(page):
        page.select_option("#class", "7")
    assert "class=7" in page.url


@served_only
def test_images_are_saved(visit: Visit, tmp_path: Path) -> None:
    page = visit("vae", "morph")
    pixels(page)
    with page.expect_download() as saved:
        press(page, "Save PNG")
    png = Image.open(io.BytesIO(Path(saved.value.path()).read_bytes()))
    assert png.width == png.height >= 512
    assert len(np.unique(np.asarray(png.convert("L")))) > 10
    with page.expect_download() as saved:
        press(page, "Save GIF")
    gif = Image.open(io.BytesIO(Path(saved.value.path()).read_bytes()))
    assert gif.n_frames > 20
    frames = []
    for frame in (0, 23):
        gif.seek(frame)
        frames.append(np.asarray(gif.convert("L"), dtype=int))
    assert np.abs(frames[0] - frames[1]).mean() > 1
