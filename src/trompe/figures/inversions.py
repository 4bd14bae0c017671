"""What ways of inverting a generator come to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ..inversion import Inversion
from .rows import name_row, show_pictures
from .style import COLOURS, dress, figure

SHOWN = 8


def inversions(images: Float[Tensor, "count channels *spatial"], found: Mapping[str, Inversion]) -> Figure:
    """Pictures above what each way makes of them, with its mean squared error of a grey level; and the errors against
    the steps of the descent.
    """
    rows = {"pictures": images.float()} | {
        f"{way}\n{float(one.errors[-1].mean()):.4f}": one.images for way, one in found.items()
    }
    made, axes = figure(8.4, 0.95 * len(rows) + 2.6, len(rows) + 1, 1)
    for panel, (name, shown) in zip(axes[:, 0], rows.items(), strict=False):
        show_pictures(panel, shown[:SHOWN], SHOWN)
        name_row(panel, name)
    below = axes[-1, 0]
    for (way, one), colour in zip(found.items(), COLOURS, strict=False):
        errors = one.errors.mean(1)
        if len(errors) == 1:
            below.axhline(float(errors[0]), color=colour, label=way, linestyle="--", linewidth=1.4)
        else:
            below.plot(errors.numpy(), color=colour, label=way, linewidth=1.6)
    dress(below, "", "step", "error").set_yscale("log")
    below.legend(fontsize=8, frameon=False)
    return made


def best_codes(found: Mapping[str, Inversion]) -> Float[Tensor, "count latent"]:
    """Each picture's code by the way that came nearest to it."""
    errors = torch.stack([one.errors[-1] for one in found.values()])
    codes = torch.stack([one.codes for one in found.values()])
    return codes[errors.argmin(0), torch.arange(codes.shape[1])]
