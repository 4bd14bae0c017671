"""Sizes, against torch over the range of arguments."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from trompe.conv_arithmetic import convolution_size, lost_by_stride, pyramid, transposed_size
from trompe.errors import TrompeError

sizes = st.integers(1, 24)
kernels = st.integers(1, 7)
strides = st.integers(1, 4)
paddings = st.integers(0, 4)
dilations = st.integers(1, 3)


@given(sizes, kernels, strides, paddings, dilations)
def test_convolution_size_is_torchs(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    layer = nn.Conv1d(1, 1, kernel, stride, padding, dilation)
    if size + 2 * padding < dilation * (kernel - 1) + 1:
        with pytest.raises(TrompeError, match="does not fit"):
            convolution_size(size, kernel, stride, padding, dilation)
    else:
        assert convolution_size(size, kernel, stride, padding, dilation) == layer(torch.zeros(1, 1, size)).shape[-1]


@given(sizes, kernels, strides, paddings, dilations)
def test_the_transposed_convolution_comes_back_to_the_size(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    if size + 2 * padding < dilation * (kernel - 1) + 1:
        return
    small = convolution_size(size, kernel, stride, padding, dilation)
    lost = lost_by_stride(size, kernel, stride, padding, dilation)
    assert transposed_size(small, kernel, stride, padding, lost, dilation) == size
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, lost, dilation=dilation)
    assert layer(torch.zeros(1, 1, small)).shape[-1] == size


def test_a_pyramid_halves_and_rounds() -> None:
    assert pyramid((25, 31), 3, kernel=4, stride=2, padding=1) == [(25, 31), (12, 15), (6, 7), (3, 3)]
    assert pyramid((28,), 3, kernel=3, stride=2, padding=1) == [(28,), (14,), (7,), (4,)]
