"""Start-up of the command line: seconds and peak memory of fresh processes, medians of several runs in turns.

`trompe --help` can at best be as fast as Python itself, and a training can start at best as fast as torch imports;
both bounds are in the table. `first step` is from the command to the end of a training of one step, which includes
reading the packed data and writing the run folder; `200 steps` is an ordinary run. One round before the others is not
counted: it packs MNIST and brings files into the disk cache.

A process counts the memory of the one that started it as its own, so no peak is below this script's 20 MiB or so.
For systems with `os.wait4` (Linux, macOS).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median

from reporting import conditions, note, paired_ratio, report

BOUNDS = {"trompe --help": "python", "first step": "import torch", "200 steps": "import torch"}
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    arguments = parsed()
    before = conditions()
    runs: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(-1, arguments.runs):
            for name, command in commands(Path(folder), number).items():
                found = measured(command)
                if number >= 0:
                    runs.setdefault(name, []).append(found)
            note("warmed up" if number < 0 else f"run {number + 1} of {arguments.runs}")
    seconds = {name: [run[0] for run in every] for name, every in runs.items()}
    memory = {name: [run[1] for run in every] for name, every in runs.items()}
    ratios = {name: paired_ratio(seconds[name], seconds[bound]) for name, bound in BOUNDS.items()}
    rows = [
        [
            name,
            f"{median(every):.3f}",
            f"{min(every):.3f}-{max(every):.3f}",
            f"{ratios[name]:.2f} x {BOUNDS[name]}" if name in BOUNDS else "",
            f"{median(memory[name]) / 2**20:.0f}",
        ]
        for name, every in seconds.items()
    ]
    values = {
        "runs": arguments.runs,
        "seconds": {name: median(every) for name, every in seconds.items()},
        "ratio_to_bound": ratios,
        "peak_bytes": {name: median(every) for name, every in memory.items()},
        "every_run": {"seconds": seconds, "peak_bytes": memory},
    }
    report(["", "seconds", "from-to", "bound", "peak MiB"], rows, values, before, arguments.json)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def commands(folder: Path, number: int) -> dict[str, list[str]]:
    """The commands by name; each training has a run folder of its own."""
    trompe = shutil.which("trompe", path=sysconfig.get_path("scripts")) or "trompe"
    train = [trompe, "train", "vae-mnist"]
    nothing_else = ["--train.evaluate-every", "0", "--train.sample-every", "0"]
    return {
        "python": [sys.executable, "-c", "pass"],
        "trompe --help": [trompe, "--help"],
        "import torch": [sys.executable, "-c", "import torch"],
        "first step": [*train, "--train.steps", "1", *nothing_else, "--out", str(folder / f"one-{number}")],
        "200 steps": [*train, "--train.steps", "200", "--out", str(folder / f"200-{number}")],
    }


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and peak resident bytes of one fresh process."""
    # a file, not this terminal: a progress bar there would be drawn, and timed
    with tempfile.TemporaryFile("w+") as messages:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            messages.seek(0)
            sys.exit(f"`{' '.join(command)}` ended with {process.returncode}:\n{messages.read()}")
    return seconds, usage.ru_maxrss * RSS_UNIT


if __name__ == "__main__":
    main()
