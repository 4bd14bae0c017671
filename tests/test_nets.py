"""Networks for images of any size, in one, two and three dimensions, and layers over several ranks."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from thread_ranks import ThreadRanks, in_threads
from trompe.condition import Condition
from trompe.errors import TrompeError
from trompe.nets.conv import ConvDecoder, ConvEncoder
from trompe.nets.layers import BatchNorm, ResidualBlock, initialize_normal
from trompe.nets.mlp import MLPDecoder, MLPEncoder
from trompe.options.names import NormName
from trompe.options.nets import ConvOptions, MLPOptions


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 33), st.integers(8, 33), st.sampled_from([2, 3, 4, 5]), st.integers(0, 1))
def test_conv_towers_come_back_to_any_size(height: int, width: int, kernel: int, blocks: int) -> None:
    shape = (3, height, width)
    options = ConvOptions(widths=(4, 8), kernel=kernel, blocks=blocks, latent=6)
    encoder = ConvEncoder(shape, 6, options)
    decoder = ConvDecoder(shape, options)
    latents = encoder(torch.rand(2, *shape))
    assert latents.shape == (2, 6)
    assert decoder(latents).shape == (2, *shape)


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
    latents = torch.zeros(2, 5)
    zero, one = (decoder(latents, Condition(torch.full((2,), label))) for label in (0, 1))
    assert not torch.equal(zero, one)


def test_too_many_halvings_are_refused_in_words() -> None:
    with pytest.raises(TrompeError, match="images of 8x8 are too small to be halved 5 times") as error:
        ConvEncoder((1, 8, 8), 5, ConvOptions(widths=(4,) * 5))
    assert "--nets.widths" in str(error.value)


@pytest.mark.parametrize(("norm", "expected"), [("none", (0, 0)), ("batch", (2, 2)), ("decoder", (0, 2))])
def test_what_is_normalized(norm: NormName, expected: tuple[int, int]) -> None:
    mlp, conv = MLPOptions(widths=(8, 4), norm=norm), ConvOptions(widths=(4, 8, 8), norm=norm)
    encoder, decoder = normalized(ConvEncoder((1, 8, 8), 5, conv)), normalized(ConvDecoder((1, 8, 8), conv))
    assert (encoder, decoder - bool(expected[1])) == expected  # not next to the images
    assert (normalized(MLPEncoder((1, 8, 8), 5, mlp)), normalized(MLPDecoder((1, 8, 8), mlp))) == expected


def normalized(network: nn.Module) -> int:
    return sum(isinstance(module, BatchNorm) for module in network.modules())


def test_normal_weights_leave_a_residual_block_the_identity() -> None:
    network = ResidualBlock(4, "relu", 2)
    initialize_normal(network, 0.02)
    x = torch.rand(2, 4, 5, 5)
    assert torch.equal(network(x), x)
    assert float(network.branch[1].weight.detach().std()) == pytest.approx(0.02, rel=0.3)  # type: ignore[arg-type]


def test_a_residual_block_starts_as_the_identity() -> None:
    x = torch.rand(2, 4, 5, 5)
    block = ResidualBlock(4, "relu", 2)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize("count", [10, 7])
@pytest.mark.parametrize("spatial", [(), (6,), (5, 4), (3, 4, 2)], ids=["0-D", "1-D", "2-D", "3-D"])
def test_batch_norm_over_two_ranks_is_torchs_on_the_whole_batch(spatial: tuple[int, ...], count: int) -> None:
    generator = torch.Generator().manual_seed(0)
    steps = [2 + 3 * torch.randn(count, 3, *spatial, generator=generator) for _ in range(3)]
    weights = torch.randn(count, 3, *spatial, generator=generator)  # of a loss that depends on each value
    torchs: dict[int, type[nn.Module]] = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
    theirs, ours, alone = torchs[len(spatial)](3), [BatchNorm(3), BatchNorm(3)], BatchNorm(3)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor([0.5, -1.0, 2.0]))
        theirs.bias.copy_(torch.tensor([0.1, 0.2, 0.3]))
    for layer in (*ours, alone):
        layer.load_state_dict(theirs.state_dict())

    def run(layer: nn.Module, rows: slice) -> tuple[torch.Tensor, ...]:
        """Outputs and gradients of some steps, those of the parameters, and the output in evaluation."""
        outputs, gradients = [], []
        for step in steps:
            x = step[rows].clone().requires_grad_()
            outputs.append(layer(x))
            (outputs[-1].sin() * weights[rows]).sum().backward()
            assert x.grad is not None
            gradients.append(x.grad)
        return torch.stack(outputs, 1).detach(), torch.stack(gradients, 1), layer.eval()(steps[0][rows]).detach()

    group = ThreadRanks.group(2)
    for layer, ranks in zip(ours, group, strict=True):
        layer.ranks = ranks
    expected = run(theirs, slice(None))
    for found, whole in zip(run(alone, slice(None)), expected, strict=True):
        assert torch.equal(found, whole)
    parts = in_threads([partial(run, layer, ranks.rows(count)) for layer, ranks in zip(ours, group, strict=True)])
    for found, whole in zip(zip(*parts, strict=True), expected, strict=True):
        torch.testing.assert_close(torch.cat(found), whole)
    for name, parameter in theirs.named_parameters():
        summed = sum(layer.get_parameter(name).grad for layer in ours)  # type: ignore[misc]
        torch.testing.assert_close(summed, parameter.grad)
    for layer in ours:
        torch.testing.assert_close(layer.state_dict(), theirs.state_dict())
