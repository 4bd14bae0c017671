"""Everything a run is at a step: `{step, model, ema, optimisers by phase}`, and nothing else.

What else influences training is a function of the step, so this state, saved and loaded, goes on to the same bits.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from .errors import TrompeError
from .files import write_bytes
from .model import Model
from .optimisers import Optimiser, optimiser_of
from .options import TrainOptions
from .phases import Phase

METADATA = "trompe"


@dataclass
class State:
    """A training's memory. `step` counts the steps that are done."""

    step: int
    model: Model
    ema: Model | None
    optimisers: dict[str, Optimiser]

    @property
    def usable(self) -> Model:
        """The model to use: the moving average of the weights where there is one."""
        return self.ema or self.model


def initial_state(model: Model, phases: tuple[Phase, ...], options: TrainOptions) -> State:
    ema = copy.deepcopy(model).requires_grad_(False) if options.ema else None
    optimisers = {phase.name: optimiser_of(phase.parameters(model), options) for phase in phases}
    return State(0, model, ema, optimisers)


def tensors_of(state: State) -> dict[str, Tensor]:
    """The state as named tensors."""
    tensors = {f"model.{name}": tensor for name, tensor in state.model.state_dict().items()}
    if state.ema is not None:
        tensors |= {f"ema.{name}": tensor for name, tensor in state.ema.state_dict().items()}
    for phase, optimiser in state.optimisers.items():
        tensors |= {f"optimiser.{phase}.{name}": tensor for name, tensor in optimiser.tensors().items()}
    return tensors


def save_state(path: Path, state: State, metadata: dict[str, Any]) -> None:
    write_bytes(path, _serialised(tensors_of(state), metadata | {"step": state.step}))


def load_state(path: Path, state: State) -> None:
    """Put a saved state's values into a fresh state of the same recipe."""
    saved, step = read_tensors(path), int(read_metadata(path)["step"])
    try:
        state.model.load_state_dict(_below("model.", saved))
        if state.ema is not None:
            state.ema.load_state_dict(_below("ema.", saved))
        for phase, optimiser in state.optimisers.items():
            optimiser.load(_below(f"optimiser.{phase}.", saved))
    except (KeyError, RuntimeError) as error:
        raise damaged(path, error) from error
    state.step = step


def save_weights(path: Path, model: Model, metadata: dict[str, Any]) -> None:
    """The weights for use, with what is needed to build the model around them."""
    write_bytes(path, _serialised(model.state_dict(), metadata))


def digest_of(tensors: dict[str, Tensor], step: int) -> str:
    result = hashlib.sha256(str(step).encode())
    for name, tensor in sorted(tensors.items()):
        result.update(name.encode())
        result.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return result.hexdigest()[:16]


def digest_file(path: Path) -> str:
    """The digest of a saved state."""
    return digest_of(read_tensors(path), int(read_metadata(path)["step"]))


def read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except safetensors.SafetensorError as error:
        raise damaged(path, error) from error


def read_metadata(path: Path) -> dict[str, Any]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})[METADATA])
    except (safetensors.SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> TrompeError:
    return TrompeError(
        f"`{path}` is not a file of trompe's, or it is damaged: {error}",
        hint="restore it from a copy, or train again in a new folder",
    )


def _serialised(tensors: dict[str, Tensor], metadata: dict[str, Any]) -> bytes:
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(plain, {METADATA: json.dumps(metadata, ensure_ascii=False)})


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
