"""Random commands from trompe's own list of flags, each in a process of its own, and what none of them may do.

`python tests/run_fuzzing.py --seed 1 --count 300` runs some and prints those at fault, so that they can be pasted;
`--make FOLDER` makes only the files that they were given.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from fuzzing import RUNS, as_typed, random_command
from PIL import Image

if TYPE_CHECKING:
    from trompe.recipes import Recipe
    from trompe.runs.run import Run

PLACE = Path("a", "b")
"""Where a command is run, in its work folder, so that `../..` is still in it."""
CPU_SECONDS, WALL_SECONDS, MEMORY, GROWTH = 40, 200, 2**32, 2**31
"""The limits of one command; its memory may grow by less than it may ask for."""
CODES = {0, 2, 3, 130}


def make_files(folder: Path) -> None:
    """Everything that commands are given, in `folder/work`, and a file beside it that none may touch."""
    import trompe
    from trompe.options.nets import MLPOptions

    inputs = folder / "work" / PLACE / "in"
    (inputs / "empty").mkdir(parents=True)
    (folder / "outside").mkdir()
    noise = np.random.default_rng(0)
    Image.fromarray(noise.integers(0, 256, (9, 12), dtype=np.uint8)).save(folder / "outside" / "image.png")
    (inputs / "link.png").symlink_to((folder / "outside" / "image.png").resolve())
    Image.fromarray(noise.integers(0, 256, (9, 12, 3), dtype=np.uint8)).save(inputs / "image.png")
    for name in ("one", "two"):
        (inputs / "images" / name).mkdir(parents=True)
        for number in range(8):
            pixels = noise.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(inputs / "images" / name / f"{number}.png")
    picture = (inputs / "image.png").read_bytes()
    for name in ("broken.png", "images/one/broken.png"):
        (inputs / name).write_bytes(picture[:60])
    for name in (b"\xff\x1b[31m.png", b"images/one/\xff\x1b[31m.png"):
        Path(os.fsdecode(os.fsencode(inputs) + b"/" + name)).write_bytes(picture)
    with zipfile.ZipFile(inputs / "images.zip", "w") as file:
        for path in sorted(inputs.glob("images/*/[0-9].png")):
            file.write(path, path.relative_to(inputs / "images"))
    np.savez(inputs / "arrays.npz", images=noise.integers(0, 256, (30, 8, 8), dtype=np.uint8))
    np.savez(inputs / "latents.npz", latents=noise.normal(size=(4, 2)).astype(np.float32), labels=np.arange(4))
    for name in ("latents.npz", "images.zip"):
        (inputs / f"damaged{Path(name).suffix}").write_bytes((inputs / name).read_bytes()[:300])
    (inputs / "note.txt").write_text("not an image")
    small = {"steps": 2, "batch": 8, "sample_every": 1, "snapshots": (1,), "data": "digits",
             "evaluate.importance_samples": 2, "evaluate.samples": 20}  # fmt: skip
    for name, known in zip(RUNS, ("vae-digits", "cvae", "gan"), strict=True):
        made = trompe.recipe(known)
        widths = (16,) if isinstance(made.nets, MLPOptions) else (4,)
        made = replace(made, nets=replace(made.nets, widths=widths, latent=2)).with_(**small)
        trompe.train(made, inputs.parent / name, quiet=True)
    shutil.copytree(inputs / "vae", inputs / "damaged")
    (inputs / "damaged" / "weights.safetensors").write_bytes((inputs / "vae" / "run.json").read_bytes())
    (inputs / "foreign").mkdir()
    (inputs / "foreign" / "run.json").write_text('{"recipe": {"name": "\\u001b[31m"}}')
    shutil.copy(inputs / "vae" / "run.json", inputs / "recipe.json")
    (inputs / "recipe.py").write_text("from trompe import recipe\n\ndef mine():\n    return recipe('vae-digits')\n")


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every file below a folder, with what changes when it does."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        known = path.lstat()
        same = (known.st_size, known.st_mtime_ns) if not stat.S_ISDIR(known.st_mode) else ()
        found[str(path.relative_to(folder))] = (stat.S_IFMT(known.st_mode), *same)
    return found


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative for a signal), what it wrote, and by how much its memory grew."""

    code: int
    out: str
    err: str
    growth: int


def run(words: list[str], folder: Path) -> Ended:
    """Run a command in a fork of this process, in the work folder, within the limits."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks
        child = os.fork()
    if child == 0:
        in_child(words, folder)
    end = time.monotonic() + WALL_SECONDS
    while not (ended := os.wait4(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.005)
    out, err = ((folder / name).read_text("utf-8", "surrogateescape") for name in ("out", "err"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Ended(os.waitstatus_to_exitcode(ended[1]), out, err, (ended[2].ru_maxrss - before) * 1024)


def in_child(words: list[str], folder: Path) -> NoReturn:
    code = 1
    try:
        os.setsid()
        for number, name in enumerate((os.devnull, folder / "out", folder / "err")):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        os.chdir(folder / "work" / PLACE)
        os.environ |= {"HOME": str(folder / "work"), "TMPDIR": str(folder / "tmp")}
        tempfile.tempdir = None
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
        from trompe import cli

        sys.argv = ["trompe", *words]
        cli.main(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        sys.stderr.write(f"not ended by itself: {error!r}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def faults(words: list[str], ended: Ended, before: dict[str, tuple[object, ...]], folder: Path) -> list[str]:
    """What a command did that none may do."""
    found = []
    if ended.code not in CODES:
        found.append(f"it ended with {ended.code}")
    text = ended.out + ended.err
    for wrong in ("Traceback (most recent", "this is a bug", "Warning:", "not ended by itself"):
        if wrong in text:
            found.append(f"it wrote `{wrong}`")
    if ended.code == 2 and words != ["train"] and ("error: " not in ended.err or "\nhint: " not in ended.err):
        found.append("an error without a hint")
    if raw := {one for one in text if unicodedata.category(one) in ("Cc", "Cs") and one != "\n"}:
        found.append(f"it wrote {sorted(raw)}")
    if ended.growth > GROWTH:
        found.append(f"its memory grew by {ended.growth:,} bytes")
    after = state_of(folder)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return found + [f"it changed `{one}`" for one in changed if not may_change(one, one in before, ended.code, words)]


def may_change(name: str, existed: bool, code: int, words: list[str]) -> bool:
    """Whether a command may change this file, or make it: none does if it is refused, but for the results of the runs
    before the one that could not be measured.
    """
    if name in ("out", "err") or re.match(r"cache(/|$)", name):
        return True
    inside = name.removeprefix(f"work/{PLACE}/")
    if not name.startswith("work/") or (code == 2 and not ("evaluate" in words and "measures.jsonl" in inside)):
        return False
    return not existed or inside.startswith(tuple(f"{run}/" for run in RUNS)) or (code == 0 and "--force" in words)


def try_commands(seed: int, numbers: range, folder: Path, verbose: bool) -> Iterator[str]:
    """Run commands by their numbers; a report of each that is at fault."""
    for number in numbers:
        draw = random.Random(f"{seed} {number}")
        words = random_command(draw)
        shutil.rmtree(folder / "work", ignore_errors=True)
        shutil.copytree(folder / "made" / "work", folder / "work", symlinks=True)
        os.mkfifo(folder / "work" / PLACE / "in" / "images" / "pipe.png")
        before, start = state_of(folder), time.monotonic()
        ended = run(words, folder)
        if verbose:
            print(f"{number} {ended.code} {time.monotonic() - start:.1f}s {as_typed(words)}", file=sys.stderr)
        if found := faults(words, ended, before, folder):
            last = printable(ended.err.strip()[-1500:])
            yield "\n".join([f"seed {seed}, number {number}:", as_typed(words), *found, last, ""])


def printable(text: str) -> str:
    return "\n".join(ascii(line)[1:-1] for line in text.splitlines())


def short(train: Callable[..., Run]) -> Callable[..., Run]:
    """Training of two steps at most, whatever the recipe says."""

    def trained(recipe: Recipe, *arguments: object, **named: object) -> Run:
        return train(recipe.with_(steps=min(2, recipe.train.steps)), *arguments, **named)

    return trained


def no_network(*_: object) -> NoReturn:
    raise OSError(101, "Network is unreachable")


def prepare(folder: Path) -> None:
    """Import all of trompe, make the files in a process of their own, and close what is around the commands."""
    import pkgutil
    from importlib import import_module

    import torch

    import trompe
    from trompe.training import loop

    torch.optim.Adam([torch.zeros(1)])  # imports a good deal
    torch.set_num_threads(1)
    for name in ("tmp", "cache"):
        (folder / name).mkdir()
    os.environ |= {"TROMPE_CACHE": str(folder / "cache"), "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    os.environ.pop("TROMPE_DATA", None)
    for module in pkgutil.walk_packages(trompe.__path__, "trompe."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    loop.train = short(loop.train)
    socket.socket.connect = no_network  # type: ignore[assignment, method-assign]
    if (maker := os.fork()) == 0:
        make_files(folder / "made")
        os._exit(0)
    assert os.waitpid(maker, 0)[1] == 0, "the files could not be made"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--make", type=Path)
    parser.add_argument("--verbose", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as place:
        prepare(Path(place))
        if chosen.make:
            shutil.copytree(Path(place, "made"), chosen.make, symlinks=True)
            return
        numbers = range(chosen.first, chosen.first + chosen.count)
        wrong = 0
        for report in try_commands(chosen.seed, numbers, Path(place), chosen.verbose):
            wrong += 1
            print(report, flush=True)
    print(f"{chosen.count} commands, {wrong} at fault")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
