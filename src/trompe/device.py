"""What the machine has: the device to compute on, and the precision that is fast there."""

from __future__ import annotations

import torch

from .errors import TrompeError
from .options import Precision


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
