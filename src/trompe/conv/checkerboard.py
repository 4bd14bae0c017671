"""How often each output cell is written to: the checkerboard of transposed convolutions (Odena et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..conv_arithmetic import Axis, even, paths, sizes_through
from ..errors import TrompeError
from ..figures.style import FAINT, INK, dress, panels
from .layers import Layer

KERNELS, STRIDES = range(1, 8), range(1, 5)
WRITTEN = 12
"""Longest side, in cells, up to which the counts are written into the cells."""
LARGEST = 2048
"""Longest side, and kernel, that is counted."""


def checkerboard(stack: Sequence[Layer], size: Sequence[int]) -> Figure:
    """How many ways lead to each cell after each transposed convolution of a stack, by shade and, where cells are few,
    in numbers; and beside them which kernels and strides write evenly.

    Raises:
        TrompeError: nothing in the stack is transposed, or it is not of planes.
    """
    shown = [depth + 1 for depth, layer in enumerate(stack) if layer.kind == "transposed"]
    if not shown:
        raise TrompeError("no layer here is a transposed convolution", hint="only these write unevenly")
    if any(len(layer.axes) != 2 for layer in stack):
        raise TrompeError("the counts are drawn of planes only", hint="give a layer of two axes")
    sizes = [sizes_through([layer.axes[axis] for layer in stack], size[axis]) for axis in (0, 1)]
    if (longest := max(*sizes[0], *sizes[1], *(axis.kernel for layer in stack for axis in layer.axes))) > LARGEST:
        raise TrompeError(f"{longest:,} cells in a row are too many to count", hint=f"at most {LARGEST:,} are counted")
    made, axes = panels(2.7 * (len(shown) + 1), 3.1, 1, len(shown) + 1)
    for panel, depth in zip(axes[0], shown, strict=False):
        rows, columns = (paths([layer.axes[axis] for layer in stack[:depth]], size[axis]) for axis in (0, 1))
        counts = np.outer(np.array(rows, float), np.array(columns, float))
        panel.imshow(counts, cmap="Blues", vmin=0, vmax=1.3 * counts.max(), interpolation="nearest")
        for (row, column), count in np.ndenumerate(counts) if max(counts.shape) <= WRITTEN else ():
            panel.text(column, row, f"{count:g}", ha="center", va="center", fontsize=7, color=INK)
        axis = stack[depth - 1].axes[-1]
        after = "" if len(stack) == 1 else f"after {depth}: "
        evenly = "even" if even(axis) else "uneven"
        title = f"{after}kernel {axis.kernel}, stride {axis.stride}\n{evenly} inside"
        dress(panel, title).set(xticks=[], yticks=[])
    pairs(axes[0, -1])
    return made


def pairs(panel: Axes) -> None:
    """The kernels and strides that write evenly, away from the borders."""
    table = np.array([[even(Axis(kernel, stride, kind="transposed")) for kernel in KERNELS] for stride in STRIDES])
    panel.imshow(table, cmap="Blues", vmin=-0.3, vmax=1.6, interpolation="nearest")
    for (row, column), fits in np.ndenumerate(table):
        text, color = ("even", INK) if fits else ("-", FAINT)
        panel.text(column, row, text, ha="center", va="center", fontsize=6.5, color=color)
    dress(panel, "even: where the stride\ndivides the kernel", "kernel", "stride")
    panel.set_xticks(range(len(KERNELS)), [str(kernel) for kernel in KERNELS])
    panel.set_yticks(range(len(STRIDES)), [str(stride) for stride in STRIDES])
