"""Losses: named terms per picture, and the inequalities between the bounds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from conftest import small
from trompe.build import build_model
from trompe.data.batches import Batch
from trompe.losses import charged, log_likelihood, log_prior_ratio, negative_elbo, negative_importance_bound
from trompe.model import Model
from trompe.options import MLPOptions


@pytest.fixture
def model() -> Model:
    recipe = small()
    return build_model(replace(recipe, nets=MLPOptions(widths=(16,), latent=1)), (1, 4, 4))


@pytest.fixture
def batch() -> Batch:
    return Batch(torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)).round())


def exact_log_likelihood(model: Model, batch: Batch) -> torch.Tensor:
    """`log p(x)` of a model with one code number, by quadrature over its prior."""
    grid = torch.linspace(-8, 8, 20_001)
    codes = grid.view(-1, 1, 1).expand(-1, len(batch.images), 1)
    log_joint = log_likelihood(model, batch, codes) - 0.5 * (grid[:, None] ** 2 + math.log(2 * math.pi))
    return torch.logsumexp(log_joint, 0) + math.log(16 / 20_000)


@torch.no_grad()
def test_the_bounds_approach_the_exact_likelihood_from_below(model: Model, batch: Batch) -> None:
    exact = exact_log_likelihood(model, batch)
    torch.manual_seed(0)
    elbo = torch.stack([-sum(negative_elbo(model, batch).values()) for _ in range(2000)]).mean(0)
    bounds = [
        torch.stack([-negative_importance_bound(model, batch, samples=k)["importance_bound"] for _ in range(200)]).mean(
            0
        )
        for k in (1, 10, 2000)
    ]
    assert (elbo < exact + 0.02).all()
    assert (bounds[0] < bounds[1] + 0.02).all()
    torch.testing.assert_close(bounds[2], exact, atol=5e-3, rtol=0)
    torch.testing.assert_close(bounds[0], elbo, atol=0.1, rtol=0)


def test_terms_are_named_weighted_and_per_picture(model: Model, batch: Batch) -> None:
    torch.manual_seed(1)
    plain = negative_elbo(model, batch)
    torch.manual_seed(1)
    weighted = negative_elbo(model, batch, beta=3.0)
    assert set(plain) == {"reconstruction", "kl"}
    assert plain["kl"].shape == (6,)
    torch.testing.assert_close(weighted["kl"], 3 * plain["kl"])
    torch.testing.assert_close(weighted["reconstruction"], plain["reconstruction"])


def test_free_bits_charge_the_mean_over_the_batch() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.3, 4.0]], requires_grad=True)
    term = charged(kl, free_bits=0.5)
    assert term.mean().item() == pytest.approx(0.5 + 3.0)
    term.mean().backward()
    assert kl.grad[:, 0].abs().sum() == 0  # below its allowance: nothing to gain
    assert (kl.grad[:, 1] == 0.5).all()


def test_a_weight_is_one_where_posterior_and_prior_agree() -> None:
    from trompe.distributions import DiagonalGaussian

    prior = DiagonalGaussian(torch.zeros(3, 2), torch.zeros(3, 2))
    assert log_prior_ratio(prior, torch.randn(5, 3, 2)).abs().max() < 1e-5
