"""What a code costs against what it saves: the rate-distortion plane (Alemi et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..data.arrays import ImageData
from ..errors import TrompeError
from ..measures.bounds import levels_of, likelihood
from ..run import Run
from .style import COLOURS, FAINT, INK, dress, figure

CODES = 8
MEASURED = 2000
LINES = 7


def rate_distortion(runs: Sequence[Run], data: ImageData) -> Figure:
    """Each run at its rate, the KL, and its distortion, the cost of a picture given its code, both in nats; along a
    slanted line the ELBO is the same.

    Raises:
        TrompeError: a run has no Gaussian posterior, or their likelihoods are unlike, so that distortions do not
            compare.
    """
    for run in runs:
        if run.model.discriminator is not None:
            raise TrompeError(f"the losses of `{run.folder}` bound no likelihood", hint="compare VAEs")
    kinds = {(run.record.recipe.family.likelihood, levels_of(run), run.record.data.image_shape) for run in runs}
    if len(kinds) > 1:
        named = "; ".join(sorted(f"{name}, {levels}, {shape}" for name, levels, shape in kinds))
        raise TrompeError(
            f"distortions of unlike protocols do not compare: {named}", hint="give runs of one likelihood"
        )
    found = [likelihood(run, data, codes=CODES, limit=MEASURED) for run in runs]
    points = np.array([[one.kl, one.reconstruction] for one in found])
    made, axes = figure(6.4, 4.6)
    plane = dress(axes[0, 0], "rate against distortion", "rate: KL, nats a picture", "distortion, nats a picture")
    order = points[:, 0].argsort()
    plane.plot(points[order, 0], points[order, 1], color=FAINT, linewidth=1, zorder=1)
    plane.scatter(points[:, 0], points[:, 1], 30, color=COLOURS[0], zorder=2)
    for run, point in zip(runs, points, strict=True):
        plane.annotate(label(run), point, xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK)
    span = np.maximum(np.ptp(points, 0), 1.0)
    low, high = points.min(0) - 0.1 * span, points.max(0) + 0.15 * span
    plane.set_xlim(max(0.0, low[0]), high[0])
    plane.set_ylim(low[1], high[1])
    left, right = plane.get_xlim()
    for total in np.linspace(low.sum(), high.sum(), LINES)[1:-1]:
        plane.plot([left, right], [total - left, total - right], color=FAINT, linewidth=0.4, linestyle=":")
        if low[1] < total - left < high[1]:
            plane.text(left, total - left, f" ELBO {-total:,.0f}", fontsize=6, color=FAINT, va="bottom")
    return made


def label(run: Run) -> str:
    beta = getattr(run.record.recipe.family, "beta", None)
    return run.folder.resolve().name if beta is None else f"{run.folder.resolve().name}, beta {beta:g}"
