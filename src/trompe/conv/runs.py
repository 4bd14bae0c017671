"""The layers of a trained model: what each gets and gives for an image, its size, cost and receptive field."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils.parametrize import ParametrizationList

from ..condition import Condition
from ..conv_arithmetic import Axis, receptive_field
from ..core.model import Model
from ..errors import TrompeError
from ..runs.predictor import Labels, Predictor
from .drawing import Animation, Theme
from .layers import CONVOLUTIONS, POOLINGS, TRANSPOSED, layer_of
from .scene import Values, animate

WINDOWED = CONVOLUTIONS + TRANSPOSED


@dataclass(frozen=True)
class TracedLayer:
    """A layer in its network, and what went through it for one image.

    Attributes:
        number: its place among all layers of the model.
        network: the slot that its network is in.
        receptive_field: cells of the network's first map, along an axis, that one output cell depends on; `None` for
            dense layers.
    """

    number: int
    network: str
    name: str
    module: nn.Module
    input: Tensor
    output: Tensor
    receptive_field: int | None

    @property
    def kind(self) -> str:
        return type(self.module).__name__.removeprefix("Parametrized")

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in own_parameters(self.module))

    @property
    def multiplications(self) -> int:
        """Per image."""
        module: Any = self.module
        if isinstance(module, TRANSPOSED):  # each input cell meets the kernels of all output channels
            return self.input.numel() * module.out_channels // module.groups * math.prod(module.kernel_size)
        if isinstance(module, CONVOLUTIONS):
            return self.output.numel() * module.in_channels // module.groups * math.prod(module.kernel_size)
        if isinstance(module, nn.Linear):
            return self.output.numel() * module.in_features
        return self.output.numel() if isinstance(module, _BatchNorm) else 0


def own_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Those of a module that are not a child's, also under a parametrization."""
    if isinstance(module, ParametrizationList):
        return []
    named = module.named_parameters()
    return [parameter for name, parameter in named if "." not in name or name.startswith("parametrizations.")]


def trace(predictor: Predictor, image: Any, labels: Labels | None = None) -> list[TracedLayer]:
    """The layers with weights, and poolings, of each network, in the order in which an image goes through them: the
    encoder's and the discriminator's with this image, the decoder's with its latent, or with one of the prior.

    Args:
        image: a batch of one, as every verb of a predictor takes it.
    """
    names = {module: name for name, module in predictor.model.named_modules()}
    stacks: defaultdict[str, list[Axis]] = defaultdict(list)
    found: list[TracedLayer] = []
    thread = get_ident()  # others may use the model meanwhile

    def note(module: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        if get_ident() != thread:
            return
        windowed = isinstance(module, WINDOWED + POOLINGS)
        if module not in names or not (windowed or own_parameters(module)):
            return
        network, _, name = names[module].partition(".")
        if windowed:
            stacks[network].append(layer_of(module).axes[0])
        field = receptive_field(stacks[network]) if stacks[network] and made.ndim > 2 else None
        found.append(TracedLayer(len(found), network, name, module, given[0], made, field))

    def through(model: Model, images: Tensor, condition: Condition) -> Tensor:
        latents = model.latents_from_noise(predictor.noise(1).to(images.device))
        if "encoder" in model.networks:
            latents = model.encode(images, condition)
        if "decoder" in model.networks:
            model.decode(latents, condition)
        if "discriminator" in model.networks:
            model.discriminator_logits(images, condition, latents)
        if "classifier" in model.networks:
            model.class_logits(latents)
        return latents

    with register_module_forward_hook(note):
        predictor.apply(through, image, labels)
    return found


def animation_of(layers: list[TracedLayer], number: int, theme: Theme = "light") -> Animation:
    """A layer of a model at work on what it was given: from the input channel to the output channel between which its
    weights are largest. The output is that channel's whole, of all input channels.

    Raises:
        TrompeError: there is no such layer, or it is none that is drawn.
    """
    if not 0 <= number < len(layers):
        raise TrompeError(f"there is no layer {number}", hint="`trompe conv table RUN` lists them")
    chosen = layers[number]
    module: Any = chosen.module
    if not isinstance(module, WINDOWED):
        drawn = ", ".join(str(one.number) for one in layers if isinstance(one.module, WINDOWED))
        hint = f"layers that have one: {drawn}" if drawn else "train a recipe with convolutions, such as `vae`"
        raise TrompeError(f"layer {number} is a {chosen.kind}, and has no window", hint=hint)
    if module.groups != 1:
        raise TrompeError(f"layer {number} has {module.groups} groups", hint="a layer without groups is drawn")
    weight = module.weight.detach().float().cpu()
    weight = weight.transpose(0, 1) if isinstance(module, TRANSPOSED) else weight  # output channels first
    out, into = divmod(int(weight.flatten(2).square().sum(2).argmax()), weight.shape[1])
    given, made = chosen.input.float().cpu()[0, into], chosen.output.float().cpu()[0, out]
    values = Values(*(np.atleast_2d(part.numpy()) for part in (given, weight[out, into], made)))
    channels = f"channel {into + 1} of {weight.shape[1]} to {out + 1} of {weight.shape[0]}"
    title = f"{chosen.network}, layer {number}: {channels}"
    return animate(module, given.shape, theme=theme, title=title, values=values)
