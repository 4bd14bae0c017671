"""trompe: train, measure and explore generative image models."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .data import Samples, load_data
    from .errors import TrainingStopped, TrompeError
    from .recipes import recipe
    from .recipes.tree import Recipe
    from .runs.predictor import Predictor
    from .runs.run import Run, load
    from .training.loop import train

_HOMES = {
    "Predictor": "runs.predictor",
    "Recipe": "recipes.tree",
    "Run": "runs.run",
    "Samples": "data",
    "TrainingStopped": "errors",
    "TrompeError": "errors",
    "load": "runs.run",
    "load_data": "data",
    "recipe": "recipes",
    "train": "training.loop",
}

__all__ = [
    "Predictor",
    "Recipe",
    "Run",
    "Samples",
    "TrainingStopped",
    "TrompeError",
    "__version__",
    "load",
    "load_data",
    "recipe",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `trompe --help` need not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trompe' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
