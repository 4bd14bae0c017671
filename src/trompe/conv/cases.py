"""The published cases of convolution arithmetic (Dumoulin & Visin 2016), under the names they are known by."""

from __future__ import annotations

from typing import NamedTuple

from ..conv_arithmetic import NamedPadding
from ..errors import TrompeError, nearest
from .layers import Layer, layer


class Case(NamedTuple):
    """A layer and the size of its input."""

    layer: Layer
    size: tuple[int, ...]


def plain(size: int, kernel: int, stride: int = 1, padding: int | NamedPadding = 0, dilation: int = 1) -> Case:
    return Case(layer(kernel, stride, padding, dilation), (size, size))


def transpose_of(case: Case) -> Case:
    """The transposed convolution from the size of a convolution's output back to that of its input."""
    axis, size = case.layer.axes[0], case.size[0]
    options = axis.kernel, axis.stride, axis.padding[0], axis.dilation, axis.lost(size)
    return Case(layer(*options, "transposed"), case.layer.size(case.size))


PLAIN = {
    "no_padding_no_strides": plain(4, 3),
    "arbitrary_padding_no_strides": plain(5, 4, padding=2),
    "half_padding_no_strides": plain(5, 3, padding="half"),
    "full_padding_no_strides": plain(5, 3, padding="full"),
    "no_padding_strides": plain(5, 3, stride=2),
    "padding_strides": plain(5, 3, stride=2, padding=1),
    "padding_strides_odd": plain(6, 3, stride=2, padding=1),
}
TRANSPOSED = {f"{name}_transposed": transpose_of(case) for name, case in PLAIN.items()}
CASES = PLAIN | TRANSPOSED | {"dilation": plain(7, 3, dilation=2)}
"""The published fifteen."""


def case(name: str) -> Case:
    """A case by its name, with underscores, hyphens or spaces; `half` is also known as `same`.

    Raises:
        TrompeError: no case has this name.
    """
    known = name.lower().replace("-", "_").replace(" ", "_").replace("same_padding", "half_padding")
    if known not in CASES:
        raise TrompeError(f"no case is named `{name}`", hint=nearest(known, CASES))
    return CASES[known]
