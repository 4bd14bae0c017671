"""What the page must know of a run: what its model can do, its latents, its data. The same for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from matplotlib.colors import to_hex

from ..analysis.directions import Direction, directions
from ..analysis.latents import REACH, activity
from ..data.samples import Samples, random_images
from ..display.grid import to_bytes
from ..errors import TrompeError
from ..figures.style import class_colors
from ..measures.latents import ACTIVE_NATS
from ..runs.capabilities import LACKS
from ..runs.run import Run, by_step
from ..text import printable
from ..version import __version__

MOST_IMAGES, MOST_BYTES = 2000, 6 * 2**20
"""Of a run's data in the page, at most."""
INACTIVE = 0.01
"""Without KL, a latent dimension is inactive whose activity is below this share of the largest."""


@dataclass(frozen=True)
class Shown:
    """A run as the page shows it.

    Attributes:
        name: as it stands in addresses, and different for each run in a page.
    """

    run: Run
    name: str

    @cached_property
    def data(self) -> Samples | None:
        """Some of the run's data at random, or `None` where they are not found, or lack labels that the model needs."""
        try:
            found = self.run.data()
        except TrompeError:
            return None
        if self.run.model.num_classes and found.labels is None:
            return None
        return random_images(found, min(MOST_IMAGES, max(1, MOST_BYTES // int(np.prod(found.image_shape)))))

    @cached_property
    def images(self) -> UInt8[np.ndarray, "count channels *spatial"]:
        """The pixels of the data."""
        assert self.data is not None
        return to_bytes(self.data.images_as_floats())

    @cached_property
    def latents(self) -> Float[np.ndarray, "count latent"] | None:
        """The latent of each image of the data."""
        if self.data is None or LACKS["encoder"](self.run.predictor):
            return None
        return self.run.encode(self.data).flatten(1).numpy()

    @cached_property
    def directions(self) -> list[Direction]:
        """Those of its latents that are computed."""
        return directions(self.run.predictor, self.data, self.latents)

    @cached_property
    def about(self) -> dict[str, Any]:
        """Everything but pixels and latents, as JSON."""
        run, model, record = self.run, self.run.model, self.run.record
        lacks = {name: reason for name, lack in LACKS.items() if (reason := lack(run.predictor))}
        shape = record.data.format
        return {
            "name": self.name,
            "trompe": __version__,
            "recipe": record.recipe.name,
            "family": record.recipe.family.kind,
            "data_name": printable(record.data.source),
            "kind": shape.kind,
            "classes": [printable(name) for name in shape.class_names],
            "colors": [to_hex(color) for color in class_colors(shape.num_classes)],
            "conditional": model.num_classes > 0,
            "image_shape": model.image_shape,
            "input_shape": model.input_shape,
            "latent_shape": model.latent_shape,
            "prior": model.prior,
            "capabilities": [name for name in LACKS if name not in lacks],
            "lacks": lacks,
            "latents": latents_of(self),
            "data": self.described_data,
            **status(run),
        }

    @property
    def described_data(self) -> dict[str, Any] | None:
        """Of the images in the page: how many there are, and the class of each."""
        if self.data is None:
            return None
        labels = None if self.data.labels is None else self.data.labels.tolist()
        return {"count": len(self.data), "labels": labels}


def status(run: Run) -> dict[str, Any]:
    """What of a run changes while it trains."""
    return {
        "step": run.step,
        "steps": run.record.recipe.train.steps,
        "snapshots": [step for step, _ in by_step(run.folder / "snapshots", ".safetensors")],
    }


def latents_of(shown: Shown) -> dict[str, Any]:
    """The latent dimensions: how active each is and in what unit; the active ones (where none is, all), most active
    first; and between which values each is varied.
    """
    predictor, model = shown.run.predictor, shown.run.model
    found = activity(predictor, shown.data)
    gaussian = model.posterior_kind == "gaussian" and shown.latents is not None
    least = ACTIVE_NATS if gaussian else INACTIVE * float(found.max(initial=0))
    order = np.argsort(-found, kind="stable")
    mean, deviation = np.zeros(len(found)), np.ones(len(found))
    if shown.latents is not None:
        mean, deviation = shown.latents.mean(0), shown.latents.std(0)
    middle, reach = np.zeros(len(found)), np.full(len(found), REACH)
    if model.prior == "uniform":
        reach[:] = 1
    elif model.prior is None:
        middle, reach = mean, REACH * np.maximum(deviation, 1e-6)
    return {
        "activity": found.tolist(),
        "unit": "nats" if gaussian else "variance" if shown.latents is not None else "mean change of a pixel",
        "active": [int(one) for one in order if found[one] >= least] or order.tolist(),
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "low": (middle - reach).tolist(),
        "high": (middle + reach).tolist(),
    }


def floats(content: bytes, shape: tuple[int, ...]) -> torch.Tensor:
    """Little-endian float32 as rows of this shape.

    Raises:
        TrompeError: they are no whole number of rows, or not finite.
    """
    size = int(np.prod(shape)) * 4
    if not content or len(content) % size:
        wanted = "x".join(map(str, shape))
        raise TrompeError(f"{len(content)} bytes are no float32 array of (count, {wanted})", hint="send whole rows")
    found = np.frombuffer(content, "<f4").reshape(-1, *shape)
    if not np.isfinite(found).all():
        raise TrompeError("the array has values that are not finite", hint="send finite numbers")
    return torch.from_numpy(found.astype(np.float32))
