"""trompe: train, measure and explore generative image models."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data import ImageData, load_data
    from .errors import TrainingStopped, TrompeError
    from .options import Recipe
    from .recipes import recipe
    from .run import Run, load
    from .training import train

__version__ = "0.1.0"

_HOMES = {
    "ImageData": "data",
    "Recipe": "options",
    "Run": "run",
    "TrainingStopped": "errors",
    "TrompeError": "errors",
    "load": "run",
    "load_data": "data",
    "recipe": "recipes",
    "train": "training",
}

__all__ = ["ImageData", "Recipe", "Run", "TrainingStopped", "TrompeError", "load", "load_data", "recipe", "train"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `trompe --help` need not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trompe' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
