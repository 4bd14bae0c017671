"""Layers as animations and tables see them: a few integers per axis, from numbers or from torch modules."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, SupportsIndex

from torch import nn

from ..conv_arithmetic import Axis, Kind, NamedPadding, padding_named
from ..errors import TrompeError

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
AVERAGE_POOLINGS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, *AVERAGE_POOLINGS)
KINDS: tuple[Kind, ...] = ("convolution", "transposed", "pooling", "pooling")
"""Of these modules, three by three."""
Numbers = SupportsIndex | Iterable[SupportsIndex]


@dataclass(frozen=True)
class Layer:
    """A convolution, transposed convolution or pooling.

    Attributes:
        axes: rows before columns.
        average: whether a pooling takes the mean, not the maximum.
        count_include_pad: whether that mean counts padded cells, as zeros; torch's default.
        divisor_override: what the sum is divided by instead of the number of cells.
    """

    axes: tuple[Axis, ...]
    average: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    @property
    def kind(self) -> Kind:
        return self.axes[0].kind

    def size(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Output sizes."""
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
        TrompeError: they are neither one nor one per axis, or do not fit each other.
    """
    kernels, strides = each("kernel", kernel, ndim), each("stride", stride, ndim)
    dilations, extras = each("dilation", dilation, ndim), each("output padding", output_padding, ndim)
    if not isinstance(padding, str):
        paddings = [(one, one) for one in each("padding", padding, ndim)]
    elif kind == "transposed" and padding == "same":
        raise TrompeError("a transposed convolution has no padding `same`", hint="give `half`, or a number")
    else:
        paddings = [padding_named(padding, *pair) for pair in zip(kernels, dilations, strict=True)]
    axes = zip(kernels, strides, paddings, dilations, extras, strict=True)
    return Layer(tuple(Axis(k, s, p, d, kind, extra) for k, s, p, d, extra in axes), average)


def each(name: str, given: Numbers, ndim: int) -> tuple[int, ...]:
    """One number per axis, from one for all or one for each."""
    try:
        numbers = tuple(operator.index(one) for one in (given if isinstance(given, Iterable) else (given,)))
    except TypeError as error:
        raise TrompeError(f"the {name} is {given!r}", hint="give whole numbers") from error
    if len(numbers) not in (1, ndim):
        raise TrompeError(f"{len(numbers)} numbers for the {name} of {ndim} axes", hint=f"give one, or {ndim}")
    return numbers * (ndim // len(numbers))


def layer_of(module: nn.Module) -> Layer:
    """A torch module as a layer.

    Raises:
        TrompeError: it is of no known kind, or has an option that is not drawn.
    """
    known = CONVOLUTIONS + TRANSPOSED + POOLINGS
    place = next((place for place, kind in enumerate(known) if isinstance(module, kind)), None)
    if place is None:
        raise TrompeError(
            f"a {type(module).__name__} is no convolution, transposed convolution or pooling",
            hint="give a torch.nn.Conv2d, ConvTranspose2d, MaxPool2d, ...",
        )
    given: Any = module
    if getattr(given, "padding_mode", "zeros") != "zeros":
        raise TrompeError(f"a padding by `{given.padding_mode}` is not drawn", hint="give a layer that pads with zeros")
    if getattr(given, "ceil_mode", False):
        raise TrompeError("a pooling with ceil_mode is not known", hint="use padding instead")
    options = getattr(given, "dilation", 1), getattr(given, "output_padding", 0), KINDS[place // 3], place % 3 + 1
    made = layer(given.kernel_size, given.stride, given.padding, *options)
    if isinstance(module, AVERAGE_POOLINGS):
        override = getattr(given, "divisor_override", None)  # which AvgPool1d has not
        made = replace(made, average=True, count_include_pad=given.count_include_pad, divisor_override=override)
    return made
