"""Recipes as JSON, read back strictly."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, get_args

import pydantic

from ..errors import TrompeError, nearest
from ..families import FAMILIES
from ..options.nets import NetsOptions
from .tree import Recipe, parts, parts_of, with_parts

NETS = {kind.kind: kind for kind in get_args(NetsOptions)}
adapter = cache(pydantic.TypeAdapter)


def to_json(recipe: Recipe) -> dict[str, Any]:
    narrow = parts(recipe)
    # `from_json` is the one to complain
    value = adapter(type(narrow)).dump_python(narrow, mode="json", warnings=False)  # type: ignore[arg-type]
    for part in ("nets", "family"):
        value[part] = {"kind": getattr(recipe, part).kind} | value[part]
    return {"name": recipe.name} | value


def from_json(value: Any) -> Recipe:
    """Read a recipe strictly: an unknown key, a wrong type or a value out of range is an error that names it."""
    if not isinstance(value, dict):
        raise TrompeError(f"a recipe is an object, not {value!r}", hint="`trompe train RECIPE --dry-run` prints one")
    name, value = str(value.get("name")), {key: part for key, part in value.items() if key != "name"}
    kinds = {}
    for part, known in (("nets", NETS), ("family", FAMILIES)):
        if not isinstance(given := value.get(part), dict):
            raise TrompeError(f"recipe field `{part}` is {given!r}", hint="it is an object with a `kind`")
        value[part] = dict(given)
        kind = value[part].pop("kind", "")
        if kind not in known:
            raise TrompeError(
                f"recipe field `{part}.kind` is {kind!r}, which is not known",
                hint=f"{nearest(str(kind), known)}; a family of your own is added by `--plugin FILE.py`",
            )
        kinds[part] = known[kind]
    narrow = parts_of(kinds["nets"], kinds["family"])
    try:
        return with_parts(name, adapter(narrow).validate_python(value))
    except pydantic.ValidationError as error:
        raise explained(error, narrow) from error


def explained(error: pydantic.ValidationError, narrow: type) -> TrompeError:
    """The first problem, in words."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    name = ".".join(path)
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return TrompeError(f"unknown key `{name}` in a recipe", hint=nearest(path[-1], known_keys(narrow, path[:-1])))
    message = first["msg"][0].lower() + first["msg"][1:]
    return TrompeError(
        f"recipe field `{name}` is {first['input']!r}: {message}",
        hint="`trompe train RECIPE --help` says what each flag takes",
    )


def known_keys(kind: Any, path: list[str]) -> list[str]:
    for name in path:
        kind = next(field.default_factory if field.name == "patch" else field.type
                    for field in dataclasses.fields(kind) if field.name == name)  # fmt: skip
    return [field.name for field in dataclasses.fields(kind)]


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested JSON object as dotted names."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        result |= flat(item, f"{prefix}{key}.") if isinstance(item, dict) else {f"{prefix}{key}": item}
    return result
