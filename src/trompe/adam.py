"""The optimiser of a phase."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from .options import TrainOptions

EPSILON = 1e-8


class Adam:
    """AdamW (Loshchilov & Hutter 2019; with no weight decay Adam, Kingma & Ba 2015) by torch's own fused kernel.

    Beside `torch.optim.AdamW`, which computes the same, it keeps its moments under the parameters' names, as they are
    saved; takes the learning rate as an argument, so that nothing about it is state; and does not import torch's
    compiler, which a run would wait more than a second for.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], options: TrainOptions) -> None:
        self.parameters = dict(parameters)
        self.options = options
        self.mean = {name: zeros(parameter) for name, parameter in self.parameters.items()}
        self.square = {name: zeros(parameter) for name, parameter in self.parameters.items()}
        self.count = {name: torch.zeros((), device=parameter.device) for name, parameter in self.parameters.items()}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update the parameters that have a gradient, and drop the gradients."""
        names = [name for name, parameter in self.parameters.items() if parameter.grad is not None]
        parameters = [self.parameters[name] for name in names]
        adamw(
            parameters,  # type: ignore[arg-type]
            [parameter.grad for parameter in parameters],  # type: ignore[misc]
            [self.mean[name] for name in names],
            [self.square[name] for name in names],
            [],
            [self.count[name] for name in names],
            fused=True,
            amsgrad=False,
            beta1=self.options.beta1,
            beta2=self.options.beta2,
            lr=learning_rate,
            weight_decay=self.options.weight_decay,
            eps=EPSILON,
            maximize=False,
        )
        for parameter in parameters:
            parameter.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """Its whole state by name."""
        parts = {"mean": self.mean, "square": self.square, "count": self.count}
        return {f"{name}.{part}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    @torch.no_grad()
    def load(self, saved: Mapping[str, Tensor]) -> None:
        """Take over a saved state."""
        for name, tensor in self.tensors().items():
            tensor.copy_(saved[name])


def zeros(parameter: nn.Parameter) -> Tensor:
    """In the parameter's own memory format, as the kernel requires."""
    return torch.zeros_like(parameter, requires_grad=False, memory_format=torch.preserve_format)
