"""The filters of the first layer."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor, nn

from ..families import PCA, DenoisingAutoencoder
from ..nets.mlp import MLPEncoder
from ..runs.run import Run
from .rows import show_images
from .samples import corruption_of
from .style import dress, panels
from .table import Drawn, Request, figure

SHOWN = 100


@figure(
    "filters",
    "First-layer filters",
    lambda run: (
        f"The weights into each unit of the first layer, {order_of(run)}; gray is zero, and each is scaled by its own "
        "largest weight (Vincent et al. 2010, figures 5 to 8)."
    ),
    requires=("encoder",),
    compares=True,
    options=("count",),
    in_report=True,
    missing=lambda run: "its first layer cannot be drawn" if first_filters(run) is None else None,
)
def filters(request: Request) -> Drawn:
    made, axes = panels(4.4 * len(request.runs), 4.7, 1, len(request.runs))
    for panel, run in zip(axes[0], request.runs, strict=True):
        found = first_filters(run)
        assert found is not None
        if not isinstance(run.record.recipe.family, PCA):
            found = found[found.flatten(1).norm(dim=1).argsort(descending=True)]
        shown = found[: request.count or SHOWN]
        scaled = shown / shown.abs().flatten(1).amax(1).clamp(min=1e-12).view(-1, 1, 1, 1)
        family, title = run.record.recipe.family, run.folder.resolve().name
        if isinstance(family, DenoisingAutoencoder):
            title += f": {corruption_of(family)}"
        show_images(dress(panel, title), 0.5 + 0.5 * scaled, math.ceil(math.sqrt(len(shown))))
    return made


def order_of(run: Run) -> str:
    """In words. Principal components are kept by the variance that they explain, and all are of norm 1."""
    is_pca = isinstance(run.record.recipe.family, PCA)
    return "by the variance explained, largest first" if is_pca else "those of the largest norm first"


def first_filters(run: Run) -> Float[Tensor, "units channels height width"] | None:
    """The weights into each unit of the first layer, as images; `None` where they are none."""
    encoder, shape = run.model.networks["encoder"], run.model.input_shape
    for module in encoder.modules():
        if isinstance(module, nn.Linear) and isinstance(encoder, MLPEncoder) and len(shape) == 3:
            return module.weight[:, : math.prod(shape)].detach().cpu().unflatten(1, shape)
        if isinstance(module, nn.Conv2d):
            weight = module.weight.detach().cpu()
            return weight if weight.shape[1] in (1, 3) else weight.mean(1, keepdim=True)
    return None
