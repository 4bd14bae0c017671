"""ONNX graphs of a model: one for each verb, of any batch size, checked against the model itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..condition import Condition
from ..core.model import Model
from ..device import onnx_runtime
from ..errors import TrompeError
from ..files import write_bytes, write_json
from ..rng import Stream, normal
from ..runs.predictor import Predictor
from ..text import reason_of
from ..version import __version__
from .verbs import VERBS, Verb

DESCRIPTION = "model.json"
TOLERANCE = 1e-4
"""Largest difference from the model, as a share of its largest output, or absolute for outputs below one."""
BATCHES = (1, 2, 7)
"""Batch sizes at which a graph is compared with the model; it was traced at another."""
TRACED = 3
LABELS = "labels"


def export_graphs(predictor: Predictor, folder: Path, *, name: str = "") -> list[Path]:
    """Write `VERB.onnx` for each verb that a model has, and `model.json`, which says how to use them.

    A graph takes float32 `(batch, *shape)` under the name of what its verb takes, and int64 `labels` `(batch,)` where
    the model is class-conditional. It runs wherever ONNX does: onnxruntime, a browser, a phone.

    Args:
        name: where the model came from, for the description.

    Raises:
        TrompeError: the exporter is not installed, a network cannot be exported, or a graph computes something else.
    """
    if predictor.model.condition_shape is not None:
        raise TrompeError("a model that is conditioned on images is not exported", hint="use it from Python")
    verbs = {key: verb for key, verb in VERBS.items() if verb.lacks(predictor) is None}
    graphs, described = {}, {}
    for key, verb in verbs.items():
        graphs[key] = exported(predictor.model, key, verb)
        described[key] = description_of(
            predictor.model, key, verb, largest_difference(predictor.model, verb, graphs[key])
        )
    described_model = about(predictor, name) | {"verbs": described}
    for key, content in graphs.items():
        write_bytes(folder / f"{key}.onnx", content)
    write_json(folder / DESCRIPTION, described_model)
    return [*(folder / f"{key}.onnx" for key in graphs), folder / DESCRIPTION]


def about(predictor: Predictor, name: str) -> dict[str, Any]:
    """What a program that uses the graphs must know of the model."""
    return {
        "trompe": __version__,
        "run": name,
        "recipe": predictor.recipe.name,
        "family": predictor.recipe.family.kind,
        "data": predictor.record.data.source,
        "step": predictor.step,
        "format": asdict(predictor.format),
        "latent_shape": predictor.model.latent_shape,
        "prior": predictor.model.prior,
        "conditional": predictor.model.num_classes > 0,
    }


def description_of(model: Model, key: str, verb: Verb, difference: float) -> dict[str, Any]:
    inputs: dict[str, Any] = {verb.takes: {"shape": ["batch", *verb.input_shape(model)], "type": "float32"}}
    if model.num_classes:
        inputs[LABELS] = {"shape": ["batch"], "type": "int64"}
    return {"file": f"{key}.onnx", "inputs": inputs, "output": output_name(verb), "largest_difference": difference}


def output_name(verb: Verb) -> str:
    """An output must not share its input's name."""
    return "reconstructions" if verb.gives == verb.takes else verb.gives


class Exported(nn.Module):
    """A verb as a module of tensors alone."""

    def __init__(self, model: Model, verb: Verb) -> None:
        super().__init__()
        self.model, self.verb = model, verb

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.verb.run(self.model, x, Condition(labels))


def exported(model: Model, key: str, verb: Verb) -> bytes:
    """The graph of a verb."""
    module, inputs = Exported(model, verb).eval(), examples(model, verb, TRACED)
    batch = torch.export.Dim("batch")
    names = [verb.takes, *([LABELS] if model.num_classes else [])]
    try:
        with quiet():
            program = torch.onnx.export(
                module,
                inputs,
                dynamo=True,
                input_names=names,
                output_names=[output_name(verb)],
                dynamic_shapes=tuple({0: batch} for _ in inputs),
                verbose=False,
            )
        assert program is not None
        return bytes(program.model_proto.SerializeToString())
    except ImportError as error:
        raise TrompeError(f"ONNX graphs need a package: {error}", hint="`pip install 'trompe[onnx]'`") from error
    except Exception as error:  # the exporter raises errors of many kinds for what it does not know
        raise TrompeError(
            f"`{key}` of this model cannot be exported: {reason_of(error)}", hint="use it from Python"
        ) from error


def largest_difference(model: Model, verb: Verb, graph: bytes) -> float:
    """How far a graph's outputs are from the model's, at most, over several batch sizes.

    Raises:
        TrompeError: it is more than the tolerance.
    """
    session, worst = onnx_runtime().InferenceSession(graph, providers=["CPUExecutionProvider"]), 0.0
    names = [one.name for one in session.get_inputs()]
    for count in BATCHES:
        inputs = examples(model, verb, count)
        with torch.no_grad():
            expected = verb.run(model, inputs[0], Condition(*inputs[1:])).numpy()
        (found,) = session.run(None, {name: one.numpy() for name, one in zip(names, inputs, strict=True)})
        difference = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        worst = max(worst, difference / max(1.0, float(np.abs(expected).max())))
    if not worst <= TOLERANCE:
        raise TrompeError(
            f"an exported graph differs from the model by {worst:.2g}, and at most {TOLERANCE:g} is allowed",
            hint="please report it, with the recipe",
        )
    return worst


def examples(model: Model, verb: Verb, count: int) -> tuple[Tensor, ...]:
    """Inputs of a verb: noise, of which images are the normal distribution function; and classes in turn."""
    noise = normal((count, *verb.input_shape(model)), 0, Stream.SAMPLE)
    x = 0.5 * (1 + torch.erf(noise / 2**0.5)) if verb.takes == "images" else noise
    return (x, torch.arange(count) % model.num_classes) if model.num_classes else (x,)


@contextmanager
def quiet() -> Iterator[None]:
    """Without what the exporter says of packages that it does not need."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
