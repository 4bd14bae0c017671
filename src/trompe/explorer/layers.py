"""The layers of a run's networks at work on an image: their arithmetic, and the maps that they make."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..conv.layers import CONVOLUTIONS, POOLINGS, TRANSPOSED, layer_of
from ..conv.runs import TracedLayer, trace
from ..runs.predictor import Labels, Predictor

MAPS = 32
"""Channels of a layer that are shown, at most."""
WINDOWED = CONVOLUTIONS + TRANSPOSED + POOLINGS


def layers_of(predictor: Predictor, image: Tensor, labels: Labels | None = None) -> list[dict[str, Any]]:
    """Each layer that an image, a batch of one, goes through; `conv.runs.trace` says in what order.

    A layer of two-dimensional maps has its first output channels as bytes in base64, each from its least to its largest
    value; a windowed layer the numbers by which the page of convolutions draws it.
    """
    return [described(layer) for layer in trace(predictor, image, labels)]


def described(layer: TracedLayer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": layer.number,
        "network": layer.network,
        "kind": layer.kind,
        "input": list(layer.input.shape[1:]),
        "output": list(layer.output.shape[1:]),
        "parameters": layer.parameters,
        "multiplications": layer.multiplications,
        "receptive_field": layer.receptive_field,
    }
    if layer.output.ndim == 4:
        found["maps"] = base64.b64encode(maps_of(layer.output[0]).tobytes()).decode()
    if isinstance(layer.module, WINDOWED) and layer.output.ndim == 4:
        found["window"] = window_of(layer)
    return found


def maps_of(output: Tensor) -> np.ndarray:
    """The first channels as bytes."""
    maps = output[:MAPS].float().cpu()
    low, high = (getattr(torch, name)(maps, dim=(1, 2), keepdim=True) for name in ("amin", "amax"))
    return ((maps - low) / (high - low).clamp_min(1e-12) * 255).round().byte().numpy()


def window_of(layer: TracedLayer) -> dict[str, Any]:
    """The arithmetic of a layer, rows before columns."""
    drawn = layer_of(layer.module)
    return {
        "kind": drawn.kind,
        "input": list(layer.input.shape[2:]),
        "kernel": [axis.kernel for axis in drawn.axes],
        "stride": [axis.stride for axis in drawn.axes],
        "padding": [axis.padding[0] for axis in drawn.axes],
        "dilation": [axis.dilation for axis in drawn.axes],
        "output_padding": [axis.output_padding for axis in drawn.axes],
    }
