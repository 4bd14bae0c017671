"""What is looked at in a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page

IMAGE = "#view canvas"
"""The first canvas of a view is the one that it is about."""
AT_REST = """async selector => {
  const pixels = () => [...document.querySelectorAll(selector)].map(canvas => canvas.toDataURL());
  const drawn = canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((level, place) => level !== data[place % 4]);
  };
  const wait = () => new Promise(done => setTimeout(done, 80));
  const first = () => document.querySelector(selector);
  while (!first() || !first().width || !first().height || !drawn(first())) await wait();
  for (let before = "", same = 0; same < 3; ) {
    const now = pixels().join();
    same = now === before ? same + 1 : 0;
    before = now;
    await wait();
  }
}"""


def pixels(page: Page, selector: str = IMAGE) -> str:
    """The image of a canvas, when something is drawn on it and it has come to rest."""
    page.evaluate(AT_REST, selector)
    return page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")


def levels(page: Page, selector: str = IMAGE) -> np.ndarray:
    """The same as numbers."""
    png = base64.b64decode(pixels(page, selector).partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


@contextmanager
def changes(page: Page, selector: str = IMAGE) -> Iterator[None]:
    """What is done here must change a canvas."""
    before = pixels(page, selector)
    yield
    differs = "([selector, before]) => document.querySelector(selector).toDataURL() !== before"
    page.wait_for_function(differs, arg=[selector, before])


def parameters(page: Page) -> dict[str, str]:
    """The state in a page's address."""
    return dict(parse_qsl(urlsplit(page.url).fragment))


def views(page: Page) -> list[str]:
    """The views whose tabs are offered, in their order."""
    return [
        name.removeprefix("tab-") for name in page.eval_on_selector_all("[role=tab]", "all => all.map(one => one.id)")
    ]


def open_view(page: Page, name: str) -> None:
    page.click(f"#tab-{name}")
    page.wait_for_selector(f"#view > .{name}")


def slide(page: Page, label: str, value: float) -> None:
    """Move a slider as far as a hand would, and let go."""
    page.get_by_role("slider", name=label).first.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true }));"
        " input.dispatchEvent(new Event('change', { bubbles: true })); }",
        str(value),
    )


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).first.click()


def barriers(page: Page) -> list[str]:
    """What keeps people out: faults that axe calls serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
