"""From the pointer to its image on the explorer's map, in headless Chromium: served by `trompe explore`, and static.

The pointer moves over the map, rests until the image of that place is drawn, and moves on. A latency is from the
event's own time, which the browser takes when the pointer moves, to the image on its canvas. Each round has both
engines in turn, each in a browser of its own that shares the machine with the server. The size of the static site is of
all its files; `downloaded` is what a visitor's browser asks for until the first image, without compression.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright
from reporting import conditions, note, report
from serving import command, served, started

WATCH = """
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
  put.apply(this, given);
  if (this.canvas.closest?.(".now") && window.moved) {
    window.latencies.push(performance.now() - window.moved);
    window.moved = 0;
  }
};
window.latencies = [];
window.moved = 0;
addEventListener("pointermove", event => { window.moved = event.timeStamp; }, { capture: true });
"""
NEXT = """count => new Promise(done => {
  const look = () => (latencies.length > count ? done(latencies.at(-1)) : setTimeout(look, 1));
  look();
})"""
SETTLED = 4000
"""Milliseconds for the map to be drawn."""
POSITIONS = 13


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--moves", type=int, default=200, help="in a round (default 200)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    before = conditions()
    found: dict[str, list[float]] = {"served": [], "static": []}
    with tempfile.TemporaryDirectory() as folder, served(arguments.run) as server:
        site = Path(folder) / "site"
        subprocess.run(
            [command(), "export", str(arguments.run), "--web", str(site)], check=True, stdout=subprocess.DEVNULL
        )
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
        downloaded = 0
        with hosted(site) as host:
            for number in range(arguments.rounds):
                for engine, address in (("served", server), ("static", host)):
                    latencies, taken = latencies_of(address, arguments.moves)
                    found[engine] += latencies
                    downloaded = taken if engine == "static" else downloaded
                note(f"round {number + 1} of {arguments.rounds}")
    values = {
        name: {"median_ms": statistics.median(one), "p99_ms": float(np.quantile(one, 0.99)), "moves": len(one)}
        for name, one in found.items()
    }
    rows = [
        [name, f"{one['median_ms']:.1f}", f"{one['p99_ms']:.1f}", str(one["moves"])] for name, one in values.items()
    ]
    given = {"run": arguments.run.name, "rounds": arguments.rounds, "moves": arguments.moves}
    sizes = {"site_bytes": size, "downloaded_bytes": downloaded}
    header = ["pointer to image", "median ms", "p99 ms", "moves"]
    report(header, rows, given | sizes | {"engines": values}, before, arguments.json)


def latencies_of(address: str, moves: int) -> tuple[list[float], int]:
    """Milliseconds from a move of the pointer to its image, and the bytes that the page asked for until the first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        sizes: list[int] = []
        page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", 0))))
        page.add_init_script(WATCH)
        page.goto(f"{address}#view=map")
        page.wait_for_selector(".now canvas[aria-busy=false]", timeout=120_000)
        downloaded = sum(sizes)
        page.wait_for_timeout(SETTLED)
        box: Any = page.locator(".map canvas").first.bounding_box()
        found = [latency_at(page, box, number) for number in range(moves)]
        browser.close()
    return found, downloaded


def latency_at(page: Page, box: dict[str, float], number: int) -> float:
    """One move, to a place of a lattice that visits all of the map."""
    across, down = (0.1 + 0.8 * ((number * step) % POSITIONS) / POSITIONS for step in (5, 7 + number // POSITIONS))
    known = page.evaluate("latencies.length")
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    return float(page.evaluate(NEXT, known))


@contextmanager
def hosted(site: Path) -> Iterator[str]:
    """A plain web server, and its address."""
    arguments = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(site)]
    with started(arguments) as line:
        yield f"http://127.0.0.1:{line.split(' port ')[1].split()[0]}/"


if __name__ == "__main__":
    main()
