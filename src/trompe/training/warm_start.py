"""A new run that starts from the weights of another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..core.model import Model
from ..errors import TrompeError
from ..files import RECORD_NAME, expanded
from ..runs.record import Origin, read_record
from ..runs.run import Run, load
from ..runs.tensors import digest_of

SHOWN = 5


@dataclass(frozen=True)
class Start:
    """Weights to start from, and where they are from."""

    weights: dict[str, Tensor]
    origin: Origin


def find_start(folder: Path, given: Run | str | Path | None) -> Start | None:
    """The weights that the run in this folder starts from, or started from.

    Args:
        folder: of the new run, or of one that goes on.
        given: a run, its folder or a weights file; by default what a run in this folder says it started from, where
            that is still to be done.

    Raises:
        TrompeError: there are no such weights, or the run in this folder did not start from them.
    """
    old = read_record(folder).origin if (folder / RECORD_NAME).exists() else None
    if given is None:
        if old is None or (folder / Run.STATE).exists():
            return None
        given = old.run
    start = open_start(given)
    if (folder / RECORD_NAME).exists() and (old is None or old.digest != start.origin.digest):
        raise TrompeError(
            f"the run in `{folder}` did not start from the weights of `{start.origin.run}` at step "
            f"{start.origin.step:,}",
            hint="choose another run folder with `--out`; to go on with this one, leave `--from` out",
        )
    return start


def open_start(given: Run | str | Path) -> Start:
    """Weights for use, averaged where they were averaged."""
    place = given.folder if isinstance(given, Run) else expanded(given)
    opened = given if isinstance(given, Run) else load(place, device="cpu")
    weights = {name: tensor.detach().cpu() for name, tensor in opened.model.state_dict().items()}
    return Start(weights, Origin(str(place.resolve()), opened.step, digest_of(weights, opened.step)))


def apply_start(model: Model, start: Start) -> None:
    """Put the weights into a new model.

    Raises:
        TrompeError: the model has other networks; the message names the first differences.
    """
    old = {name: tuple(tensor.shape) for name, tensor in start.weights.items()}
    new = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    wrong = [name for name in (*new, *(old.keys() - new.keys())) if old.get(name) != new.get(name)]
    if wrong:
        lines = [f"{name}: {shown(old.get(name))} -> {shown(new.get(name))}" for name in wrong[:SHOWN]]
        lines += [f"and {len(wrong) - SHOWN} more"] * (len(wrong) > SHOWN)
        raise TrompeError(
            f"the weights of `{start.origin.run}` are of other networks:\n  " + "\n  ".join(lines),
            hint="family, networks, classes and image size must be those of that run; the rest may change",
        )
    model.load_state_dict(start.weights)


def shown(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else "x".join(map(str, shape)) or "a number"
