"""The methods of inverting a generator, compared."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ..analysis.inversion import Inversion
from ..display.grid import Images
from .rows import show_images
from .style import COLORS, dress, panels

SHOWN = 8


def inversions(images: Images, found: Mapping[str, Inversion]) -> Figure:
    """Images above what each method finds for them, with its mean squared error per pixel; and the errors against the
    steps of the descent.
    """
    rows = [("images", images.float())]
    rows += [(f"{way}\n{float(one.errors[-1].mean()):.4f}", one.images) for way, one in found.items()]
    made, axes = panels(8.4, 0.95 * len(rows) + 2.6, len(rows) + 1, 1)
    *above, below = axes[:, 0]
    for panel, (name, shown) in zip(above, rows, strict=True):
        show_images(panel, shown[:SHOWN], SHOWN, name)
    for (way, one), color in zip(found.items(), COLORS, strict=False):
        errors = one.errors.mean(1)
        if len(errors) == 1:
            below.axhline(float(errors[0]), color=color, label=way, linestyle="--", linewidth=1.4)
        else:
            below.plot(errors.numpy(), color=color, label=way, linewidth=1.6)
    dress(below, "", "step", "error").set_yscale("log")
    below.legend(fontsize=8, frameon=False)
    return made


def best_latents(found: Mapping[str, Inversion]) -> Float[Tensor, "count latent"]:
    """Each image's latent by the way that came nearest to it."""
    errors = torch.stack([one.errors[-1] for one in found.values()])
    latents = torch.stack([one.latents for one in found.values()])
    return latents[errors.argmin(0), torch.arange(latents.shape[1])]
