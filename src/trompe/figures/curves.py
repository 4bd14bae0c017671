"""Curves from a run's log, and the rate-distortion plane (Alemi et al. 2018)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..errors import TrompeError
from ..measures.bounds import levels_of, likelihood
from .style import COLORS, FAINT, INK, dress, log_scale, panels
from .table import Drawn, Request, figure

NOT_TERMS = ("step", "images_per_second", "gradient_norm", "_accuracy", "_auc", "samples/diversity", "mode_coverage")
IMPORTANCE_SAMPLES = 8
MEASURED = 2000
"""Images behind a point of the rate-distortion plane."""
LINES = 7
CLEARANCE = (0.5, 0.12)
"""Of a line's label from any point, as fractions of the axes, so that their texts do not meet."""


@figure(
    "loss-curves",
    "Loss",
    "Each term of the loss, per image, in training and on test images.",
    in_report=True,
    missing=lambda run: None if terms(run.log) else "it has logged no loss yet",
)
def loss_curves(request: Request) -> Drawn:
    series = terms(request.run.log)
    made, axes = panels(4.2 * len(series), 3.0, 1, len(series))
    for panel, (name, parts) in zip(axes[0], series.items(), strict=True):
        for (label, points), color in zip(parts.items(), COLORS, strict=False):
            plot(panel, points, color, label)
        dress(panel, name, "step", "per image")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        # the first steps' values stay out of sight where they would flatten all that follows
        settled = [value for points in parts.values() for _, value in points[len(points) // 20 :]]
        margin = 0.06 * np.ptp(settled) or 0.5
        panel.set_ylim(min(settled) - margin, max(settled) + margin)
    return made


@figure(
    "adversarial-curves",
    "Adversarial training",
    "The discriminator's accuracy, the norm of each phase's gradient, and the diversity of the samples of one noise, "
    "relative to real images.",
    requires=("discriminator",),
    in_report=True,
    missing=lambda run: None if any(numbers(run.log)) else "it has logged nothing yet",
)
def adversarial_curves(request: Request) -> Drawn:
    log, phases = request.run.log, [phase.name for phase in request.run.record.recipe.family.phases()]
    accuracies = {f"discriminator/{kind}_accuracy": f"accuracy, {kind}" for kind in ("real", "fake")}
    samples = {f"samples/{name}": name.replace("_", " ") for name in ("diversity", "mode_coverage")}
    groups = {
        ("discriminator", "fraction"): accuracies | {"test/train_vs_held_out_auc": "AUC, training v held-out"},
        ("gradients", "norm"): {f"{name}/gradient_norm": name.replace("_", " and ") for name in phases},
        ("samples of one noise", "relative to real images"): samples,
    }
    made, axes = panels(4.2 * len(groups), 3.0, 1, len(groups))
    for panel, ((title, unit), lines) in zip(axes[0], groups.items(), strict=True):
        for (key, label), color in zip(lines.items(), COLORS, strict=False):
            if points := [(step, value) for step, name, value in numbers(log) if name == key]:
                plot(panel, points, color, label)
        dress(panel, title, "step", unit)
    axes[0, 0].set_ylim(-0.03, 1.03)
    if any(value > 0 for _, name, value in numbers(log) if name.endswith("gradient_norm")):
        log_scale(axes[0, 1])
    axes[0, 2].set_ylim(bottom=0)
    return made


def numbers(log: list[dict[str, Any]]) -> Iterator[tuple[int, str, float]]:
    """Each finite number of a log, with its step and name."""
    for line in log:
        if isinstance(step := line.get("step"), int):
            for key, value in line.items():
                if key != "step" and isinstance(value, int | float) and math.isfinite(value):
                    yield step, key, value


def plot(panel: Axes, points: list[tuple[int, float]], color: str, label: str) -> None:
    marker = "o" if len(points) < 3 else None
    panel.plot(*zip(*points, strict=True), color=color, label=label, linewidth=1.5, marker=marker, markersize=4)
    panel.legend(fontsize=8, frameon=False)


def terms(log: list[dict[str, Any]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """The log's terms by name, each as points for training and for test."""
    series: dict[str, dict[str, list[tuple[int, float]]]] = {}
    found = [one for one in numbers(log) if not one[1].endswith(NOT_TERMS)]
    phases = {key.removeprefix("test/").split("/")[0] for _, key, _ in found}
    for step, key, value in found:
        part = "test" if key.startswith("test/") else "training"
        phase, _, term = key.removeprefix("test/").rpartition("/")
        name = (term if len(phases) == 1 else f"{phase}: {term}").replace("_", " ")
        series.setdefault(name, {}).setdefault(part, []).append((step, value))
    return series


@figure(
    "rate-distortion",
    "Rate-distortion curve",
    "Each run at its rate, the KL divergence, and its distortion, the negative log-likelihood of an image given its "
    "latent; along a slanted line the ELBO is the same.",
    requires=("bound",),
    compares=True,
)
def rate_distortion(request: Request) -> Drawn:
    runs = request.runs
    kinds = {
        f"{run.record.recipe.family.likelihood}, {levels_of(run.predictor)}, {run.record.data.format.shape}"
        for run in runs
    }
    if len(kinds) > 1:
        unlike = f"distortions of unlike protocols do not compare: {'; '.join(sorted(kinds))}"
        raise TrompeError(unlike, hint="give runs of one likelihood")
    options = {"importance_samples": IMPORTANCE_SAMPLES, "limit": MEASURED}
    found = [likelihood(run.predictor, request.data, **options) for run in runs]
    points = np.array([[one.kl, one.reconstruction] for one in found])
    made, axes = panels(6.4, 4.6)
    names = []
    for run in runs:
        weight = getattr(run.record.recipe.family, "beta", None)
        names.append(run.folder.resolve().name + (f", beta {weight:g}" if weight is not None else ""))
    draw_plane(axes[0, 0], points, names)
    return made


def draw_plane(plane: Axes, points: Float[np.ndarray, "runs 2"], names: Sequence[str]) -> None:
    """Models in the rate-distortion plane (Alemi et al. 2018, figure 1), over the lines on which the ELBO is the same.

    Args:
        points: rate and distortion of each model, in nats per image.
        names: of the models; each point also has its ELBO.
    """
    dress(plane, "rate-distortion curve", "rate: KL, nats/image", "distortion, nats/image")
    plane.plot(*points[points[:, 0].argsort()].T, color=FAINT, linewidth=1, zorder=1)
    plane.scatter(points[:, 0], points[:, 1], 30, color=COLORS[0], zorder=2)
    for name, point in zip(names, points, strict=True):
        label = f"{name}\nELBO {-point.sum():,.2f}"
        plane.annotate(label, point, xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK)
    span = np.maximum(np.ptp(points, 0), 1.0)
    low, high = points.min(0) - 0.1 * span, points.max(0) + 0.15 * span
    left, right = max(0.0, low[0]), high[0]
    plane.set(xlim=(left, right), ylim=(low[1], high[1]))
    for total in MaxNLocator(LINES).tick_values(low.sum(), high.sum()):
        plane.plot([left, right], [total - left, total - right], color=FAINT, linewidth=0.5, linestyle=":")
        end = total - right
        free = bool((np.abs((points - (right, end)) / (high - low)) > CLEARANCE).any(1).all())
        if free and low[1] < end < high[1] - 0.05 * (high[1] - low[1]):
            plane.text(right, end, f"ELBO {-total:,.7g}", fontsize=8, color=FAINT, va="top", ha="right")
