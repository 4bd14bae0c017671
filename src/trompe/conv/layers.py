"""Layers as animations and tables see them: a few integers an axis, from words or from torch modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..conv_arithmetic import Axis, Kind, NamedPadding, padding_named
from ..errors import TrompeError

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
Numbers = int | Sequence[int]


@dataclass(frozen=True)
class Layer:
    """A convolution, transposed convolution or pooling: its axes, rows before columns."""

    axes: tuple[Axis, ...]
    average: bool = False
    """Of a pooling: whether it takes the mean, not the maximum."""

    @property
    def kind(self) -> Kind:
        return self.axes[0].kind

    def size(self, sizes: Sequence[int]) -> tuple[int, ...]:
        return tuple(axis.size(size) for axis, size in zip(self.axes, sizes, strict=True))


def layer(
    kernel: Numbers,
    stride: Numbers = 1,
    padding: Numbers | NamedPadding = 0,
    dilation: Numbers = 1,
    output_padding: Numbers = 0,
    kind: Kind = "convolution",
    ndim: int = 2,
    average: bool = False,
) -> Layer:
    """A layer from numbers, one for all axes or one for each.

    Raises:
        TrompeError: they are neither one nor one an axis, or do not fit each other.
    """
    kernels, strides, dilations, extras = (
        each(name, given, ndim)
        for name, given in (
            ("kernel", kernel), ("stride", stride), ("dilation", dilation), ("output padding", output_padding)
        )
    )  # fmt: skip
    if isinstance(padding, str):
        if kind == "transposed" and padding == "same":
            raise TrompeError("a transposed convolution has no padding `same`", hint="give `half`, or a number")
        paddings = [padding_named(padding, *pair) for pair in zip(kernels, dilations, strict=True)]
    else:
        paddings = [(one, one) for one in each("padding", padding, ndim)]
    axes = zip(kernels, strides, paddings, dilations, extras, strict=True)
    return Layer(tuple(Axis(k, s, p, d, kind, extra) for k, s, p, d, extra in axes), average)


def each(name: str, given: Numbers, ndim: int) -> tuple[int, ...]:
    """One number an axis."""
    numbers = (given,) if isinstance(given, int) else tuple(given)
    if not all(isinstance(one, int) for one in numbers):
        raise TrompeError(f"the {name} is {given!r}", hint="give whole numbers")
    if len(numbers) not in (1, ndim):
        raise TrompeError(f"{len(numbers)} numbers for the {name} of {ndim} axes", hint=f"give one, or {ndim}")
    return numbers * (ndim // len(numbers))


def layer_of(module: nn.Module) -> Layer:
    """A torch module as a layer.

    Raises:
        TrompeError: it is none of the kinds that are known, or asks for what is not drawn.
    """
    if not isinstance(module, CONVOLUTIONS + TRANSPOSED + POOLINGS):
        raise TrompeError(
            f"a {type(module).__name__} is no convolution, transposed convolution or pooling",
            hint="give a torch.nn.Conv2d, ConvTranspose2d, MaxPool2d, ...",
        )
    if getattr(module, "padding_mode", "zeros") != "zeros":
        raise TrompeError(
            f"a padding by `{module.padding_mode}` is not drawn", hint="give a layer that pads with zeros"
        )
    if getattr(module, "ceil_mode", False):
        raise TrompeError("a pooling with ceil_mode is not known", hint="use padding instead")
    asked: Any = module
    average = isinstance(module, nn.AvgPool1d | nn.AvgPool2d | nn.AvgPool3d)
    ndim = int(type(module).__name__[-2])
    kind: Kind = "convolution"
    if isinstance(module, TRANSPOSED):
        kind = "transposed"
    elif isinstance(module, POOLINGS):
        kind = "pooling"
    return layer(
        asked.kernel_size,
        asked.stride,
        asked.padding,
        getattr(asked, "dilation", 1),
        getattr(asked, "output_padding", 0),
        kind,
        ndim,
        average,
    )
