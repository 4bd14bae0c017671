"""What the machine has: the device to compute on, and the precision that is fast there."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib import import_module
from typing import Any

import torch

from .errors import TrompeError
from .options.numbers import Precision

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def pick_device(name: str | None = None) -> torch.device:
    """The device of this name, or the best there is."""
    if name is None:
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise TrompeError(f"no device `{name}` here: {reason}", hint="use `cpu`, or leave `--device` out") from error
    return device


def fast_precision(device: torch.device) -> Precision:
    """bfloat16 where the device multiplies it faster than float32: AMX or AVX512-BF16, or tensor cores."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float32"
    if device.type == "cpu":
        units: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # newer torch only
        return "bfloat16" if units.get("avx512_bf16") or units.get("amx_bf16") or units.get("amx_tile") else "float32"
    return "float32"


def keep_freed_memory() -> None:
    """Have the C library keep memory that is freed, where it is glibc.

    Each step frees and takes the same few megabytes. Given back to the system in between, every page of them is
    faulted in anew: that took a third of the step of a small MLP.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is not None and hasattr(library, "mallopt"):
        for parameter, value in ((M_TRIM_THRESHOLD, 2**30), (M_TOP_PAD, 2**26), (M_MMAP_THRESHOLD, 2**25)):
            library.mallopt(parameter, value)


def onnx_runtime() -> Any:
    """The package onnxruntime, told before it is imported not to send data on its use to its maker.

    Raises:
        ImportError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")
