"""The two terms of a VAE's loss against each other: the rate-distortion curve over beta (Higgins et al. 2017; Alemi et
al. 2018), and the likelihoods that the recipes reach.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import MinLen
from matplotlib.figure import Figure

from ..data.samples import random_images
from ..families import VAE
from ..figures.curves import IMPORTANCE_SAMPLES, MEASURED, draw_plane
from ..figures.rows import show_images
from ..figures.style import COLORS, INK, panels
from ..measures import MEASURES, likelihood
from ..measures.bounds import levels_of
from ..options.data import DataOptions
from ..options.nets import MLPOptions
from ..options.numbers import Count, NonNegative, Strict
from ..options.train import TrainOptions
from ..recipes import RECIPES, Recipe
from ..runs.run import Run
from .store import Store
from .table import Finding, Value, experiment

SHOWN = 8


@dataclass(frozen=True)
class TradeOffOptions(Strict):
    """What is trained."""

    data: str = "mnist"
    """A named set, or a folder or zip of images."""
    betas: Annotated[tuple[NonNegative, ...], MinLen(2)] = (0.1, 0.3, 1, 3, 10, 30)
    """Weights of the KL divergence, each of one VAE."""
    latent: Count = 20
    """Latent dimensions."""
    widths: tuple[Count, ...] = (500,)
    """Units of each hidden layer of the encoder; the decoder mirrors it."""
    steps: Count = 4000
    """Training steps of each."""
    batch: Count = 100
    """Samples per step."""


def recipe_of(options: TradeOffOptions, beta: float) -> Recipe:
    return Recipe(
        data=DataOptions(options.data),
        nets=MLPOptions(widths=options.widths, latent=options.latent),
        family=VAE(beta=beta),
        train=TrainOptions(
            schedule="cosine", steps=options.steps, batch=options.batch, evaluate_every=0, sample_every=0
        ),
        name=f"trade-off-{beta:g}",
    )


@experiment(
    "trade-off",
    "The trade-off between the two terms of a VAE's loss",
    "Each point is a VAE with another weight beta on the KL divergence. A small beta gives sharp reconstructions and "
    "bad samples, a large one images that are all alike; beta 1 trains the bound on the likelihood itself.",
    options=TradeOffOptions,
    quick=TradeOffOptions(betas=(0.1, 1, 10), steps=800, widths=(200,)),
    minutes=4,
)
def trade_off(options: TradeOffOptions, store: Store) -> Finding:
    runs = {beta: store.run(recipe_of(options, beta)) for beta in sorted(options.betas)}
    points = {beta: rate_and_distortion(store, run) for beta, run in runs.items()}
    values = [
        value
        for beta, (rate, distortion) in points.items()
        for value in (
            Value(f"beta {beta:g}: rate", rate, "nats/image"),
            Value(f"beta {beta:g}: distortion", distortion, "nats/image"),
            Value(f"beta {beta:g}: ELBO", -(rate + distortion), "nats/image"),
        )
    ]
    run = next(iter(runs.values()))
    compared = min(MEASURED, len(run.data()))
    protocol = (
        f"{run.record.data.source}, {levels_of(run.predictor)}; means over {compared:,} test images, "
        f"{IMPORTANCE_SAMPLES} latents of each; {options.steps:,} training steps."
    )
    curve = [{"beta": beta, "rate": rate, "distortion": distortion} for beta, (rate, distortion) in points.items()]
    return Finding(drawn(runs, points), tuple(values), protocol, {"curve": curve, "recipes": recipe_likelihoods()})


def rate_and_distortion(store: Store, run: Run) -> tuple[float, float]:
    """Both in nats per image, of test images."""

    def compute() -> list[float]:
        data = random_images(run.data(), MEASURED)
        found = likelihood(run.predictor, data, importance_samples=IMPORTANCE_SAMPLES)
        return [found.kl, found.reconstruction]

    rate, distortion = store.value("rate-distortion", [run.digest, MEASURED, IMPORTANCE_SAMPLES], compute)
    return rate, distortion


def recipe_likelihoods() -> list[dict[str, Any]]:
    """What is to be expected of each recipe's likelihood, and what was published: a row for each value."""
    return [
        {"recipe": row.name, **asdict(figure)}
        for row in RECIPES.values()
        for figure in row.figures
        if figure.value in MEASURES["likelihood"].values
    ]


def drawn(runs: dict[float, Run], points: dict[float, tuple[float, float]]) -> Figure:
    """The plane on the left; on the right a row for each beta, of samples and of reconstructions."""
    first = next(iter(runs.values()))
    some = random_images(first.data(), SHOWN)
    made, axes = panels(13.5, max(4.2, 0.5 + 0.66 * (len(runs) + 1)))
    axes[0, 0].remove()
    ((left, right),) = made.subfigures(1, 2, squeeze=False, width_ratios=[4.6, 8.9])  # each with a layout of its own
    plane = left.subplots()
    draw_plane(plane, np.array(list(points.values())), [f"beta {beta:g}" for beta in points])
    rows = right.subplots(len(runs) + 1, 2)
    rows[0, 0].set_axis_off()
    show_images(rows[0, 1], some.images_as_floats(), SHOWN)
    for (beta, run), row in zip(runs.items(), rows[1:], strict=True):
        show_images(row[0], run.sample(SHOWN), SHOWN, f"beta {beta:g}")
        show_images(row[1], run.reconstruct(some), SHOWN)
        if beta == 1:
            plane.scatter(*points[beta], 60, color=COLORS[1], zorder=3)
            row[0].yaxis.label.set_color(COLORS[1])
    titles = ((rows[1, 0], "samples, of the same noise"), (rows[0, 1], "test images"), (rows[1, 1], "reconstructions"))
    for panel, title in titles:
        panel.set_title(title, fontsize=10, color=INK, loc="left")
    return made
