"""The named recipes: what can be trained by name."""

# ruff: noqa: F401, I001 (recipes are listed in the order of these imports)

from __future__ import annotations

from dataclasses import replace

from ..errors import TrompeError, nearest
from ..registry import load_plugin
from . import vaes, autoencoders, denoising, gans
from .table import RECIPES, Figure, NamedRecipe, Published, named
from .tree import Recipe

__all__ = ["RECIPES", "Figure", "NamedRecipe", "Published", "Recipe", "named", "recipe"]


def recipe(name: str) -> Recipe:
    """A named recipe, to train as it is or to change first.

    Args:
        name: of a recipe, or `FILE.py:FUNCTION` for one in a file of your own.

    Raises:
        TrompeError: no recipe has this name; the hint names the nearest.
    """
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
