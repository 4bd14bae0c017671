"""Sizes of convolutions, transposed convolutions and poolings: the one place that knows them.

Along one axis, with input `i`, kernel `k`, stride `s`, padding `p` on either side and dilation `d`
(Dumoulin & Visin 2016, relations 6, 14 and 15):

    convolution             o  = floor((i + 2p - d (k - 1) - 1) / s) + 1
    transposed convolution  o' = s (i' - 1) + d (k - 1) + 1 - 2p + a

A stride loses the remainder `a = (i + 2p - d (k - 1) - 1) mod s`; a transposed convolution that is to come back to
the size `i` gets it again as `output_padding`. Groups and channels change no size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from .errors import TrompeError

Kind = Literal["convolution", "transposed", "pooling"]
NamedPadding = Literal["valid", "same", "half", "full"]
MOST = 2**31 - 1
"""Cells along an axis, and of every argument: what fits torch's 32-bit kernels."""


def checked(name: str, value: int, least: int) -> int:
    """A value, if it is in the range of what it stands for."""
    if not least <= value <= MOST:
        article = "an" if name[0] in "aeiou" else "a"
        raise TrompeError(f"{article} {name} of {value}", hint=f"give a whole number from {least} to {MOST:,}")
    return value


@dataclass(frozen=True)
class Axis:
    """A layer along one axis, as torch has it.

    Attributes:
        padding: before and after; of a transposed convolution that of the convolution it is the transpose of: what is
            cut off.

    Raises:
        TrompeError: a number is out of its range, or they do not fit each other.
    """

    kernel: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    kind: Kind = "convolution"
    output_padding: int = 0

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            checked(name, getattr(self, name), 1)
        for padding in self.padding:
            checked("padding", padding, 0)
        checked("output padding", self.output_padding, 0)
        if self.output_padding and self.kind != "transposed":
            raise TrompeError(
                f"an output padding of {self.output_padding} where nothing is transposed",
                hint="only a transposed convolution has to choose among the sizes that its stride merged",
            )
        if self.output_padding >= max(self.stride, self.dilation):
            raise TrompeError(
                f"an output padding of {self.output_padding} with a stride of {self.stride} and a dilation of "
                f"{self.dilation}",
                hint="it chooses among the sizes that a stride merges: give less than the stride (or the dilation)",
            )
        if self.kind == "pooling" and max(self.padding) > self.kernel // 2:
            raise TrompeError(
                f"a pooling of {self.kernel} with a padding of {max(self.padding)}",
                hint="at most half the kernel: else a window would see nothing but padding",
            )

    @property
    def reach(self) -> int:
        """Cells from a window's first to its last, inclusive."""
        return self.dilation * (self.kernel - 1) + 1

    def size(self, size: int) -> int:
        """Output size; an error where there is none."""
        checked("input", size, 1)
        found = (size + sum(self.padding) - self.reach) // self.stride + 1
        if self.kind == "transposed":
            found = self.stride * (size - 1) + self.reach - sum(self.padding) + self.output_padding
        if found > 0:
            return checked("output", found, 1)
        if self.kind == "transposed":
            raise TrompeError(
                f"a transposed convolution of {self.kernel} that cuts {sum(self.padding)} off leaves nothing of an "
                f"input of {size}",
                hint="use less padding, a larger kernel, or a larger input",
            )
        shown = f"{self.kernel} (dilation {self.dilation})" if self.dilation > 1 else str(self.kernel)
        raise TrompeError(
            f"a kernel of {shown} does not fit an input of {size} with padding {max(self.padding)}",
            hint="use a larger input, more padding, a smaller kernel, or fewer strided layers",
        )

    def lost(self, size: int) -> int:
        """Cells at the input's end that no window reaches: the `output_padding` of the transpose back to this size."""
        return (size + sum(self.padding) - self.reach) % self.stride

    @property
    def around(self) -> tuple[int, int]:
        """Cells before and after the input: the padding, or the zeros around the stretched input of a transposed
        convolution (negative: cells cut off).
        """
        if self.kind != "transposed":
            return self.padding
        before, after = self.padding
        return self.reach - 1 - before, self.reach - 1 - after + self.output_padding

    @property
    def stretch(self) -> int:
        """Steps from one input cell to the next where windows pass: a transposed convolution's stride."""
        return self.stride if self.kind == "transposed" else 1

    def length(self, size: int) -> int:
        """Cells that windows pass over: the (stretched) input, and what is around it."""
        return self.stretch * (size - 1) + 1 + sum(self.around)

    def inputs_of(self, place: int) -> list[int]:
        """The input cells that an output cell depends on, one per tap that meets one; they may lie in the padding."""
        if self.kind != "transposed":
            return [place * self.stride - self.padding[0] + self.dilation * tap for tap in range(self.kernel)]
        reached = [place + self.padding[0] - self.dilation * tap for tap in range(self.kernel)]
        return [at // self.stride for at in reached if at % self.stride == 0]


PADDING, BETWEEN = -1, -2


class Windows(NamedTuple):
    """The windows of a layer along one axis: the input `cells` that they pass over (or `PADDING`, or a zero `BETWEEN`),
    where the window of each output cell `starts`, and the `taps` in a window that meet the kernel.

    A transposed convolution is the convolution of stride 1, with the kernel flipped, of its stretched input: with
    `stride - 1` zeros between the cells (Dumoulin & Visin 2016, section 4).
    """

    cells: tuple[int, ...]
    starts: tuple[int, ...]
    taps: tuple[int, ...]


def windows(axis: Axis, size: int) -> Windows:
    """The windows on an input of this size."""
    stretch, step = axis.stretch, 1 if axis.kind == "transposed" else axis.stride
    before, inside = axis.around[0], stretch * (size - 1) + 1
    cells = (
        PADDING if not 0 <= place < inside else BETWEEN if place % stretch else place // stretch
        for place in range(-before, axis.length(size) - before)
    )
    starts = (step * place for place in range(axis.size(size)))
    return Windows(tuple(cells), tuple(starts), tuple(axis.dilation * tap for tap in range(axis.kernel)))


def padding_named(name: NamedPadding, kernel: int, dilation: int = 1) -> tuple[int, int]:
    """`valid`, none; `same`, which keeps the size at stride 1, an odd cell after; `half`, half the kernel on each side,
    which keeps it for odd kernels; `full`, so that every overlap of kernel and input counts (relations 3 and 4).
    """
    edge = dilation * (kernel - 1)
    whole = {"valid": 0, "half": dilation * (kernel // 2), "full": edge}
    return (edge // 2, edge - edge // 2) if name == "same" else (whole[name], whole[name])


def lost_by_stride(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The `output_padding` with which the transposed convolution comes back to `size`."""
    return Axis(kernel, stride, (padding, padding), dilation).lost(size)


# Stacks


def sizes_through(stack: Iterable[Axis], size: int) -> list[int]:
    """The size before and after each layer."""
    return list(accumulate(stack, lambda size, axis: axis.size(size), initial=size))


def pyramid(sizes: tuple[int, ...], levels: int, kernel: int, stride: int, padding: int) -> list[tuple[int, ...]]:
    """Spatial sizes before and after each of `levels` equal convolutions, the input's first."""
    stack = [Axis(kernel, stride, (padding, padding))] * levels
    return list(zip(*(sizes_through(stack, size) for size in sizes), strict=True))


def receptive_field(stack: Sequence[Axis]) -> int:
    """The widest span of input cells along an axis that one output cell depends on, far from the borders."""
    widest = 0
    # after a transposed convolution, outputs differ in how far they see, with this period
    for place in range(math.prod(axis.stride for axis in stack if axis.kind == "transposed")):
        cells = {place}
        for axis in reversed(stack):
            cells = {cell for one in cells for cell in axis.inputs_of(one)}
        widest = max(widest, max(cells) - min(cells) + 1 if cells else 0)
    return widest


def accepted_sizes(stack: Sequence[Axis], most: int) -> list[int]:
    """The input sizes up to `most` that every layer fits."""
    found = []
    for size in range(1, most + 1):
        with suppress(TrompeError):
            sizes_through(stack, size)
            found.append(size)
    return found


def even(axis: Axis) -> bool:
    """Whether, away from the borders, each output cell is written to equally often: the taps of the kernel fall on the
    places between two strides in equal numbers.
    """
    counts = Counter(axis.dilation * tap % axis.stride for tap in range(axis.kernel))
    return len(counts) == axis.stride and len(set(counts.values())) == 1


def paths(stack: Iterable[Axis], size: int) -> list[int]:
    """How many ways lead from input cells to each output cell of a stack, along one axis: how often a transposed
    convolution writes to it. Where that is uneven, images show a checkerboard (Odena et al. 2016).
    """
    counts = [1] * size
    for axis in stack:
        places = range(axis.size(len(counts)))
        counts = [sum(counts[at] for at in axis.inputs_of(place) if 0 <= at < len(counts)) for place in places]
    return counts
