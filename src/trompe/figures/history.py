"""Loss curves from a run's log."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import TrompeError
from ..families import phases_of
from ..run import Run
from .style import COLOURS, dress, figure

NOT_TERMS = ("step", "images_per_second", "gradient_norm", "_right", "samples/variety", "samples/kinds", "test/known")


def curves(run: Run) -> Figure:
    """Each term of the loss against the step, one panel a term: in training, and on test pictures."""
    series = terms(run.log)
    if not series:
        raise TrompeError(
            f"`{run.folder}` has logged no loss yet", hint="a fitted model has none; others log as they train"
        )
    made, axes = figure(4.2 * max(1, len(series)), 3.0, 1, max(1, len(series)))
    for panel, (name, parts) in zip(axes[0], series.items(), strict=False):
        for (label, points), colour in zip(parts.items(), COLOURS, strict=False):
            steps, values = zip(*points, strict=True)
            marker = "o" if len(points) < 3 else None
            panel.plot(steps, values, color=colour, label=label, linewidth=1.6, marker=marker, markersize=4)
        dress(panel, name, "step", "per picture")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        limit_to_settled(panel, parts)
        panel.legend(fontsize=8, frameon=False)
    return made


def game(run: Run) -> Figure:
    """How a game goes: what the discriminator is right about, how strong each player's gradient is, and how various the
    samples of one noise are, as a share of what real pictures would be.
    """
    log = run.log
    if run.model.discriminator is None:
        raise TrompeError(f"the run in `{run.folder}` plays no game: it has no discriminator", hint="train a GAN")
    panels: list[tuple[str, str, list[tuple[str, str]]]] = [
        (
            "the discriminator is right about",
            "share",
            [(f"discriminator/{kind}_right", f"{kind} pictures") for kind in ("real", "fake")]
            + [("test/known", "pairs: trained on, or never seen")],
        ),
        (
            "gradients",
            "norm",
            [
                (f"{phase.name}/gradient_norm", phase.name.replace("_", " and "))
                for phase in phases_of(run.record.recipe.family)
            ],
        ),
        ("samples of one noise", "of the real pictures'", [("samples/variety", "variety"), ("samples/kinds", "kinds")]),
    ]
    made, axes = figure(4.2 * len(panels), 3.0, 1, len(panels))
    for panel, (title, unit, lines) in zip(axes[0], panels, strict=True):
        for (key, label), colour in zip(lines, COLOURS, strict=False):
            if points := [(line["step"], line[key]) for line in log if key in line]:
                marker = "o" if len(points) < 3 else None
                panel.plot(*zip(*points, strict=True), color=colour, label=label, linewidth=1.4, marker=marker)
        dress(panel, title, "step", unit)
        if panel.get_legend_handles_labels()[0]:
            panel.legend(fontsize=8, frameon=False)
    axes[0, 0].set_ylim(-0.03, 1.03)
    axes[0, 1].set_yscale("log")
    axes[0, 2].set_ylim(bottom=0)
    return made


def terms(log: list[dict[str, Any]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """The log's terms by name, each as points for training and for test."""
    series: dict[str, dict[str, list[tuple[int, float]]]] = {}
    lines = [{key: value for key, value in line.items() if not key.endswith(NOT_TERMS)} for line in log]
    phases = {key.removeprefix("test/").split("/")[0] for line in lines for key in line}
    for line, kept in zip(log, lines, strict=True):
        for key, value in kept.items():
            part = "test" if key.startswith("test/") else "training"
            phase, _, term = key.removeprefix("test/").rpartition("/")
            name = (term if len(phases) == 1 else f"{phase}: {term}").replace("_", " ")
            series.setdefault(name, {}).setdefault(part, []).append((line["step"], value))
    return series


def limit_to_settled(panel: Any, parts: dict[str, list[tuple[int, float]]]) -> None:
    """Leave out of sight the first steps' values where they would flatten all that follows."""
    values = [value for points in parts.values() for _, value in points[len(points) // 20 :]]
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.5
    panel.set_ylim(low - margin, high + margin)
