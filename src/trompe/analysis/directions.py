"""Directions of the latent space that may mean something: to move latents along.

The directions of a decoder's first features are those in which its first layer's output changes most for a unit of the
latent (Shen & Zhou 2021, *Closed-form factorization of latent semantics in GANs*): the eigenvectors of `A^T A`, where
`A` is the layer's weight. Principal components of its output over samples, brought back to the latent (Härkönen et al.
2020, *GANSpace*), estimate the same where latents are standard normal and the layer is linear; the closed form needs
no samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
import torch
from annotated_types import Ge, Gt, Le, Len
from jaxtyping import Float, Int
from scipy.linalg import eigh
from torch import Tensor, nn

from ..data.samples import Samples
from ..errors import TrompeError
from ..files import read_json, write_json
from ..runs.predictor import MOST_LATENT, Predictor
from ..runs.record import DIRECTIONS_NAME
from ..runs.run import Run
from ..text import counted, printable
from .latents import REACH, SPREAD

Kind = Literal["class mean", "latents", "first features", "own"]
Vector = Float[np.ndarray, " latent"]
Latents = Float[np.ndarray, "count latent"]

PRINCIPAL = 10
"""Principal directions of a kind, at most."""
MOST_OWN, LONGEST_NAME = 200, 80
LEAST_SHARE = 1e-6
"""Principal directions of a smaller share are rounding errors."""


@dataclass(frozen=True)
class Direction:
    """A direction of the latent space.

    Attributes:
        vector: of the flattened latent, of unit length.
        reach: how far to go along it either way: `REACH` standard deviations of the prior, or without one, of the
            data's latents.
    """

    name: str
    kind: Kind
    vector: Vector
    reach: float

    def to_json(self) -> dict[str, Any]:
        vector = [round(float(value), 6) for value in self.vector]
        return {"name": self.name, "kind": self.kind, "vector": vector, "reach": self.reach}


def directions(predictor: Predictor, data: Samples | None = None, latents: Latents | None = None) -> list[Direction]:
    """Class means, the principal directions of the data's latents, and those of the decoder's first features: what the
    model and the data have of them.

    Args:
        latents: of the data, if they are known already.
    """
    model = predictor.model
    found: list[tuple[str, Kind, Vector]] = []
    if data is not None and latents is None and "encoder" in model.networks:
        latents = predictor.encode(data).flatten(1).numpy()
    if latents is not None and data is not None and data.labels is not None:
        means = class_means(latents, data.labels, data.class_names)
        found += [(name, "class mean", vector) for name, vector in means]
    if latents is not None and len(latents) > 1:
        found += [(name, "latents", vector) for name, vector in principal(np.cov(latents.T.astype(np.float64)))]
    if "decoder" in model.networks and model.condition_shape is None:
        found += [(name, "first features", vector) for name, vector in principal(sensitivity(predictor))]
    return [Direction(name, kind, vector, reach_of(predictor, vector, latents)) for name, kind, vector in found]


def class_means(
    latents: Latents, labels: Int[np.ndarray, " count"], class_names: Sequence[str]
) -> list[tuple[str, Vector]]:
    """From the mean of all other latents to that of a class, by its name; of two classes, from the first to the second
    alone.
    """
    present = [int(label) for label in np.unique(labels)]
    found = []
    for label in present[1:] if len(present) == 2 else present if len(present) > 2 else ():
        own = labels == label
        difference = latents[own].mean(0, dtype=np.float64) - latents[~own].mean(0, dtype=np.float64)
        if (length := float(np.linalg.norm(difference))) > SPREAD:
            found.append((printable(class_names[label])[:LONGEST_NAME], difference / length))
    return found


def principal(matrix: np.ndarray) -> list[tuple[str, Vector]]:
    """The first eigenvectors of a positive semidefinite matrix, named by their share of its trace, each with its
    largest value positive.
    """
    matrix = np.atleast_2d(matrix)
    size, total = len(matrix), max(float(np.trace(matrix)), SPREAD**2)
    values, vectors = eigh(matrix, subset_by_index=(max(0, size - PRINCIPAL), size - 1))
    found = []
    for place in range(1, len(values) + 1):
        share, vector = float(values[-place]) / total, vectors[:, -place]
        if share > LEAST_SHARE:
            found.append((f"{place} ({share:.0%})", vector * np.sign(vector[np.abs(vector).argmax()])))
    return found


def sensitivity(predictor: Predictor) -> Float[np.ndarray, "latent latent"]:
    """`A^T A` of the decoder's first linear or convolutional layer as a function of the latent."""
    shape = predictor.model.latent_shape
    size = int(np.prod(shape))
    steps = torch.cat([torch.zeros(1, size), torch.eye(size)])
    features = first_features(predictor, steps.view(-1, *shape)).double()
    if len(features) == 0:
        return np.zeros((size, size))
    change = (features[1:] - features[0]).numpy()
    product: np.ndarray = change @ change.T
    return product


def first_features(predictor: Predictor, latents: Float[Tensor, "count *latent"]) -> Float[Tensor, "count_ features"]:
    """The output of the decoder's first linear or convolutional layer, flattened; nothing where it has none."""
    first: list[nn.Module] = []
    outputs: list[Tensor] = []
    thread = get_ident()  # others may use the model meanwhile

    def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
        if get_ident() != thread:
            return
        if not first:
            first.append(module)
        if module is first[0]:
            outputs.append(output.flatten(1).cpu())

    layers = [one for one in predictor.model.network("decoder").modules() if is_linear(one)]
    hooks = [layer.register_forward_hook(keep) for layer in layers]
    try:
        predictor.decode(latents, [0] * len(latents))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(outputs) if outputs else torch.empty(0, 0)


def is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.modules.conv._ConvNd)


def reach_of(predictor: Predictor, vector: Vector, latents: Latents | None) -> float:
    """How far to go along a direction."""
    prior = predictor.model.prior
    if prior is None and latents is not None:
        return REACH * max(float((latents @ vector).std()), SPREAD)
    return REACH * (3**-0.5 if prior == "uniform" else 1.0)  # a uniform prior is on [-1, 1]


# The user's own


def check_name(name: str) -> str:
    if name != printable(name) or not name.strip():
        raise ValueError("a name is one line of printable characters")
    return name


class Kept(pydantic.BaseModel):
    """A direction as it is kept in a run folder."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Len(1, LONGEST_NAME), pydantic.AfterValidator(check_name)]
    vector: list[Annotated[float, Ge(-MOST_LATENT), Le(MOST_LATENT), pydantic.AllowInfNan(False)]]
    reach: Annotated[float, Gt(0), Le(MOST_LATENT), pydantic.AllowInfNan(False)]


KEPT = pydantic.TypeAdapter(Annotated[list[Kept], Len(0, MOST_OWN)])


def own_directions(run: Run) -> list[Direction]:
    """The directions that were kept in a run folder, in the explorer or by `keep_directions`.

    Raises:
        TrompeError: the file is damaged, or of another model.
    """
    path = run.folder / DIRECTIONS_NAME
    return parsed(read_json(path), run.model.latent_shape, path) if path.is_file() else []


def keep_directions(run: Run, kept: Sequence[Direction]) -> None:
    """Keep directions in a run folder, instead of those that are there, for the explorer and `own_directions`.

    Raises:
        TrompeError: there are too many, or one has a name or a vector that none may have.
    """
    value = [{key: one.to_json()[key] for key in Kept.model_fields} for one in kept]
    parsed(value, run.model.latent_shape, "this list")
    write_json(run.folder / DIRECTIONS_NAME, value)


def parsed(value: Any, latent_shape: tuple[int, ...], where: Path | str) -> list[Direction]:
    """Directions of a user's own, from JSON.

    Raises:
        TrompeError: they are none of a latent of this shape.
    """
    size = int(np.prod(latent_shape))
    try:
        kept = KEPT.validate_python(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        hint = f"give at most {MOST_OWN} of a `name` of up to {LONGEST_NAME} characters, a `vector` and a `reach`"
        raise TrompeError(f"`{where}` is not a list of directions: {printable(reason)}", hint=hint) from error
    found = []
    for one in kept:
        vector, length = np.array(one.vector), float(np.linalg.norm(one.vector))
        if len(vector) != size or not length > SPREAD:
            wrong = f"direction `{one.name}` has {counted(len(vector), 'value')}, and a length of {length:g}"
            raise TrompeError(wrong, hint=f"the latents of this model have {counted(size, 'value')}")
        found.append(Direction(one.name, "own", vector / length, one.reach))
    return found
