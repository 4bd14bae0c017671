"""The door to a training: what a user asked for, resolved once into a recipe without open fields and its data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ..data.load import for_recipe, from_array, is_path, split_and_cut
from ..data.samples import Samples, Splits, with_held_out
from ..device import fast_precision
from ..errors import TrompeError
from ..files import expanded
from ..recipes import Recipe
from ..recipes import recipe as named_recipe
from ..recipes.checks import check_data, checked

Data = Samples | Splits | np.ndarray | str | Path


@dataclass(frozen=True)
class Resolved:
    """The recipe as requested, the same with every open field decided, and its data."""

    requested: Recipe
    recipe: Recipe
    data: Splits


def resolve(recipe: Recipe | str, data: Data | None, device: torch.device) -> Resolved:
    """Load what a recipe trains on, and decide what it left open.

    Args:
        data: samples to train on, instead of those the recipe names.

    Raises:
        TrompeError: recipe and data do not fit each other, or the data cannot be read.
    """
    recipe = named_recipe(recipe) if isinstance(recipe, str) else recipe
    if isinstance(data, str | Path):
        recipe, data = with_source(recipe, str(data)), None
    recipe = checked(recipe)
    if data is None:
        check_data(recipe)
    loaded = for_recipe(recipe.data) if data is None else split_and_cut(as_splits(data), recipe.data)
    if recipe.data.moves and len(loaded.train.image_shape) != 3:
        raise TrompeError("only images are augmented", hint="leave rotate, scale and translate out")
    if data is not None:
        recipe = with_source(recipe, loaded.train.name)
    decided = resolved(recipe, device, len(loaded.train))
    if data is None and is_path(source := recipe.data.source):
        decided = with_source(decided, str(expanded(source).resolve()))
    return Resolved(recipe, decided, loaded)


def with_source(recipe: Recipe, source: str) -> Recipe:
    return replace(recipe, data=replace(recipe.data, source=source))


def resolved(recipe: Recipe, device: torch.device, count: int) -> Recipe:
    """The recipe with what it left open decided, for this many training samples."""
    options = recipe.train
    decay_steps = options.decay_steps or max(1, options.steps)
    precision = options.precision or fast_precision(device)
    family = recipe.family.resolved(recipe, count)
    return replace(recipe, family=family, train=replace(options, decay_steps=decay_steps, precision=precision))


def as_splits(data: Samples | Splits | np.ndarray) -> Splits:
    """Samples given in Python, a tenth held out to test on."""
    if isinstance(data, Splits):
        return data
    if not isinstance(data, Samples):
        data = from_array(data)
    return with_held_out(data)
