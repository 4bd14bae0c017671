"""Loss curves from a run's log."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import TrompeError
from ..run import Run
from .style import COLOURS, dress, figure

NOT_TERMS = {"step", "images_per_second"}


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


def terms(log: list[dict[str, Any]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """The log's terms by name, each as points for training and for test."""
    series: dict[str, dict[str, list[tuple[int, float]]]] = {}
    phases = {key.removeprefix("test/").split("/")[0] for line in log for key in line if "/" in key}
    for line in log:
        for key, value in line.items():
            if key in NOT_TERMS or key.endswith("gradient_norm"):
                continue
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
