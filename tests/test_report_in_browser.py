"""The report, in a real browser."""

from __future__ import annotations

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


@pytest.mark.browser
def test_the_frames_move_and_every_image_is_drawn(vae_run: trompe.Run, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert browser, "install Chromium, or leave the tests marked `browser` out"
    page = write_report(vae_run, tmp_path / "report.html")
    page.write_text(page.read_text().replace("</body>", PROBE))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stderr
    assert title[1] == "changed:true step:0 drawn:true"
