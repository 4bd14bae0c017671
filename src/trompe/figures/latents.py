"""Code numbers one by one: which are alive, and what each of them does."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.arrays import ImageData
from ..distributions import DiagonalGaussian
from ..grids import Pixels, picture_grid
from ..measures.bounds import ACTIVE_NATS
from ..model import Model
from ..run import Run
from .style import COLOURS, FAINT, dress, figure

PICTURES = 2000
REACH = 3.0


def kl_of(model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
    posterior = model.posterior(images, labels)
    assert isinstance(posterior, DiagonalGaussian)
    return posterior.kl()


def kl_per_number(run: Run, data: ImageData | None = None) -> np.ndarray:
    """Mean KL of each code number over test pictures, in nats; for a point posterior the variance of its codes, which
    is what there is to tell the numbers apart.
    """
    data = (data or run.data()).take(slice(0, PICTURES))
    if run.model.posterior_kind == "point":
        return run.encode(data).var(0).numpy()
    return run.apply(kl_of, data).double().mean(0).numpy()


def kl_bars(run: Run, values: np.ndarray | None = None) -> Figure:
    """The KL of each code number, largest first; those that carry nothing are drawn pale."""
    values = np.sort(kl_per_number(run) if values is None else values)[::-1]
    alive = values > ACTIVE_NATS
    made, axes = figure(7.2, 2.8)
    colours = [COLOURS[0] if one else FAINT for one in alive]
    axes[0, 0].bar(np.arange(1, len(values) + 1), values, color=colours, width=0.8)
    point = run.model.posterior_kind == "point"
    dress(
        axes[0, 0],
        "how much each code number varies" if point else f"{alive.sum()} of {len(values)} code numbers are alive",
        "code number, by size",
        "variance" if point else "KL in nats",
    )
    return made


def traversals(run: Run, data: ImageData | None = None, rows: int = 10, columns: int = 11, label: int = 0) -> Pixels:
    """One code number swept in each row, the busiest first, the others at zero (or at the mean of the codes where no
    prior says where they lie).
    """
    data = (data or run.data()).take(slice(0, PICTURES))
    order = np.argsort(-kl_per_number(run, data))[:rows]
    centre, deviation = torch.zeros(run.model.latent), torch.ones(run.model.latent)
    if run.model.prior is None:
        codes = run.encode(data)
        centre, deviation = codes.mean(0), codes.std(0)
    sweep = torch.linspace(-REACH, REACH, columns)
    codes = centre.repeat(len(order), columns, 1)
    for row, number in enumerate(order):
        codes[row, :, number] = centre[number] + sweep * deviation[number]
    flat = codes.flatten(0, 1)
    labels = [label] * len(flat) if run.model.num_classes else None
    return picture_grid(run.decode(flat, labels), columns)
