"""Tensors in safetensors files, with metadata as JSON. No pickle is ever read or written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from ..errors import TrompeError
from ..files import write_bytes
from ..text import reason_of

METADATA = "trompe"
MOST_STEPS = 2**53
DAMAGE = (safetensors.SafetensorError, OSError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError,
          RuntimeError, AssertionError, StopIteration, MemoryError)  # fmt: skip
"""What reading a file that was not written by trompe, or was tampered with, may raise."""


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(plain, {METADATA: json.dumps(metadata, ensure_ascii=False)}))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, by name.

    Raises:
        TrompeError: it cannot be read, or is damaged.
    """
    try:
        return load_file(path)
    except DAMAGE as error:
        raise damaged(path, error) from error


def read_metadata(path: Path) -> dict[str, Any]:
    """What a file of weights or of a training's state says of itself: `run`, the run's record, and `step`.

    Raises:
        TrompeError: it cannot be read, or does not say so.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA])
        step = metadata["step"]
        if type(step) is not int or not 0 <= step <= MOST_STEPS:
            raise ValueError(f"its step is {step!r:.100}")
        if not isinstance(metadata["run"], dict):
            raise ValueError("its `run` is not a record")
        return metadata
    except DAMAGE as error:
        raise damaged(path, error) from error


def digest_of(tensors: dict[str, Tensor], step: int) -> str:
    result = hashlib.sha256(str(step).encode())
    for name, tensor in sorted(tensors.items()):
        result.update(name.encode())
        result.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return result.hexdigest()[:16]


def damaged(path: Path, error: Exception) -> TrompeError:
    """What to say of a file that could not be read, or made something else raise an error."""
    if isinstance(error, OSError) and error.strerror:
        return TrompeError(f"`{path}` cannot be read: {error.strerror}", hint="check the file and its permissions")
    reason = f"it has no entry {error}" if isinstance(error, KeyError) else reason_of(error)
    return TrompeError(
        f"`{path}` was not written by trompe, or it is damaged: {reason}",
        hint="restore it from a copy, or train again in a new folder",
    )
