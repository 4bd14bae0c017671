"""Several models on the same pictures, and what a denoising one restores."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ..data.arrays import ImageData, random_pictures
from ..data.corruption import corrupt
from ..errors import TrompeError
from ..measures.reconstruction import squared_errors
from ..options import DenoisingOptions
from ..rng import Stream, seeded
from ..run import Run
from .rows import Row, drawn

COLUMNS = 14
MEASURED = 2000
"""Pictures behind the errors in the labels."""


def reconstructions(runs: Sequence[Run], data: ImageData) -> Figure:
    """Pictures in the first row, below them what each run makes of them, with its squared error a picture (Hinton &
    Salakhutdinov 2006, figure 2).
    """
    shape = runs[0].record.data.image_shape
    for run in runs:
        if run.record.data.image_shape != shape:
            raise TrompeError(
                f"`{run.folder}` is of pictures of {run.record.data.image_shape}, `{runs[0].folder}` of {shape}",
                hint="compare runs of the same pictures",
            )
    measured = random_pictures(data, MEASURED)
    shown = random_pictures(data, COLUMNS)
    rows: list[Row] = [("data", shown.images_as_floats())]
    for run in runs:
        error = float(run.apply(squared_errors, measured).mean())
        rows.append((f"{run.folder.name}\n{error:.2f} a picture", run.reconstruct(shown)))
    return drawn(rows)


def corruption(run: Run, data: ImageData) -> Figure:
    """Pictures, their corrupted copies by the run's own law, and what it restores of them, with errors a picture."""
    options = run.record.recipe.family
    if not isinstance(options, DenoisingOptions):
        raise TrompeError(
            f"the run in `{run.folder}` is of the family `{options.kind}`, and restores nothing",
            hint="train a denoising one: `trompe train dae ...`",
        )
    measured = random_pictures(data, MEASURED)
    clean = measured.images_as_floats()
    with seeded(0, Stream.MEASURE):
        corrupted = corrupt(clean, options.corruption, options.level)[0].clamp(0, 1)
    restored = run.reconstruct(corrupted, measured.labels if run.model.num_classes else None)
    before, after = (float((part - clean).square().flatten(1).sum(1).mean()) for part in (corrupted, restored))
    percent = f"{options.level:g}" if options.corruption == "gaussian" else f"{options.level:.0%}"
    rows = [
        ("data", clean),
        (f"{options.corruption} {percent}\n{before:.2f} a picture", corrupted),
        (f"restored\n{after:.2f} a picture", restored),
    ]
    return drawn([(name, images[:COLUMNS]) for name, images in rows])
