"""The report and the page of convolutions, in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import trompe
from trompe.web.report import write_report

PROBE = """<script>
window.onerror = message => { document.title = "error: " + message; };
window.onload = () => {
  const drawn = [...document.images].every(image => image.complete && image.naturalWidth > 0);
  const scrub = document.getElementById("scrub"), frame = document.getElementById("frame"), before = frame.src;
  scrub.value = 0;
  scrub.dispatchEvent(new Event("input"));
  document.title = `changed:${frame.src !== before} step:${document.getElementById("when").textContent} drawn:${drawn}`;
};
</script></body>"""


PHONE = """<iframe id="phone" src="{page}" style="width: 390px; height: 800px; border: 0"></iframe>
<script>
window.onload = () => {{
  const page = document.getElementById("phone").contentDocument, root = page.documentElement;
  const maps = [...page.querySelectorAll("#latent-map img")].map(map => map.getBoundingClientRect());
  document.title = JSON.stringify({{
    overflow: root.scrollWidth - root.clientWidth,
    widths: maps.map(map => Math.round(map.width)),
    stacked: maps.every((map, place) => place === 0 || map.top >= maps[place - 1].bottom),
    paper: getComputedStyle(page.body).backgroundColor,
  }});
}};
</script>"""
"""A page on a telephone, in a frame, since no browser window is that narrow."""


def title_of(page: Path, *flags: str) -> str:
    """The title that a page's scripts gave it."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert browser, "install Chromium, or leave the tests marked `browser` out"
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    own = [f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run([browser, *usual, *flags, *own, page.as_uri()], capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None, done.stderr
    return html.unescape(title[1])


@pytest.mark.browser
def test_the_frames_move_and_every_image_is_drawn(vae_run: trompe.Run, tmp_path: Path) -> None:
    page = write_report(vae_run, tmp_path / "report.html")
    page.write_text(page.read_text().replace("</body>", PROBE))
    assert title_of(page) == "changed:true step:0 drawn:true"


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_fit_a_telephone(dark: bool, vae_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    flags = ["--allow-file-access-from-files", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    run_command("conv", "page", "--out", tmp_path / "conv.html")
    papers = {}
    for page in (write_report(vae_run, tmp_path / "report.html"), tmp_path / "conv.html"):
        frame = tmp_path / f"phone-{page.name}"
        frame.write_text("<title></title>" + PHONE.format(page=page.as_uri()))
        found = json.loads(title_of(frame, *flags))
        assert found["overflow"] == 0, page
        assert all(width > 250 for width in found["widths"])
        assert found["stacked"]
        assert len(found["widths"]) == (3 if page.name == "report.html" else 0)
        papers[page.name] = found["paper"]
    assert set(papers.values()) == {"rgb(23, 25, 29)" if dark else "rgb(251, 251, 250)"}
