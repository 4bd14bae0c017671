"""Commands that take a model elsewhere: `export`, `push`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import tyro

from ..errors import TrompeError
from ..files import check_run
from .flags import Folder, Force, Snapshot, open_run
from .outputs import may_write, written


def export(
    run: Folder,
    onnx: Path | None = None,
    safetensors: Path | None = None,
    snapshot: Snapshot = None,
    force: Force = False,
) -> None:
    """Export a model to use it elsewhere.

    Args:
        onnx: A folder for one ONNX graph per verb and `model.json`, which says how to use them. Each graph is checked
            against the model.
        safetensors: A folder for the weights and `config.json`, which `trompe.load` opens and `trompe push` publishes.
    """
    check_run(run)
    if onnx is None and safetensors is None:
        raise TrompeError("there is nothing to export to", hint="give `--onnx FOLDER`, `--safetensors FOLDER`, or both")
    for folder in (onnx, safetensors):
        if folder is not None and folder.is_file():
            raise TrompeError(f"`{folder}` is a file, and a folder is needed", hint="give a folder")
    from ..export import VERBS, export_graphs, export_weights

    planned = [] if onnx is None else [onnx / f"{verb}.onnx" for verb in VERBS] + [onnx / "model.json"]
    if safetensors is not None:
        planned += [safetensors / name for name in ("config.json", "weights.safetensors", "README.md")]
    for path in planned:
        may_write(path, (run,), force)
    opened = open_run(run, "cpu", snapshot)
    paths = [] if onnx is None else export_graphs(opened.predictor, onnx, name=run.resolve().name)
    paths += [] if safetensors is None else export_weights(opened.predictor, safetensors)
    for path in paths:
        written(path)


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
