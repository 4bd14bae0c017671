"""The figures by name, as the bytes of their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.arrays import ImageData
from ..errors import TrompeError
from ..grids import Pixels, gif, picture_grid, png
from ..run import Run
from .adversarial import climb, progress, spy
from .comparison import corruption, reconstructions
from .filters import filters
from .history import curves, game
from .latents import kl_bars, kl_per_number, traversals
from .maps import latent_map
from .rates import rate_distortion
from .style import figure_png

SEVERAL = ("reconstructions", "filters", "rate-distortion")
"""The figures that compare runs."""


def draw(name: str, runs: Sequence[Run], data: Callable[[], ImageData]) -> bytes:
    """A figure as PNG, `film` and `climb` as GIF. The data are asked for by those that need them."""
    run = runs[0]
    if len(runs) > 1 and name not in SEVERAL:
        raise TrompeError(
            f"the figure `{name}` is of one run, and {len(runs)} were given", hint=f"compare by {', '.join(SEVERAL)}"
        )
    match name:
        case "samples":
            return png(picture_grid(run.sample(64)))
        case "reconstructions":
            return figure_png(reconstructions(runs, data()))
        case "latent-map":
            return figure_png(latent_map(run, data()))
        case "traversals":
            return png(traversals(run, data()))
        case "kl":
            return figure_png(kl_bars(run, kl_per_number(run, data())))
        case "curves":
            return figure_png(curves(run))
        case "game":
            return figure_png(game(run))
        case "filters":
            return figure_png(filters(runs))
        case "rate-distortion":
            return figure_png(rate_distortion(runs, data()))
        case "progress":
            return figure_png(progress(run, data()))
        case "spy":
            return figure_png(spy(run, data()))
        case "climb":
            return gif(list(climb(run)), seconds_each=0.1)
        case "corruption":
            return figure_png(corruption(run, data()))
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
