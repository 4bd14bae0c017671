"""Sizes and more, against torch over the range of arguments."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from trompe.conv_arithmetic import (
    Axis,
    accepted_sizes,
    even,
    lost_by_stride,
    padding_named,
    paths,
    pyramid,
    receptive_field,
    sizes_through,
    windows,
)
from trompe.errors import TrompeError

sizes = st.integers(1, 24)
kernels = st.integers(1, 7)
strides = st.integers(1, 4)
paddings = st.integers(0, 4)
dilations = st.integers(1, 3)
extras = st.integers(0, 3)


@given(sizes, kernels, strides, paddings, dilations)
def test_convolution_size_is_torchs(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    layer = nn.Conv1d(1, 1, kernel, stride, padding, dilation)
    if size + 2 * padding < dilation * (kernel - 1) + 1:
        with pytest.raises(TrompeError, match="does not fit"):
            Axis(kernel, stride, (padding, padding), dilation).size(size)
    else:
        assert Axis(kernel, stride, (padding, padding), dilation).size(size) == layer(torch.zeros(1, 1, size)).shape[-1]


@given(sizes, kernels, strides, paddings, extras, dilations)
def test_transposed_size_is_torchs(
    size: int, kernel: int, stride: int, padding: int, extra: int, dilation: int
) -> None:
    """Also where torch refuses."""

    def torchs() -> int:
        layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, extra, dilation=dilation)
        return layer(torch.zeros(1, 1, size)).shape[-1]

    try:
        expected = torchs()
    except RuntimeError:
        expected = 0
    if expected < 1:
        with pytest.raises(TrompeError):
            Axis(kernel, stride, (padding, padding), dilation, "transposed", extra).size(size)
    else:
        assert Axis(kernel, stride, (padding, padding), dilation, "transposed", extra).size(size) == expected


@given(sizes, kernels, strides, paddings, dilations)
def test_pooling_size_is_torchs(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    try:
        expected = nn.MaxPool1d(kernel, stride, padding, dilation)(torch.zeros(1, 1, size)).shape[-1]
    except RuntimeError:
        with pytest.raises(TrompeError):
            Axis(kernel, stride, (padding, padding), dilation, "pooling").size(size)
        return
    assert Axis(kernel, stride, (padding, padding), dilation, "pooling").size(size) == expected


@given(sizes, kernels, strides, paddings, dilations)
def test_the_transposed_convolution_comes_back_to_the_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(size + 2 * padding >= dilation * (kernel - 1) + 1)
    small = Axis(kernel, stride, (padding, padding), dilation).size(size)
    lost = lost_by_stride(size, kernel, stride, padding, dilation)
    assert Axis(kernel, stride, (padding, padding), dilation, "transposed", lost).size(small) == size
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, lost, dilation=dilation)
    assert layer(torch.zeros(1, 1, small)).shape[-1] == size


@given(st.integers(1, 12), kernels, strides, paddings, extras, dilations)
def test_a_transposed_convolution_is_a_convolution_of_the_stretched_input(
    size: int, kernel: int, stride: int, padding: int, extra: int, dilation: int
) -> None:
    try:
        axis = Axis(kernel, stride, (padding, padding), dilation, "transposed", extra)
        axis.size(size)
    except TrompeError:
        assume(False)
    torch.manual_seed(size)
    signal, weight = torch.randn(1, 1, size), torch.randn(1, 1, kernel)
    there = F.conv_transpose1d(signal, weight, None, stride, padding, extra, 1, dilation)
    seen = windows(axis, size)
    zeros = axis.stride - 1
    spread = torch.zeros(1, 1, size + (size - 1) * zeros)
    spread[..., :: zeros + 1] = signal
    padded = F.pad(spread, axis.around)  # negative padding cuts
    assert padded.shape[-1] == len(seen.cells)
    cells = [signal[0, 0, cell] if cell >= 0 else torch.zeros(()) for cell in seen.cells]
    torch.testing.assert_close(padded[0, 0], torch.stack(cells))
    torch.testing.assert_close(there, F.conv1d(padded, weight.flip(-1), dilation=dilation), atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(st.integers(1, 40), kernels, dilations)
def test_same_keeps_the_size_as_torchs_does(size: int, kernel: int, dilation: int) -> None:
    layer = nn.Conv1d(1, 1, kernel, padding="same", dilation=dilation, bias=False)
    signal = torch.randn(1, 1, size)
    padding = padding_named("same", kernel, dilation)
    ours = F.conv1d(F.pad(signal, padding), layer.weight, dilation=dilation)
    torch.testing.assert_close(layer(signal), ours)
    assert Axis(kernel, 1, padding, dilation).size(size) == size


def test_half_and_full_padding_are_relations_three_and_four() -> None:
    for kernel in range(1, 8):
        assert Axis(kernel, 1, padding_named("full", kernel)).size(9) == 9 + kernel - 1
        assert Axis(kernel, 1, padding_named("half", kernel)).size(9) == 9 + (1 - kernel % 2)


axes = st.builds(
    lambda kernel, stride, padding, dilation, transposed, extra: Axis(
        kernel,
        stride,
        (min(padding, dilation * (kernel - 1)),) * 2,
        dilation,
        "transposed" if transposed else "convolution",
        min(extra, stride - 1) if transposed else 0,
    ),
    st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.booleans(), st.integers(0, 2),
)  # fmt: skip


def through(axis: Axis, signal: Tensor) -> Tensor:
    weight = torch.ones(1, 1, axis.kernel, dtype=signal.dtype)
    if axis.kind == "transposed":
        return F.conv_transpose1d(
            signal, weight, None, axis.stride, axis.padding[0], axis.output_padding, 1, axis.dilation
        )
    return F.conv1d(signal, weight, None, axis.stride, axis.padding[0], axis.dilation)


@given(st.lists(axes, min_size=1, max_size=3))
def test_a_receptive_field_is_what_the_gradient_reaches(stack: list[Axis]) -> None:
    """The widest span of input cells that an output's gradient is not zero at, far from the borders. With kernels of
    ones nothing cancels.
    """
    signal = torch.zeros(1, 1, 400, dtype=torch.float64, requires_grad=True)
    output = signal
    for axis in stack:
        output = through(axis, output)
    middle, widest = output.shape[-1] // 2, 0
    for place in range(middle, min(middle + 27, output.shape[-1])):
        (slope,) = torch.autograd.grad(output[0, 0, place], signal, retain_graph=True)
        reached = slope[0, 0].nonzero()
        widest = max(widest, int(reached.max() - reached.min()) + 1 if len(reached) else 0)
    assert receptive_field(stack) == widest


def test_receptive_fields_that_are_known() -> None:
    three = Axis(3, 1, (1, 1))
    assert [receptive_field([three] * depth) for depth in (1, 2, 5)] == [3, 5, 11]
    assert receptive_field([Axis(5, 2, (2, 2))] * 3) == 29
    assert receptive_field([Axis(3, 1, (2**depth,) * 2, 2**depth) for depth in range(4)]) == 31


@given(st.integers(1, 8), kernels, strides, paddings, dilations)
def test_writes_are_counted_as_torch_writes(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    axis = Axis(kernel, stride, (padding, padding), dilation, "transposed")
    try:
        axis.size(size)
    except TrompeError:
        assume(False)
    counted = F.conv_transpose1d(
        torch.ones(1, 1, size), torch.ones(1, 1, kernel), None, stride, padding, 0, 1, dilation
    )
    assert paths([axis], size) == counted[0, 0].int().tolist()


@given(st.lists(axes, min_size=1, max_size=3), st.integers(3, 9))
def test_paths_through_a_stack_are_counted_as_ones_are_summed(stack: list[Axis], size: int) -> None:
    signal = torch.ones(1, 1, size, dtype=torch.float64)
    try:
        counted = paths(stack, size)
    except TrompeError:
        assume(False)
    for axis in stack:
        signal = through(axis, signal)
    assert counted == signal[0, 0].int().tolist()


@given(kernels, strides, dilations)
def test_even_kernels_write_evenly_in_the_middle(kernel: int, stride: int, dilation: int) -> None:
    axis = Axis(kernel, stride, dilation=dilation, kind="transposed")
    middle = paths([axis], 40)[axis.reach : -axis.reach]
    assert even(axis) == (len(set(middle)) == 1)


def test_a_stride_of_any_size_is_judged_at_once() -> None:
    assert not even(Axis(3, 2**31 - 1, kind="transposed"))


def test_a_kernel_that_its_stride_divides_is_even() -> None:
    assert [kernel for kernel in range(1, 9) if even(Axis(kernel, 2, kind="transposed"))] == [2, 4, 6, 8]


def test_a_pyramid_halves_and_rounds() -> None:
    assert pyramid((25, 31), 3, kernel=4, stride=2, padding=1) == [(25, 31), (12, 15), (6, 7), (3, 3)]
    assert pyramid((28,), 3, kernel=3, stride=2, padding=1) == [(28,), (14,), (7,), (4,)]


def test_the_sizes_that_a_stack_accepts() -> None:
    stack = [Axis(4, 2, (1, 1))] * 3
    accepted = accepted_sizes(stack, 20)
    assert accepted == list(range(8, 21))
    assert sizes_through(stack, 8) == [8, 4, 2, 1]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Axis(0), "a kernel of 0"),
        (lambda: Axis(2**31), "a kernel of 2147483648"),
        (lambda: Axis(3, stride=2**63 - 1), "a stride of 9223372036854775807"),
        (lambda: Axis(3, padding=(0, 2**31)), "a padding of 2147483648"),
        (lambda: Axis(3).size(2**63 - 1), "an input of 9223372036854775807"),
        (lambda: Axis(3, 2, kind="transposed").size(2**31 - 1), "an output of 4294967295"),
        (lambda: Axis(3, -1), "a stride of -1"),
        (lambda: Axis(3, padding=(0, -2)), "a padding of -2"),
        (lambda: Axis(3, 2, output_padding=1), "where nothing is transposed"),
        (lambda: Axis(3, 2, kind="transposed", output_padding=2), "an output padding of 2 with a stride of 2"),
        (lambda: Axis(2, padding=(2, 2), kind="pooling"), "a pooling of 2"),
        (lambda: Axis(3).size(0), "an input of 0"),
        (lambda: Axis(7).size(5), "a kernel of 7 does not fit an input of 5"),
        (lambda: Axis(2, padding=(3, 3), kind="transposed").size(2), "leaves nothing"),
    ],
)
def test_what_cannot_be_is_explained(made, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TrompeError, match=message):
        made()
