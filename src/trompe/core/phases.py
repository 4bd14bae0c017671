"""What trains when: a family of models is a tuple of phases, and the loop knows nothing else."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from ..data.batches import Batch
from .model import Model

Loss = Callable[[Model, Batch, int], dict[str, Tensor]]
"""A pure function of model, batch and step: weighted terms per sample, of shape `(batch,)`, by name. Its noise is the
batch's, which also says whether it is trained on. A term without a gradient is only logged."""


def constant(step: int) -> None:
    """The `variant` of a loss that does not depend on the step."""


@dataclass(frozen=True)
class When:
    """Active from step `start` up to but not including `stop`, at every `every`-th step of them."""

    start: int = 0
    stop: int | None = None
    every: int = 1

    def active(self, step: int) -> bool:
        return step >= self.start and (self.stop is None or step < self.stop) and (step - self.start) % self.every == 0

    def spans(self, step: int) -> bool:
        """Whether it has begun after this many steps, and has not ended before the last of them."""
        return self.start <= step and (self.stop is None or step <= self.stop)


@dataclass(frozen=True)
class Phase:
    """Trains some of a model's networks with one loss; it owns one optimizer.

    Attributes:
        name: the optimizer's key in the state, and the prefix of the phase's log entries.
        trains: networks, by their slots, or parts of them, as in `encoder.layers.0`; all others are frozen meanwhile.
        lr_scale: multiplies the learning rate.
        variant: what of the loss depends on the step: two steps of one value differ in their samples and noise alone,
            and can be replayed from one recording. By default the step itself.
    """

    name: str
    trains: tuple[str, ...]
    loss: Loss
    when: When = When()
    lr_scale: float = 1.0
    variant: Callable[[int], Hashable] = int

    def parameters(self, model: Model) -> dict[str, nn.Parameter]:
        """The parameters it trains, by their names in the model."""
        return {
            f"{part}.{name}": parameter
            for part in self.trains
            for name, parameter in model.get_submodule(part).named_parameters()
        }


@contextmanager
def training_only(model: Model, names: tuple[str, ...]) -> Iterator[None]:
    """Let gradients flow into these parts' parameters alone."""
    model.requires_grad_(False)
    for name in names:
        model.get_submodule(name).requires_grad_(True)
    try:
        yield
    finally:
        model.requires_grad_(True)
