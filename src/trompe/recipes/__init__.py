"""The named recipes: what can be trained by name."""

# ruff: noqa: F401, I001 (recipes are listed in the order of these imports)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import TrompeError, nearest
from ..files import expanded, read_json
from ..registry import load_plugin
from . import vaes, autoencoders, autodecoders, denoising, classifiers, gans
from .serialize import from_json
from .table import RECIPES, Figure, NamedRecipe, Published, named
from .tree import Recipe

__all__ = ["RECIPES", "Figure", "NamedRecipe", "Published", "Recipe", "named", "recipe"]


def recipe(name: str) -> Recipe:
    """A named recipe, to train as it is or to change first.

    Args:
        name: of a recipe, `FILE.py:FUNCTION` for one in a file of your own, or `FILE.json` as `--dry-run` prints it.

    Raises:
        TrompeError: no recipe has this name, and the hint names the nearest; or the file is none of a recipe.
    """
    if name.endswith(".json"):
        return from_file(expanded(name))
    file, colon, function = name.rpartition(":")
    if name.endswith(".py"):
        raise TrompeError(f"`{name}` is a file of recipes", hint=f"name the function too: `{name}:FUNCTION`")
    if not colon or not file.endswith(".py"):
        return RECIPES[name].make()
    module = load_plugin(file)
    make = getattr(module, function.replace("-", "_"), None)
    made = make() if callable(make) else None
    if not isinstance(made, Recipe):
        known = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        raise TrompeError(f"`{file}` has no function `{function}` that returns a recipe", hint=nearest(function, known))
    return made if made.name else replace(made, name=function)


def from_file(path: Path) -> Recipe:
    """A recipe in a file: what `trompe train RECIPE --dry-run` prints, or a run's `run.json`."""
    if not path.is_file():
        raise TrompeError(f"there is no recipe file at `{path}`", hint="`trompe train RECIPE --dry-run` prints one")
    value = read_json(path)
    if isinstance(value, dict) and "requested" in value:
        value = value["requested"]
    made = from_json(value)
    return made if "name" in value else replace(made, name=path.stem)
