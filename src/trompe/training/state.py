"""Everything a run is at a step: `{step, model, ema, optimizers by phase}`, and nothing else.

What else influences training is a function of the step, so this state, saved and loaded, goes on to the same bits.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ..core.model import Model
from ..core.phases import Phase
from ..options.train import TrainOptions
from ..runs.tensors import DAMAGE, damaged, read_metadata, read_tensors, write_tensors
from .optimizers import Adam, Muon, Optimizer


@dataclass
class State:
    """A training's memory. `step` counts the steps that are done."""

    step: int
    model: Model
    ema: Model | None
    optimizers: dict[str, Optimizer]

    @property
    def usable(self) -> Model:
        """The model to use: the moving average of the weights where there is one."""
        return self.ema or self.model


def initial_state(model: Model, phases: tuple[Phase, ...], options: TrainOptions) -> State:
    ema = copy.deepcopy(model).requires_grad_(False) if options.ema else None
    kind = Muon if options.optimizer == "muon" else Adam
    return State(0, model, ema, {phase.name: kind(phase.parameters(model), options) for phase in phases})


def tensors_of(state: State) -> dict[str, Tensor]:
    """The state's own tensors by name."""
    parts = {"model": state.model.state_dict()} | ({"ema": state.ema.state_dict()} if state.ema else {})
    parts |= {f"optimizer.{phase}": optimizer.tensors() for phase, optimizer in state.optimizers.items()}
    return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def save_state(path: Path, state: State, metadata: dict[str, Any]) -> None:
    write_tensors(path, tensors_of(state), metadata | {"step": state.step})


def load_state(path: Path, state: State) -> dict[str, Any]:
    """Put a saved state's values into a fresh state of the same recipe; the metadata it was saved with."""
    saved, metadata = read_tensors(path), read_metadata(path)
    try:
        state.model.load_state_dict(_below("model.", saved))
        if state.ema is not None:
            state.ema.load_state_dict(_below("ema.", saved))
        for phase, optimizer in state.optimizers.items():
            optimizer.load(_below(f"optimizer.{phase}.", saved))
    except DAMAGE as error:
        raise damaged(path, error) from error
    state.step = int(metadata["step"])
    return metadata


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
