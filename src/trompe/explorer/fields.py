"""A GAN in the plane at each snapshot, as one file for the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Response

from ..analysis.discriminator import POINTS, field_of, scale_of
from ..data.samples import random_images
from ..display.grid import evenly
from ..errors import TrompeError
from ..families import GAN
from ..losses.adversarial import OBJECTIVES
from ..runs.capabilities import lacking
from ..runs.predictor import Predictor
from .about import Shown
from .threads import alone

MOST_FIELDS = 100
"""Snapshots in a file; of more, some at equal distances."""
KIND, OCTETS = "application/octet-stream", {"schema": {"type": "string", "format": "binary"}}


@lru_cache(maxsize=8)
def fields(shown: Shown) -> bytes:
    """The discriminator's field, generated points and the generator's push at each snapshot.

    The length of a header, as uint32; the header, JSON of `steps`, `side`, `points`, `real`, `reach`, `strongest` push,
    `largest` logit and `probability`; and float32: for each step logits `(side, side)`, the lowest row first, points
    `(points, 2)` and push `(points, 2)`, then `(real, 2)` points of the data.

    Raises:
        TrompeError: the run is not of an unconditional GAN of points, or its data are not here.
    """
    run = shown.run
    if reason := lacking(run.predictor, ("points", "discriminator of images")):
        raise TrompeError(reason, hint="train one: `trompe train gan-2d`")
    if shown.data is None:
        raise TrompeError("the data of this run are not here", hint="put them back where they were")
    real = random_images(shown.data, POINTS)
    snapshots = run.at_snapshots()
    found = [field_of(snapshots[place].predictor, real) for place in evenly(len(snapshots), MOST_FIELDS)]
    strongest, largest = scale_of(found)
    header = {
        "steps": [one.step for one in found],
        "side": len(found[0].logits),
        "points": len(found[0].points),
        "real": len(real),
        "reach": list(run.predictor.format.value_range),
        "strongest": strongest,
        "largest": largest,
        "probability": has_probability(run.predictor),
    }
    arrays = [array for one in found for array in (one.logits, one.points, one.push)]
    arrays.append(run.predictor.format.restored(real.images_as_floats()))
    content = json.dumps(header).encode()
    content += b" " * (-len(content) % 4)  # float32 must begin at a multiple of four
    return len(content).to_bytes(4, "little") + content + b"".join(np.asarray(one, "<f4").tobytes() for one in arrays)


def has_probability(predictor: Predictor) -> bool:
    """Whether the sigmoid of a logit is the discriminator's probability that a point is real."""
    family = predictor.recipe.family
    return isinstance(family, GAN) and OBJECTIVES[family.objective].threshold == 0


def router(opened: Callable[[str], Shown]) -> APIRouter:
    """What the page asks for fields by.

    Args:
        opened: gives a run by its name.
    """
    routes = APIRouter()

    @routes.get("/api/runs/{name}/fields", responses={200: {"content": {KIND: OCTETS}}}, response_class=Response)
    def read(name: Annotated[str, Path(max_length=200)]) -> Response:
        shown = opened(name)
        return Response(alone(lambda: fields(shown)).result(), media_type=KIND)

    return routes
