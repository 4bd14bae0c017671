"""The layers of a trained run: what each gets and gives for a picture, its size, cost and receptive field."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..conv_arithmetic import receptive_field
from ..errors import TrompeError
from ..run import Run
from .layers import CONVOLUTIONS, POOLINGS, TRANSPOSED, Layer, layer_of
from .scene import Film, Theme, Values, film

WEIGHTED = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.Embedding)


@dataclass(frozen=True)
class Placed:
    """A layer in its network, and what went through it for one picture."""

    number: int
    network: str
    name: str
    module: nn.Module
    given: Tensor
    made: Tensor
    field: int | None
    """Cells of the network's first map, along an axis, that one cell of the layer's output depends on."""

    @property
    def kind(self) -> str:
        return type(self.module).__name__.removeprefix("Parametrized")

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def multiplications(self) -> int:
        """For one picture."""
        module: Any = self.module
        if isinstance(module, nn.Linear):
            return module.in_features * module.out_features
        if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
            # each cell of the smaller side, of one channel, meets the whole kernel of every channel of the other
            cells = self.given if isinstance(module, TRANSPOSED) else self.made
            channels = module.in_channels * module.out_channels // module.groups
            return math.prod(cells.shape[2:]) * channels * math.prod(module.kernel_size)
        return self.made.numel() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d) else 0


def placed(run: Run, image: Float[Tensor, "1 channels *spatial"], labels: Tensor | None = None) -> list[Placed]:
    """The layers with weights, and poolings, of each network, in the order in which a picture goes through them: the
    encoder's and the discriminator's with this picture, the decoder's with its code, or one of the prior.
    """
    model = run.model
    image = image.to(run.device)
    told = None if labels is None or model.num_classes == 0 else labels.to(run.device)
    drawn = model.codes_from(run.noise(1).to(run.device))
    codes = drawn if model.encoder is None else model.encode(image, told)
    passes = {
        "encoder": lambda: model.encode(image, told),
        "decoder": lambda: model.decode(codes, told),
        "discriminator": lambda: model.realness(image, told, codes),
        "classifier": lambda: model.logits_of(codes),
    }
    found: list[Placed] = []
    for network, module in model.networks.items():
        stack: list[Layer] = []
        for name, layer, given, made in traced(module, passes[network]):
            if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED, *POOLINGS)):
                stack.append(layer_of(layer))
            field = receptive_field([one.axes[0] for one in stack]) if stack else None
            dense = isinstance(layer, nn.Linear | nn.Embedding | nn.BatchNorm1d)
            found.append(Placed(len(found), network, name, layer, given, made, None if dense else field))
    return found


@torch.inference_mode()
def traced(network: nn.Module, run_through: Any) -> Iterator[tuple[str, nn.Module, Tensor, Tensor]]:
    """What went into and came out of each layer of a network."""
    seen: list[tuple[str, nn.Module, Tensor, Tensor]] = []
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, (*WEIGHTED, *POOLINGS)):

            def note(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor, name: str = name) -> None:
                seen.append((name, layer, given[0].detach(), made.detach()))

            hooks.append(module.register_forward_hook(note))
    try:
        run_through()
    finally:
        for hook in hooks:
            hook.remove()
    yield from seen


def film_of(layers: list[Placed], number: int, theme: Theme = "light") -> Film:
    """A layer of a run at work on what it was given: from the input channel to the output channel between which its
    weights are largest. The output is that channel's whole, of all input channels.

    Raises:
        TrompeError: there is no such layer, or it is none that is drawn.
    """
    if not 0 <= number < len(layers):
        raise TrompeError(f"there is no layer {number}", hint="`trompe conv --table RUN` lists them")
    chosen = layers[number]
    module: Any = chosen.module
    if not isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
        drawn = [one.number for one in layers if isinstance(one.module, (*CONVOLUTIONS, *TRANSPOSED))]
        raise TrompeError(f"layer {number} is a {chosen.kind}, and has no window", hint=f"those that have: {drawn}")
    layer = layer_of(module)
    if len(layer.axes) != 2:
        raise TrompeError(f"layer {number} has {len(layer.axes)} axes", hint="lines and planes are drawn, not cubes")
    if module.groups != 1:
        raise TrompeError(f"layer {number} has {module.groups} groups", hint="a layer without groups is drawn")
    weight = module.weight.detach().float().cpu()
    weight = weight.transpose(0, 1) if isinstance(module, TRANSPOSED) else weight  # output channels first
    strongest = int(weight.square().sum((2, 3)).argmax())
    out, into = divmod(strongest, weight.shape[1])
    given, made = chosen.given.float().cpu()[0, into], chosen.made.float().cpu()[0, out]
    values = Values(given.numpy(), weight[out, into].numpy(), made.numpy())
    title = (
        f"{chosen.network}, layer {number}: channel {into + 1} of {weight.shape[1]} to {out + 1} of {weight.shape[0]}"
    )
    return film(layer, tuple(given.shape), theme=theme, values=values, title=title)
