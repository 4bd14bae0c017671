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

METADATA = "trompe"


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(plain, {METADATA: json.dumps(metadata, ensure_ascii=False)}))


def read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path, error) from error


def read_metadata(path: Path) -> dict[str, Any]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})[METADATA])
    except (safetensors.SafetensorError, KeyError, json.JSONDecodeError, OSError) as error:
        raise damaged(path, error) from error


def digest_of(tensors: dict[str, Tensor], step: int) -> str:
    result = hashlib.sha256(str(step).encode())
    for name, tensor in sorted(tensors.items()):
        result.update(name.encode())
        result.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return result.hexdigest()[:16]


def damaged(path: Path, error: Exception) -> TrompeError:
    reason = f"it has no entry {error}" if isinstance(error, KeyError) else error
    return TrompeError(
        f"`{path}` was not written by trompe, or it is damaged: {reason}",
        hint="restore it from a copy, or train again in a new folder",
    )
