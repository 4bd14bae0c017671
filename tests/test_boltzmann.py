"""Restricted Boltzmann machines small enough to be summed over exactly."""

from __future__ import annotations

import itertools

import pytest
import torch

from trompe.losses.boltzmann import Machine, contrastive_divergence
from trompe.rng import Draws


def machine(**kinds: bool) -> Machine:
    torch.manual_seed(0)
    weight, hidden, visible = torch.randn(3, 4), torch.randn(3), torch.randn(4)
    return Machine(weight.requires_grad_(), hidden.requires_grad_(), visible.requires_grad_(), **kinds)


def draws(count: int) -> Draws:
    return Draws(1, torch.device("cpu"), count)


def states(count: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=count)))


def energy(m: Machine, v: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    """Minus the exponent of the joint, `(visible states, hidden states)`."""
    own = 0.5 * (v - m.visible_bias).square().sum(1) if m.gaussian_visible else -v @ m.visible_bias
    return own[:, None] - (h @ m.hidden_bias)[None] - v @ m.weight.T @ h.T


@pytest.mark.parametrize("gaussian_visible", [False, True])
def test_the_free_energy_sums_out_binary_hidden_units(gaussian_visible: bool) -> None:
    m = machine(gaussian_visible=gaussian_visible)
    v = torch.rand(6, 4)
    exact = -torch.logsumexp(-energy(m, v, states(3)), 1)
    torch.testing.assert_close(m.free_energy(v), exact)


def test_the_free_energy_integrates_out_gaussian_hidden_units() -> None:
    """`E(v, h) = (h - c)^2 / 2 - v W h - b v`, integrated by hand: the quadratic's maximum, up to a constant."""
    m = machine(gaussian_hidden=True)
    v = torch.rand(5, 4)
    inputs = v @ m.weight.T
    exact = -v @ m.visible_bias - (0.5 * (inputs + m.hidden_bias).square() - 0.5 * m.hidden_bias.square()).sum(1)
    differences = m.free_energy(v) - exact
    torch.testing.assert_close(differences, differences[:1].expand(5))


def test_the_gradient_is_the_usual_difference_of_correlations() -> None:
    m = machine()
    data = states(4)[[3, 6, 9]]
    with torch.no_grad():
        reconstruction = m.mean_visible(m.sample_hidden(data, draws(3)))
        chances = [(v @ m.weight.T + m.hidden_bias).sigmoid() for v in (data, reconstruction)]
    terms = contrastive_divergence(m, data, draws(3))
    assert terms.shape == (3,)
    terms.mean().backward()
    correlations = [h.T @ v / 3 for h, v in zip(chances, (data, reconstruction), strict=True)]
    torch.testing.assert_close(m.weight.grad, correlations[1] - correlations[0])
    torch.testing.assert_close(m.visible_bias.grad, (reconstruction - data).mean(0))
    torch.testing.assert_close(m.hidden_bias.grad, (chances[1] - chances[0]).mean(0))


def test_it_learns_a_distribution_it_can_hold() -> None:
    """Two patterns, each as likely: after contrastive divergence they have nearly all of the exact probability."""
    torch.manual_seed(0)
    weight = (0.01 * torch.randn(3, 4)).requires_grad_()
    hidden, visible = torch.zeros(3, requires_grad=True), torch.zeros(4, requires_grad=True)
    m = Machine(weight, hidden, visible)
    data = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).repeat(32, 1)
    optimizer = torch.optim.Adam([weight, hidden, visible], lr=0.05)
    noise = draws(64)
    for _ in range(600):
        optimizer.zero_grad()
        contrastive_divergence(m, data, noise).mean().backward()
        optimizer.step()
    chances = (-m.free_energy(states(4))).softmax(0).detach()
    assert float(chances[12] + chances[3]) > 0.9
    assert abs(float(chances[12] - chances[3])) < 0.1
