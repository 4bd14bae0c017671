"""The cases that convolution arithmetic is taught by (Dumoulin & Visin 2016), with the names they are known by."""

from __future__ import annotations

from dataclasses import dataclass

from ..conv_arithmetic import NamedPadding
from ..errors import TrompeError, nearest
from .layers import Layer, layer


@dataclass(frozen=True)
class Case:
    """A layer and the size of its input."""

    layer: Layer
    size: tuple[int, ...]


def plain(size: int, kernel: int, stride: int = 1, padding: int | NamedPadding = 0, dilation: int = 1) -> Case:
    return Case(layer(kernel, stride, padding, dilation), (size, size))


def undone(case: Case) -> Case:
    """The transposed convolution that comes back to a convolution's size from its output."""
    axis, size = case.layer.axes[0], case.size[0]
    extra = axis.lost(size)
    small = axis.size(size)
    return Case(layer(axis.kernel, axis.stride, axis.padding[0], axis.dilation, extra, "transposed"), (small, small))


PLAIN: dict[str, Case] = {
    "no_padding_no_strides": plain(4, 3),
    "arbitrary_padding_no_strides": plain(5, 4, padding=2),
    "half_padding_no_strides": plain(5, 3, padding="half"),
    "full_padding_no_strides": plain(5, 3, padding="full"),
    "no_padding_strides": plain(5, 3, stride=2),
    "padding_strides": plain(5, 3, stride=2, padding=1),
    "padding_strides_odd": plain(6, 3, stride=2, padding=1),
}
CASES: dict[str, Case] = {
    **PLAIN,
    **{f"{name}_transposed": undone(case) for name, case in PLAIN.items()},
    "dilation": plain(7, 3, dilation=2),
}
"""The published fifteen; of the lecture's, which are eight of them, `half` is elsewhere also called `same`."""
ALIASES = {name.replace("half", "same"): name for name in CASES if "half" in name}


def case(name: str) -> Case:
    """A case by its name, with underscores, hyphens or spaces.

    Raises:
        TrompeError: no case has this name.
    """
    plain_name = name.lower().replace("-", "_").replace(" ", "_")
    plain_name = ALIASES.get(plain_name, plain_name)
    if plain_name not in CASES:
        raise TrompeError(f"no case is named `{name}`", hint=nearest(plain_name, CASES))
    return CASES[plain_name]
