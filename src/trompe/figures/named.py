"""The figures by name, as the bytes of their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import TrompeError
from ..grids import Pixels, gif, picture_grid, png
from ..run import Run
from .adversarial import climb, progress, progress_film, spy
from .comparison import corruption, reconstructions
from .filters import filters
from .history import curves, game
from .latents import kl_bars, kl_per_number, traversals
from .maps import latent_map
from .plane import field, field_film
from .rates import rate_distortion
from .style import figure_png, pixels_of

SEVERAL = ("reconstructions", "filters", "rate-distortion")
"""The figures that compare runs."""
MOVING = {"film": (".gif",), "climb": (".gif",), "field": (".gif", ".png"), "progress": (".png", ".gif")}
"""The kinds of file of those that move, the usual one first; the others are PNG."""


def kinds_of(name: str) -> tuple[str, ...]:
    return MOVING.get(name, (".png",))


def draw(name: str, runs: Sequence[Run], source: str | None = None, kind: str = ".png") -> bytes:
    """A figure as the bytes of its file.

    Args:
        source: pictures to draw it with; by default what the first run was trained to test on.
        kind: one of the figure's `kinds_of`.
    """
    run = runs[0]
    if len(runs) > 1 and name not in SEVERAL:
        raise TrompeError(
            f"the figure `{name}` is of one run, and {len(runs)} were given", hint=f"compare by {', '.join(SEVERAL)}"
        )
    match name:
        case "samples":
            return png(picture_grid(run.sample(64)))
        case "reconstructions":
            return figure_png(reconstructions(runs, run.data(source)))
        case "latent-map":
            return figure_png(latent_map(run, run.data(source)))
        case "traversals":
            return png(traversals(run, run.data(source)))
        case "kl":
            return figure_png(kl_bars(run, kl_per_number(run, run.data(source))))
        case "curves":
            return figure_png(curves(run))
        case "game":
            return figure_png(game(run))
        case "filters":
            return figure_png(filters(runs))
        case "rate-distortion":
            return figure_png(rate_distortion(runs, run.data(source)))
        case "progress":
            if kind == ".gif":
                return gif([pixels_of(one) for one in progress_film(run, run.data(source))], seconds_each=1.0)
            return figure_png(progress(run, run.data(source)))
        case "spy":
            return figure_png(spy(run, run.data(source)))
        case "climb":
            return gif(list(climb(run, None if source is None else run.data(source))), seconds_each=0.1)
        case "field":
            if kind == ".png":
                return figure_png(field(run, run.data(source)))
            return gif([pixels_of(one) for one in field_film(run, run.data(source))], seconds_each=0.25)
        case "corruption":
            return figure_png(corruption(run, run.data(source)))
        case "film":
            return film(run)
    raise TrompeError(f"no figure is named `{name}`")


def film(run: Run) -> bytes:
    """The run's pictures of progress, one after another, the last one held."""
    if not run.film:
        raise TrompeError(f"`{run.folder}` holds no pictures of progress", hint="train with `--train.sample-every 500`")
    frames = [read_pixels(path) for _, path in run.film]
    return gif(frames + [frames[-1]] * 8, seconds_each=0.15)


def read_pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
