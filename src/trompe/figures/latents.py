"""Code numbers one by one: which are alive, and what each of them does."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ..codes import to_noise
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
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes[0, 0].set_xlim(0.4, len(values) + 0.6)
    point = run.model.posterior_kind == "point"
    dress(
        axes[0, 0],
        "how much each code number varies" if point else f"{alive.sum()} of {len(values)} code numbers are alive",
        "code number, by size",
        "variance" if point else "KL in nats",
    )
    return made


def traversals(run: Run, data: ImageData | None = None, rows: int = 10, columns: int = 11) -> Pixels:
    """One code number swept in each row, the busiest first, the others held: those of a test picture, or of a model
    without an encoder those of one noise.

    The sweep is of three deviations either way: of the prior, or where there is none, of the codes of the data.
    """
    if run.model.encoder is None:
        return swept_noise(run, rows, columns)
    data = (data or run.data()).take(slice(0, PICTURES))
    order = np.argsort(-kl_per_number(run, data))[:rows]
    every = run.encode(data)
    middle, deviation = torch.zeros(run.model.latent), torch.ones(run.model.latent)
    if run.model.prior is None:
        middle, deviation = every.mean(0), every.std(0)
    codes = run.model.codes_from(swept(to_noise(run.model, every[:1])[0], order, middle, deviation, columns))
    labels = None if data.labels is None else data.labels[:1].repeat(len(codes))
    return picture_grid(run.decode(codes, labels), columns)


def swept_noise(run: Run, rows: int, columns: int) -> Pixels:
    """The rows that change the picture most, of those that each number of one noise makes."""
    latent = run.model.latent
    noise = run.noise(1)[0]
    middle, deviation = torch.zeros(latent), torch.ones(latent)
    ends = run.decode(
        run.model.codes_from(swept(noise, np.arange(latent), middle, deviation, 2)), one_class(run, 2 * latent)
    )
    change = (ends[1::2] - ends[::2]).abs().flatten(1).mean(1)
    codes = swept(noise, change.argsort(descending=True)[:rows].numpy(), middle, deviation, columns)
    return picture_grid(run.decode(run.model.codes_from(codes), one_class(run, len(codes))), columns)


def swept(code: Tensor, order: np.ndarray, middle: Tensor, deviation: Tensor, columns: int) -> Tensor:
    """Copies of a code, a row of them for each of these numbers, which goes from one end to the other."""
    sweep = torch.linspace(-REACH, REACH, columns)
    codes = code.repeat(len(order), columns, 1)
    for row, number in enumerate(order):
        codes[row, :, number] = middle[number] + sweep * deviation[number]
    return codes.flatten(0, 1)


def one_class(run: Run, count: int) -> list[int] | None:
    return [0] * count if run.model.num_classes else None
