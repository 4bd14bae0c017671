"""Networks of the user's as feature spaces, from ONNX or TorchScript files.

A TorchScript file is a program that may do anything its user may, so only one whose maker is trusted is run. An ONNX
file is a graph of known operations, and runs nothing else.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.samples import as_floats
from ..device import onnx_runtime
from ..errors import TrompeError
from ..options.names import ResizeName
from ..text import printable, reason_of
from .features import Features
from .resizing import in_color, resized

EXTERNAL = re.compile(rb"(?:\x08|\x88\x80*\x00)location")
"""In the encoding of ONNX a text of eight letters, `location`: the key under which a tensor kept elsewhere names its
file.
"""


class Network(Features):
    """Base of networks from a file. They are given float images in [0, 1], `(N, C, H, W)`, in color if they need
    it, resized only if a side is known; the first output is the features, a second one, if any, logits of classes.

    Raises:
        TrompeError: the file is none, or gives something else for images.
    """

    slow: ClassVar[bool] = True
    side: int | None
    color: bool

    def __init__(self, path: Path, resize: ResizeName, side: int | None, device: torch.device) -> None:
        if not path.is_file():
            raise TrompeError(f"there is no network at `{path}`", hint="check the path")
        self.path, self.resize, self.device = path, resize, device
        self.batch = batch_of(device)
        self.side, self.color = side, False
        self.open()
        self.protocol = {"features": path.name, "weights": sha256(path)[:16]}
        if self.side is not None:
            self.protocol |= {"side": self.side, "resize": resize}

    @abstractmethod
    def open(self) -> None:
        """Read the file, and find out what it takes."""

    @abstractmethod
    def outputs(self, images: Float[Tensor, "batch channels height width"]) -> object:
        """What the network makes of images: features and perhaps logits in a row, or whatever a stranger's gives."""

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        inputs = as_floats(images.to(self.device))
        try:
            inputs = resized(inputs, self.side, self.resize)
            outputs = self.outputs(in_color(inputs) if self.color else inputs)
        except Exception as error:  # whatever a stranger's network raises
            raise TrompeError(
                f"`{self.path}` cannot take images of shape {tuple(inputs.shape[1:])}: {reason(error)}",
                hint="give `--features-size` if it needs another size; it is given float inputs in [0, 1]",
            ) from error
        if reason_against := unlike_features(outputs, len(inputs)):
            raise TrompeError(
                f"`{self.path}` gives {reason_against}",
                hint="its first output must be an array with a row an image; a second one, if any, logits of classes",
            )
        assert isinstance(outputs, list | tuple)
        features, *logits = outputs
        return features.flatten(1).float().cpu(), logits[0].float().softmax(1).cpu() if logits else None


def unlike_features(outputs: object, count: int) -> str | None:
    """In what the outputs for this many images differ from features and logits of classes, or `None`."""
    if not isinstance(outputs, list | tuple):
        return f"a {type(outputs).__name__}"
    if len(outputs) == 0 or any(not isinstance(one, Tensor) for one in outputs[:2]):
        return f"{len(outputs)} outputs ({', '.join(type(one).__name__ for one in outputs[:4])})"
    for number, one in enumerate(outputs[:2]):
        if one.ndim < 2 or len(one) != count or not one.numel() or one.is_complex() or (number == 1 and one.ndim != 2):
            return f"{'complex ' * one.is_complex()}{tuple(one.shape)} for {count} inputs"
    return None


class TorchScript(Network):
    """A network saved by `torch.jit.save`: code, to be run only where its maker is trusted."""

    def open(self) -> None:
        module = loaded(self.path, self.device)
        kernel = next((weight for weight in module.state_dict().values() if weight.ndim == 4), None)
        self.color = kernel is not None and kernel.shape[1] == 3
        self.module = prepared(module, self.device)
        self.made_by = {"device": self.device.type}

    def outputs(self, images: Tensor) -> object:
        given = self.module(images)
        return [given] if isinstance(given, Tensor) else given


class Onnx(Network):
    """A network in ONNX, run by onnxruntime."""

    def open(self) -> None:
        try:
            onnxruntime = onnx_runtime()
        except ImportError as error:
            raise TrompeError(
                "features from an .onnx file need onnxruntime", hint="`pip install trompe[onnx]`"
            ) from error
        content = self.path.read_bytes()
        if EXTERNAL.search(content):
            raise TrompeError(
                f"`{self.path}` keeps its weights in other files, which are not read",
                hint="save it as one file: `onnx.save_model(onnx.load(path), path, save_as_external_data=False)`",
            )
        try:
            self.session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise TrompeError(
                f"`{self.path}` cannot be read as ONNX: {reason(error)}", hint="is it the whole file?"
            ) from error
        self.made_by = {"device": "cpu", "onnxruntime": onnxruntime.__version__}
        self.input = self.session.get_inputs()[0]
        batch, channels, height, _ = self.input.shape if len(self.input.shape) == 4 else (None,) * 4
        self.batch = batch if isinstance(batch, int) else self.batch
        self.side = height if isinstance(height, int) else self.side
        self.color = channels == 3

    def outputs(self, images: Tensor) -> object:
        given = self.session.run(None, {self.input.name: images.cpu().numpy()})
        return [
            torch.from_numpy(one) if isinstance(one, np.ndarray) and one.dtype.kind in "fiu" else one for one in given
        ]


def reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1].strip())[:200] if lines else type(error).__name__


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def batch_of(device: torch.device) -> int:
    """On a CPU few images at a time are fastest: what passes between two layers then stays in its cache."""
    return 4 if device.type == "cpu" else 100


def loaded(path: Path, device: torch.device) -> Any:
    try:  # TorchScript itself is deprecated; the files stay readable
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise TrompeError(
            f"`{path}` cannot be read as TorchScript: {reason_of(error)}",
            hint="save the network with `torch.jit.save`, or give an .onnx file",
        ) from error


def prepared(module: Any, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A network frozen: normalization folded into convolutions, weights laid out for the machine."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return torch.jit.optimize_for_inference(module) if device.type == "cpu" else torch.jit.freeze(module)
