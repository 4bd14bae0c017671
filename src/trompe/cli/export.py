"""Commands that take a model elsewhere: `export`, `push`."""

from __future__ import annotations

import shlex
from contextlib import suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import tyro

from ..errors import TrompeError
from ..files import check_run, expanded, write_bytes
from ..text import printable_lines
from .flags import Folder, Force, Snapshot, open_run
from .outputs import may_write, remember, written, written_by_trompe

WEIGHTS = ("config.json", "weights.safetensors", "README.md")


def export(
    run: Folder,
    others: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RUN ...]")] = (),
    onnx: Path | None = None,
    safetensors: Path | None = None,
    web: Path | None = None,
    snapshot: Snapshot = None,
    force: Force = False,
) -> None:
    """Export a model to use it elsewhere.

    Args:
        others: Further runs for the page of `--web`.
        onnx: A folder for one ONNX graph per verb and `model.json`, which says how to use them. Each graph is checked
            against the model.
        safetensors: A folder for the weights and `config.json`, which `trompe.load` opens and `trompe push` publishes.
        web: A folder for the page of `trompe explore` as files for any web server: the networks run in the visitor's
            browser. It holds up to 2,000 images of each run's data.
    """
    runs = (run, *others)
    for one in runs:
        check_run(one)
    if not (folders := [folder for folder in (onnx, safetensors, web) if folder is not None]):
        hint = "give `--onnx FOLDER`, `--safetensors FOLDER`, `--web FOLDER`, or several of them"
        raise TrompeError("there is nothing to export to", hint=hint)
    if others and folders != [web]:
        raise TrompeError(f"{len(runs)} runs were given", hint="give one run, or several to `--web` alone")
    for folder in folders:
        if folder.is_file():
            raise TrompeError(f"`{folder}` is a file, and a folder is needed", hint="give a folder")
    planned = [] if safetensors is None else [safetensors / name for name in WEIGHTS]
    if onnx is not None:
        from ..export.verbs import VERBS

        planned += [onnx / f"{verb}.onnx" for verb in VERBS] + [onnx / "model.json"]
    for path in planned:
        may_write(path, runs, force)
    before = set() if web is None else own_site(expanded(web), force)
    if planned:
        export_one(run, onnx, safetensors, snapshot)
    if web is not None:
        export_site(runs, web, before, snapshot)


def export_one(run: Path, onnx: Path | None, safetensors: Path | None, snapshot: int | None) -> None:
    from ..export import export_graphs, export_weights

    opened = open_run(run, "cpu", snapshot)
    paths = [] if onnx is None else export_graphs(opened.predictor, onnx, name=run.resolve().name)
    paths += [] if safetensors is None else export_weights(opened.predictor, safetensors)
    for path in paths:
        written(path)


def own_site(folder: Path, force: bool) -> set[Path]:
    """The files of a page that trompe wrote into a folder before. Hidden ones there, as git's, are nobody's business.

    Raises:
        TrompeError: the folder holds something else.
    """
    own = set()
    for path in chain([folder / "index.html"], folder.rglob("*")):  # a folder that is no page's is not read through
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if written_by_trompe([path] if path.is_file() else []):
            own.add(path)
        elif not (path.is_dir() or hidden or force) and any(folder.glob("[!.]*")):
            there = f"`{path}` is not what trompe last wrote there" if path.exists() else f"`{folder}` is not empty"
            raise TrompeError(there, hint="choose a new folder, or write over it with `--force`")
    return own


def export_site(runs: tuple[Path, ...], folder: Path, before: set[Path], snapshot: int | None) -> None:
    """Write a page in place of the one before it, and say how to look at it."""
    from ..explorer.runs import Runs
    from ..explorer.site import site
    from ..terminal import note

    root = expanded(folder)
    content = {root / path: file for path, file in site(Runs(runs, device="cpu"), snapshot).items()}
    for path, file in content.items():
        write_bytes(path, file)
    remember(*content)
    for path in before - content.keys():
        path.unlink()
        with suppress(OSError):
            path.parent.rmdir()  # as long as it holds nothing
    print(printable_lines(str(folder)))
    note(f"it opens by a web server: `python -m http.server --directory {shlex.quote(str(folder))}`")


def push(
    run: Folder,
    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="USER/NAME")],
    private: bool = False,
    snapshot: Snapshot = None,
) -> None:
    """Publish a model on the Hugging Face Hub.

    Needs the extra `hub`, and to be logged in there. `trompe.load("hf:USER/NAME")` opens it anywhere.

    Args:
        name: The model's name on the Hub.
        private: Only you can see it.
    """
    check_run(run)
    from ..export import export_weights
    from ..runs.hub import publish

    opened = open_run(run, "cpu", snapshot)
    with TemporaryDirectory() as folder:
        export_weights(opened.predictor, Path(folder))
        print(publish(Path(folder), name, private=private))
