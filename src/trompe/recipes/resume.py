"""What of a recipe may change when a run is resumed."""

from __future__ import annotations

from typing import Any

from .serialize import flat, from_json, to_json
from .tree import Recipe

MAY_CHANGE = frozenset(
    {
        "name",
        "data.source",
        "train.steps",
        "train.log_every",
        "train.evaluate_every",
        "train.sample_every",
        "train.snapshots",
        "train.checkpoint_seconds",
        "evaluate.importance_samples",
        "evaluate.samples",
    }
)
"""Fields that change neither a run's weights nor their meaning: a run may go on with other values. Images that moved
are the same images, which their fingerprint tells."""


SHOWN = 5
"""Differences that are named one by one; between two unlike recipes there are dozens."""


def differences(old: Recipe, new: Recipe) -> list[str]:
    """What separates two recipes in a way that changes the run, in readable lines: each field, or where there are many
    the recipes and the first fields.
    """
    before, after = flat(to_json(old)), flat(to_json(new))
    without_effect = {"train.decay_steps"} if old.train.schedule == new.train.schedule == "constant" else set()
    lines = [
        f"{name}: {_shown(before, name)} -> {_shown(after, name)}"
        for name in sorted((before.keys() | after.keys()) - MAY_CHANGE - without_effect)
        if before.get(name, ...) != after.get(name, ...)
    ]
    if len(lines) <= SHOWN + 1:
        return lines
    named = [f"recipe: {old.name} -> {new.name}"] if old.name != new.name else []
    return [*named, *lines[:SHOWN], f"and {len(lines) - SHOWN} more"]


def _shown(values: dict[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "absent"


def continued(settled: Recipe, new: Recipe) -> Recipe:
    """The settled recipe of a run, with what may change as the new recipe has it."""
    value, changed = to_json(settled), to_json(new)
    for name in MAY_CHANGE - {"name"}:
        section, key = name.split(".")
        value[section][key] = changed[section][key]
    return from_json(value)
