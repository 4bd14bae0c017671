"""Sizes of convolutions, transposed convolutions and poolings: the one place that knows them.

Along one axis, with input `i`, kernel `k`, stride `s`, padding `p` on either side and dilation `d`
(Dumoulin & Visin 2016, relations 6, 14 and 15):

    convolution             o  = floor((i + 2p - d (k - 1) - 1) / s) + 1
    transposed convolution  o' = s (i' - 1) + d (k - 1) + 1 - 2p + a

A stride loses the remainder `a = (i + 2p - d (k - 1) - 1) mod s`; a transposed convolution that is to come back to
the size `i` gets it again as `output_padding`. Groups and channels change no size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import TrompeError

Kind = Literal["convolution", "transposed", "pooling"]
NamedPadding = Literal["valid", "same", "half", "full"]


@dataclass(frozen=True)
class Axis:
    """A layer along one axis, as torch has it: of a transposed convolution `padding` is what is cut off, that of the
    convolution it undoes.

    Raises:
        TrompeError: a number is out of its range, or they do not fit each other.
    """

    kernel: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    """Before and after."""
    dilation: int = 1
    kind: Kind = "convolution"
    output_padding: int = 0

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            if getattr(self, name) < 1:
                raise TrompeError(f"a {name} of {getattr(self, name)}", hint="it is a whole number from 1 on")
        if min(self.padding) < 0 or self.output_padding < 0:
            least = min(*self.padding, self.output_padding)
            raise TrompeError(f"a padding of {least}", hint="it is a whole number from 0 on")
        if self.output_padding and self.kind != "transposed":
            raise TrompeError(
                f"an output padding of {self.output_padding} where nothing is transposed",
                hint="only a transposed convolution has to choose among the sizes that its stride merged",
            )
        if self.output_padding >= max(self.stride, self.dilation) and self.output_padding:
            raise TrompeError(
                f"an output padding of {self.output_padding} with a stride of {self.stride} and a dilation of "
                f"{self.dilation}",
                hint="it chooses among the sizes that a stride merges, and so is smaller than the stride (or, torch "
                "allows, the dilation)",
            )
        if self.kind == "pooling" and max(self.padding) > self.kernel // 2:
            raise TrompeError(
                f"a pooling of {self.kernel} with a padding of {max(self.padding)}",
                hint="at most half the kernel: else a window would see nothing but padding",
            )

    @property
    def reach(self) -> int:
        """Cells from a window's first to its last, both among them."""
        return self.dilation * (self.kernel - 1) + 1

    def size(self, size: int) -> int:
        """Output size; an error where there is none."""
        if size < 1:
            raise TrompeError(f"an input of {size}", hint="it is a whole number from 1 on")
        if self.kind == "transposed":
            found = self.stride * (size - 1) + self.reach - sum(self.padding) + self.output_padding
            if found < 1:
                raise TrompeError(
                    f"a transposed convolution of {self.kernel} that cuts {sum(self.padding)} off leaves nothing of an "
                    f"input of {size}",
                    hint="use less padding, a larger kernel, or a larger input",
                )
            return found
        room = size + sum(self.padding) - self.reach
        if room < 0:
            shown = f"{self.kernel} (dilation {self.dilation})" if self.dilation > 1 else str(self.kernel)
            raise TrompeError(
                f"a kernel of {shown} does not fit an input of {size} with padding {max(self.padding)}",
                hint="use a larger input, more padding, a smaller kernel, or fewer strided layers",
            )
        return room // self.stride + 1

    def lost(self, size: int) -> int:
        """Cells at the input's end that no window reaches: the `output_padding` with which the transposed convolution
        comes back to the size.
        """
        return (size + sum(self.padding) - self.reach) % self.stride

    def inputs_of(self, first: int, last: int) -> tuple[int, int]:
        """The first and last input cell that output cells `first` to `last` depend on; they may lie in the padding. Of
        a transposed convolution the interval is empty, last before first, where no input is within reach.
        """
        before = self.padding[0]
        if self.kind == "transposed":
            return -((self.reach - 1 - first - before) // self.stride), (last + before) // self.stride
        return first * self.stride - before, last * self.stride - before + self.reach - 1


@dataclass(frozen=True)
class Stretched:
    """The convolution of stride 1 that a transposed convolution is (Dumoulin & Visin 2016, section 4): on the input
    with `between` zeros between its cells and `padding` zeros before and after (negative ones are cells cut off), with
    the kernel turned around.
    """

    between: int
    padding: tuple[int, int]

    def size(self, size: int) -> int:
        """Of the input with all its zeros."""
        return size + (size - 1) * self.between + sum(self.padding)


def stretched(axis: Axis) -> Stretched:
    before, after = axis.padding
    edge = axis.reach - 1
    return Stretched(axis.stride - 1, (edge - before, edge - after + axis.output_padding))


def padding_named(name: NamedPadding, kernel: int, dilation: int = 1) -> tuple[int, int]:
    """`valid`, none; `same`, which keeps the size at stride 1 (one cell more after than before, where it does not come
    out even); `half`, half the kernel on either side, which keeps it for odd kernels; `full`, so that every overlap of
    kernel and input counts (relations 3 and 4).
    """
    edge = dilation * (kernel - 1)
    whole = {"valid": 0, "half": dilation * (kernel // 2), "full": edge}
    return (edge // 2, edge - edge // 2) if name == "same" else (whole[name], whole[name])


def convolution_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Output size along one axis; an error where the kernel does not fit once."""
    return Axis(kernel, stride, (padding, padding), dilation).size(size)


def transposed_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Output size of a transposed convolution along one axis."""
    return Axis(kernel, stride, (padding, padding), dilation, "transposed", output_padding).size(size)


def lost_by_stride(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The `output_padding` with which the transposed convolution comes back to `size`."""
    return Axis(kernel, stride, (padding, padding), dilation).lost(size)


# Stacks


def sizes_through(stack: Iterable[Axis], size: int) -> list[int]:
    """The size before and after each layer."""
    sizes = [size]
    for axis in stack:
        sizes.append(axis.size(sizes[-1]))
    return sizes


def pyramid(sizes: tuple[int, ...], levels: int, kernel: int, stride: int, padding: int) -> list[tuple[int, ...]]:
    """Spatial sizes before and after each of `levels` equal convolutions, the input's first."""
    stack = [Axis(kernel, stride, (padding, padding))] * levels
    return list(zip(*(sizes_through(stack, size) for size in sizes), strict=True))


def receptive_field(stack: Sequence[Axis]) -> int:
    """The most input cells along an axis that one output cell depends on, far from the borders."""
    period = 1
    for axis in stack:
        period *= axis.stride if axis.kind == "transposed" else 1
    widest = 0
    for place in range(period):  # after a transposed convolution, not all outputs see equally far
        first = last = place
        for axis in reversed(stack):
            first, last = axis.inputs_of(first, last)
        widest = max(widest, last - first + 1)
    return widest


def accepted_sizes(stack: Sequence[Axis], most: int) -> list[int]:
    """The input sizes up to `most` that every layer fits."""

    def fits(size: int) -> bool:
        try:
            sizes_through(stack, size)
        except TrompeError:
            return False
        return True

    return [size for size in range(1, most + 1) if fits(size)]


def even(axis: Axis) -> bool:
    """Whether, away from the borders, each output cell is written to equally often: the taps of the kernel fall on the
    places between two strides in equal numbers.
    """
    places = [axis.dilation * tap % axis.stride for tap in range(axis.kernel)]
    return len({places.count(place) for place in range(axis.stride)}) == 1


def paths(stack: Iterable[Axis], size: int) -> list[int]:
    """How many ways lead from input cells to each output cell of a stack, along one axis: how often a transposed
    convolution writes to it. Where that is uneven, pictures show a checkerboard (Odena et al. 2016).
    """
    counts = [1] * size
    for axis in stack:
        made = [0] * axis.size(len(counts))
        for place in range(len(made)):
            for tap in range(axis.kernel):
                if axis.kind == "transposed":
                    at, rest = divmod(place + axis.padding[0] - axis.dilation * tap, axis.stride)
                else:
                    at, rest = place * axis.stride - axis.padding[0] + axis.dilation * tap, 0
                if rest == 0 and 0 <= at < len(counts):
                    made[place] += counts[at]
        counts = made
    return counts
