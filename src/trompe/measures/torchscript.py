"""Networks in TorchScript files: read, and made fast."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import TrompeError


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def batch_of(device: torch.device) -> int:
    """On a CPU few pictures at a time are fastest: what passes between two layers then stays in its cache."""
    return 4 if device.type == "cpu" else 100


def loaded(path: Path, device: torch.device) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript itself; the files stay readable
            return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise TrompeError(
            f"`{path}` cannot be read as TorchScript: {str(error).splitlines()[0][:200]}",
            hint="save the network with `torch.jit.save`, or give an .onnx file",
        ) from error


def prepared(module: Any, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A network frozen: normalisation folded into convolutions, weights laid out for the machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.optimize_for_inference(module) if device.type == "cpu" else torch.jit.freeze(module)
