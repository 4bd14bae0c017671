"""What the units of the first layer look for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from ..errors import TrompeError
from ..nets import MLPEncoder
from ..options import DenoisingOptions, Recipe
from ..run import Run
from .rows import show_pictures
from .style import dress, figure

SHOWN = 100


def filters(runs: Sequence[Run]) -> Figure:
    """The first layer's filters of each run, the hundred of the largest norm first: grey is zero, and each is scaled by
    its own largest weight (Vincent et al. 2010, figures 5 to 8).
    """
    made, axes = figure(4.4 * len(runs), 4.7, 1, len(runs))
    for panel, run in zip(axes[0], runs, strict=True):
        found = first_filters(run)
        shown = found[found.flatten(1).norm(dim=1).argsort(descending=True)[:SHOWN]]
        scaled = shown / shown.abs().flatten(1).amax(1).clamp(min=1e-12).view(-1, 1, 1, 1)
        show_pictures(dress(panel, title(run.folder.name, run.record.recipe)), 0.5 + 0.5 * scaled, columns(len(shown)))
    return made


def first_filters(run: Run) -> Float[Tensor, "units channels height width"]:
    """The weights into each unit of the first layer, as pictures."""
    shape = run.record.data.image_shape
    if run.model.encoder is None:
        raise TrompeError(f"the run in `{run.folder}` has no encoder to draw filters of", hint="give another run")
    for module in run.model.encoder.modules():
        if isinstance(module, nn.Linear) and isinstance(run.model.encoder, MLPEncoder) and len(shape) == 3:
            return module.weight[:, : math.prod(shape)].detach().cpu().unflatten(1, shape)
        if isinstance(module, nn.Conv2d):
            weight = module.weight.detach().cpu()
            return weight if weight.shape[1] in (1, 3) else weight.mean(1, keepdim=True)
    raise TrompeError(
        f"the first layer of `{run.folder}` cannot be drawn", hint="filters are drawn of pictures' networks"
    )


def columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def title(name: str, recipe: Recipe) -> str:
    """The run, and what its input suffered."""
    family = recipe.family
    if not isinstance(family, DenoisingOptions):
        return name
    if family.level == 0:
        return f"{name}: nothing corrupted"
    level = f"{family.level:g}" if family.corruption == "gaussian" else f"{family.level:.0%}"
    return f"{name}: {family.corruption} {level}"
