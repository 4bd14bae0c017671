"""The static page: the same views over graphs that run in the visitor's browser, as files that any web server gives."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..condition import Condition
from ..display.grid import to_bytes
from ..errors import TrompeError
from ..export.graphs import examples, exported, largest_difference
from ..export.verbs import VERBS
from ..runs.capabilities import LACKS, lacking
from ..runs.predictor import Predictor
from ..version import __version__
from ..web.assets import EXPLORED, asset
from .about import Shown
from .directions import directions_of
from .fields import fields
from .guard import POLICY
from .layers import layers_of
from .onnxruntime_web import runtime_files
from .runs import Runs
from .verbs import SERVED

SHOWN = 36
"""Images of a step of the training."""
VIEWED = {"decode", "encode", "reconstruct", "sample"}
"""What the views of a static page ask for: the discriminator is of no use there without its gradient."""
WEBGPU_FROM = 10**8
"""Multiplications for an image: WebAssembly makes about as many in a frame of the screen."""
ENGINE = '<meta name="engine" content="served">'
"""In the page, what tells it where to ask."""


def site(runs: Runs, snapshot: int | None = None) -> dict[str, bytes]:
    """The files of a page, by their paths in its folder.

    Args:
        snapshot: the step of a kept snapshot of each run, instead of the latest weights.

    Raises:
        TrompeError: a run cannot be opened or exported, or the runtime cannot be fetched.
    """
    shown = [runs.at(name, snapshot) for name in runs.folders()]
    runtime = runtime_files(webgpu=any(is_large(one.run.predictor) for one in shown))
    content = page() | {f"vendor/{path}": file for path, file in runtime.items()}
    for one in shown:
        content |= {f"runs/{one.name}/{path}": file for path, file in files_of(one).items()}
    return content | {"runs/index.json": as_json([line_of(one.about) for one in shown])}


def line_of(about: dict[str, Any]) -> dict[str, Any]:
    return {"name": about["name"], "recipe": about["recipe"], "data": about["data_name"], "step": about["step"]}


def page() -> dict[str, bytes]:
    """The page itself. It allows no request to another host, as the server's own header does."""
    root = Path(str(files("trompe.explorer").joinpath("page")))
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.js"))}
    policy = "; ".join(part for part in POLICY.split("; ") if not part.startswith("frame-ancestors"))  # a header's only
    head = (
        f'<meta name="generator" content="trompe {__version__}">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n' + ENGINE.replace("served", "static")
    )
    index = (root / "index.html").read_text("utf-8").replace(ENGINE, head)
    return found | {"index.html": index.encode()} | {name: asset(name) for name in EXPLORED}


def files_of(shown: Shown) -> dict[str, bytes]:
    """The files of a run, by name.

    Raises:
        TrompeError: it cannot be exported.
    """
    graphs, progress = graphs_of(shown), progress_of(shown)
    content = {f"{verb}.onnx": graph for verb, graph in graphs.items()}
    content |= {f"progress-{step}.bin": images for step, images in progress.items()}
    content["directions.json"] = as_json(directions_of(shown))
    if shown.data is not None:
        content["images.bin"] = shown.images.tobytes()
    if shown.latents is not None:
        content["latents.bin"] = shown.latents.astype("<f4").tobytes()
    verbs = [key for key in SERVED if key in VIEWED and not lacking(shown.run.predictor, SERVED[key].requires)]
    verbs += ["progress"] if progress else []
    if (layers := layers_at(shown)) is not None:
        content["layers.json"] = as_json(layers)
        verbs.append("layers")
    with suppress(TrompeError):  # which says why there are none
        content["fields"] = fields(shown)
        verbs.append("fields")
    held = {"graphs": list(graphs), "webgpu": is_large(shown.run.predictor)}
    about = shown.about | {"engine": "static", "verbs": verbs, "static": held}
    return content | {"about.json": as_json(about)}


def is_large(predictor: Predictor) -> bool:
    """Whether a verb of the model takes so long without a GPU that one is worth its own delay of some milliseconds."""
    for verb in map(VERBS.__getitem__, VIEWED):
        if verb.lacks(predictor) is None:
            inputs = examples(predictor.model, verb, 1)
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                verb.run(predictor.model, inputs[0], Condition(*inputs[1:]))
            if counter.get_total_flops() > 2 * WEBGPU_FROM:
                return True
    return False


def graphs_of(shown: Shown) -> dict[str, bytes]:
    """The graph of each verb, compared with the model. Two are made of others, so that no network is loaded twice:
    images are reconstructed by encoding and decoding them, and samples of a normal prior are noise decoded.
    """
    predictor, model = shown.run.predictor, shown.run.model
    composed = {"reconstruct", *(["sample"] if model.prior == "normal" else [])}
    graphs = {}
    for key in sorted(VIEWED - composed):
        if (verb := VERBS[key]).lacks(predictor) is None:
            graphs[key] = exported(model, key, verb)
            largest_difference(model, verb, graphs[key])
    return graphs


def progress_of(shown: Shown) -> dict[int, bytes]:
    """Of each kept step up to this one the same samples, or the first images of the data reconstructed."""
    can = {name for name, lack in LACKS.items() if lack(shown.run.predictor) is None}
    if not {"decoder", "flat images"} <= can:
        return {}
    if "prior" in can:
        return {one.step: to_bytes(one.sample(SHOWN)).tobytes() for one in shown.run.at_snapshots()}
    if "reconstruction" in can and shown.data is not None:
        first = shown.data.take(slice(0, SHOWN))
        return {one.step: to_bytes(one.predictor.reconstruct(first)).tobytes() for one in shown.run.at_snapshots()}
    return {}


def layers_at(shown: Shown) -> list[dict[str, Any]] | None:
    """The layers at work on the first image of the data, which is the one in hand as a page opens."""
    if shown.data is None or lacking(shown.run.predictor, ("flat images",)):
        return None
    first = shown.data.take(slice(0, 1))
    return layers_of(shown.run.predictor, first.images_as_floats(), first.labels)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
