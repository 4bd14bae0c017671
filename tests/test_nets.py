"""Towers for pictures of any size, in two and three dimensions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from trompe.errors import TrompeError
from trompe.names import NormName
from trompe.nets import ConvDecoder, ConvEncoder, MLPDecoder, MLPEncoder
from trompe.nets.layers import ResidualBlock, start_from_normal
from trompe.options import ConvOptions, MLPOptions


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 33), st.integers(8, 33), st.sampled_from([2, 3, 4, 5]), st.integers(0, 1))
def test_conv_towers_come_back_to_any_size(height: int, width: int, kernel: int, blocks: int) -> None:
    shape = (3, height, width)
    options = ConvOptions(widths=(4, 8), kernel=kernel, blocks=blocks, latent=6)
    encoder = ConvEncoder(shape, 6, options)
    decoder = ConvDecoder(shape, options)
    codes = encoder(torch.rand(2, *shape))
    assert codes.shape == (2, 6)
    assert decoder(codes).shape == (2, *shape)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 25, 31), (3, 64, 64), (1, 10, 12, 9), (2, 17)])
def test_any_number_of_dimensions(shape: tuple[int, ...]) -> None:
    conv = ConvOptions(widths=(4, 6), blocks=1, hidden=7, latent=5)
    mlp = MLPOptions(widths=(8, 6), gated=True, latent=5)
    for encoder, decoder in [
        (ConvEncoder(shape, 5, conv), ConvDecoder(shape, conv)),
        (MLPEncoder(shape, 5, mlp), MLPDecoder(shape, mlp)),
    ]:
        assert decoder(encoder(torch.rand(2, *shape))).shape == (2, *shape)


def test_labels_change_what_comes_out() -> None:
    decoder = ConvDecoder((1, 8, 8), ConvOptions(widths=(4,), latent=5), num_classes=3)
    codes = torch.zeros(2, 5)
    zero, one = (decoder(codes, torch.full((2,), label)) for label in (0, 1))
    assert not torch.equal(zero, one)


def test_too_many_halvings_are_refused_in_words() -> None:
    with pytest.raises(TrompeError, match="images of 8x8 are too small to be halved 5 times") as error:
        ConvEncoder((1, 8, 8), 5, ConvOptions(widths=(4,) * 5))
    assert "--nets.widths" in str(error.value)


@pytest.mark.parametrize(("norm", "expected"), [("none", (0, 0)), ("batch", (2, 2)), ("decoder", (0, 2))])
def test_what_is_normalised(norm: NormName, expected: tuple[int, int]) -> None:
    mlp, conv = MLPOptions(widths=(8, 4), norm=norm), ConvOptions(widths=(4, 8, 8), norm=norm)
    encoder, decoder = normalised(ConvEncoder((1, 8, 8), 5, conv)), normalised(ConvDecoder((1, 8, 8), conv))
    assert (encoder, decoder - bool(expected[1])) == expected  # not next to the pictures
    assert (normalised(MLPEncoder((1, 8, 8), 5, mlp)), normalised(MLPDecoder((1, 8, 8), mlp))) == expected


def normalised(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in network.modules())


def test_weights_from_a_normal_law_leave_a_residual_block_the_identity() -> None:
    network = ResidualBlock(4, "relu", 2)
    start_from_normal(network, 0.02)
    x = torch.rand(2, 4, 5, 5)
    assert torch.equal(network(x), x)
    assert float(network.branch[1].weight.detach().std()) == pytest.approx(0.02, rel=0.3)  # type: ignore[arg-type]


def test_a_residual_block_starts_as_the_identity() -> None:
    x = torch.rand(2, 4, 5, 5)
    block = ResidualBlock(4, "relu", 2)
    assert torch.equal(block(x), x)
