"""What is around the views: the choice of a run, tabs by keys, runs that change, images from outside."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import trompe
from conftest import small
from trompe.explorer.runs import Runs
from trompe.explorer.serve import serve_beside

from .conftest import Visit, served_only
from .pages import changes, open_view, pixels, views

pytestmark = pytest.mark.browser


def selected(page: Page) -> str:
    tab = page.locator("[role=tab][aria-selected=true]")
    expect(tab).to_have_count(1)
    return str(tab.get_attribute("id")).removeprefix("tab-")


def test_another_run_is_chosen(visit: Visit) -> None:
    page = visit("vae")
    assert page.locator("#run option").all_inner_texts() == ["vae", "wide", "cvae", "autoencoder", "gan", "plane"]
    page.select_option("#run", "gan")
    expect(page.locator("#facts")).to_contain_text("gan")
    page.wait_for_selector("#tab-gradient")
    assert "run=gan" in page.url
    page.reload()
    expect(page.locator("#facts")).to_contain_text("gan")


def test_an_address_that_is_followed_opens_what_it_names(visit: Visit) -> None:
    page = visit("vae", "morph")
    page.evaluate("location.hash = 'run=gan&view=progress'")
    page.wait_for_selector("#view > .progress")
    expect(page.locator("#facts")).to_contain_text("gan")


@served_only
def test_tabs_are_walked_by_keys(visit: Visit) -> None:
    page = visit("vae")
    names = views(page)
    page.locator(f"#tab-{names[0]}").focus()
    for name in [*names[1:], names[0]]:
        page.keyboard.press("ArrowRight")
        assert selected(page) == name
        assert page.evaluate("document.activeElement.id") == f"tab-{name}"
        page.wait_for_selector(f"#view > .{name}")
    page.keyboard.press("ArrowLeft")
    assert selected(page) == names[-1]
    assert page.locator("[role=tab][tabindex='0']").count() == 1  # Tab leaves them for the view
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[role=tablist]')") is None


def test_an_image_file_is_taken_in_hand(visit: Visit, tmp_path: Path) -> None:
    Image.fromarray(np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))).save(tmp_path / "ramp.png")
    page = visit("vae", "morph")
    with changes(page):
        page.set_input_files("input[aria-label='choose an image file']", tmp_path / "ramp.png")
    expect(page.locator("canvas[aria-label='image in hand']")).to_be_visible()
    open_view(page, "denoise")
    image = page.locator("#view canvas").first
    pixels(page)
    row = image.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 3, canvas.width, 1).data].filter((_, i) => i % 4 === 0)"
    )
    assert all(left < right for left, right in itertools.pairwise(row))


@served_only
def test_what_is_no_image_is_refused(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("these are notes")
    page = visit("vae", "morph")
    page.set_input_files("input[aria-label='choose an image file']", tmp_path / "notes.png")
    expect(page.locator("#message")).to_have_text("this file cannot be read as an image")
    page.evaluate("document.getElementById('message').textContent = ''")


@served_only
def test_a_drawing_is_taken_in_hand(visit: Visit) -> None:
    page = visit("vae", "morph")
    pixels(page)
    page.get_by_role("button", name="Draw one").first.click()
    board = page.locator("canvas.drawing").first
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    with changes(page):
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 150, box["y"] + 150, steps=5)
        page.mouse.up()


@served_only
def test_a_run_that_has_changed_is_shown_anew(visit: Visit, folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["vae"], tmp_path / "growing"))
    page = visit("growing", "morph", address=serve_beside(Runs([folder])))
    expect(page.locator("#facts")).to_contain_text("step 300 of 300")
    with changes(page):
        trompe.train(small(steps=400), folder)
        expect(page.locator("#facts")).to_contain_text("step 400 of 400", timeout=15_000)
