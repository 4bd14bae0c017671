"""Sizes of convolutions and transposed convolutions: the one place that knows them.

Along one axis, with input `i`, kernel `k`, stride `s`, padding `p` on either side and dilation `d`
(Dumoulin & Visin 2016, relations 6, 14 and 15):

    convolution             o  = floor((i + 2p - d (k - 1) - 1) / s) + 1
    transposed convolution  o' = s (i' - 1) + d (k - 1) + 1 - 2p + a

A stride loses the remainder `a = (i + 2p - d (k - 1) - 1) mod s`; a transposed convolution that is to come back to
the size `i` gets it again as `output_padding`.
"""

from __future__ import annotations

from .errors import TrompeError


def convolution_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Output size along one axis; an error where the kernel does not fit once."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise TrompeError(
            f"a kernel of {kernel} (dilation {dilation}) does not fit an input of {size} with padding {padding}",
            hint="use a larger input, more padding, a smaller kernel, or fewer strided layers",
        )
    return room // stride + 1


def transposed_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Output size of a transposed convolution along one axis."""
    return stride * (size - 1) + dilation * (kernel - 1) + 1 - 2 * padding + output_padding


def lost_by_stride(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The `output_padding` with which the transposed convolution comes back to `size`."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) % stride


def pyramid(sizes: tuple[int, ...], levels: int, kernel: int, stride: int, padding: int) -> list[tuple[int, ...]]:
    """Spatial sizes before and after each of `levels` equal convolutions, the input's first."""
    steps = [sizes]
    for _ in range(levels):
        steps.append(tuple(convolution_size(size, kernel, stride, padding) for size in steps[-1]))
    return steps
