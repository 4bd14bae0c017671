"""A recipe with other values, by the names of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import TrompeError, nearest
from .serialize import flat, from_json, to_json
from .tree import Recipe

PARTS = tuple(part.name for part in fields(Recipe) if part.name != "name")


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with these values; see `Recipe.with_`."""
    whole = {name: value for name, value in changes.items() if name in PARTS and is_dataclass(value)}
    given = to_json(replace(recipe, **whole))  # type: ignore[arg-type]
    for name, value in changes.items():
        if name in whole:
            continue
        *path, last = place_of(name, given)
        part = given
        for key in path:
            part = part[key]
        part[last] = plain(value)
    return from_json(given)


def place_of(name: str, given: dict[str, Any]) -> list[str]:
    """Where a field stands: a dotted name itself, or the place of the one field of that name nearest to the root.

    Raises:
        TrompeError: there is none, or there are several.
    """
    known = [one for one in flat(given) if not one.endswith(".kind")]
    if name in known:
        return name.split(".")
    if name == "data":
        return ["data", "source"]
    if name in PARTS:
        raise TrompeError(
            f"`{name}` is a part of the recipe", hint=f"give a field of it, or all of it: `{name}=...Options()`"
        )
    found = [one for one in known if one.rpartition(".")[2] == name]
    depth = min((one.count(".") for one in found), default=0)
    found = [one for one in found if one.count(".") == depth]
    if not found:
        names = {one.rpartition(".")[2] for one in known}
        raise TrompeError(
            f"no field of this recipe is named `{name}`", hint=nearest(name, known if "." in name else names)
        )
    if len(found) > 1:
        several = " and ".join(f"`{one}`" for one in found)
        raise TrompeError(f"`{name}` is {several}", hint=f"say which: `with_(**{{'{found[0]}': ...}})`")
    return found[0].split(".")


def plain(value: Any) -> Any:
    """Paths as text, and numpy's numbers as Python's."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value
