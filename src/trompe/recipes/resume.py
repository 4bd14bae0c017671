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


def differences(old: Recipe, new: Recipe) -> list[str]:
    """What separates two recipes in a way that changes the run, one readable line each."""
    before, after = flat(to_json(old)), flat(to_json(new))
    return [
        f"{name}: {_shown(before, name)} -> {_shown(after, name)}"
        for name in sorted((before.keys() | after.keys()) - MAY_CHANGE)
        if before.get(name, ...) != after.get(name, ...)
    ]


def _shown(values: dict[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "absent"


def continued(settled: Recipe, new: Recipe) -> Recipe:
    """The settled recipe of a run, with what may change as the new recipe has it."""
    value, changed = to_json(settled), to_json(new)
    for name in MAY_CHANGE - {"name"}:
        section, key = name.split(".")
        value[section][key] = changed[section][key]
    return from_json(value)
