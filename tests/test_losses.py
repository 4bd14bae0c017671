"""Losses: named terms per image, and the inequalities between the bounds."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from conftest import small
from thread_ranks import ThreadRanks, in_threads
from trompe.condition import NOTHING, Condition
from trompe.core.distributions import DiagonalGaussian
from trompe.core.model import Model
from trompe.data.batches import Batch
from trompe.data.samples import Format
from trompe.losses.elbo import (
    free_bits_kl,
    iwae_bound,
    log_likelihood,
    log_prior_ratio,
    log_weights,
    negative_elbo,
    negative_iwae_bound,
)
from trompe.options.nets import MLPOptions
from trompe.ranks import ALONE, Ranks
from trompe.recipes.build import build_model
from trompe.rng import Draws

CPU = torch.device("cpu")


@pytest.fixture
def model() -> Model:
    recipe = small()
    return build_model(replace(recipe, nets=MLPOptions(widths=(16,), latent=1)), Format((1, 4, 4)))


@pytest.fixture
def batch() -> Batch:
    images = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)).round()
    return Batch(images, draws=Draws(0, CPU, 6))


def redrawn(batch: Batch) -> Batch:
    """The batch with its noise from the start."""
    return replace(batch, draws=Draws(1, CPU, len(batch)))


def exact_log_likelihood(model: Model, batch: Batch) -> torch.Tensor:
    """`log p(x)` of a model with one latent dimension, by quadrature over its prior."""
    grid = torch.linspace(-8, 8, 20_001)
    latents = grid.view(-1, 1, 1).expand(-1, len(batch.images), 1)
    log_joint = log_likelihood(model, batch, latents) - 0.5 * (grid[:, None] ** 2 + math.log(2 * math.pi))
    return torch.logsumexp(log_joint, 0) + math.log(16 / 20_000)


@torch.no_grad()
def test_the_bounds_approach_the_exact_likelihood_from_below(model: Model, batch: Batch) -> None:
    exact = exact_log_likelihood(model, batch)
    elbo = torch.stack([-sum(negative_elbo(model, batch).values()) for _ in range(2000)]).mean(0)
    bounds = [
        torch.stack([-negative_iwae_bound(model, batch, importance_samples=k)["iwae_bound"] for _ in range(200)]).mean(
            0
        )
        for k in (1, 10, 2000)
    ]
    assert (elbo < exact + 0.02).all()
    assert (bounds[0] < bounds[1] + 0.02).all()
    torch.testing.assert_close(bounds[2], exact, atol=5e-3, rtol=0)
    torch.testing.assert_close(bounds[0], elbo, atol=0.1, rtol=0)


def test_terms_are_named_weighted_and_per_image(model: Model, batch: Batch) -> None:
    plain = negative_elbo(model, redrawn(batch))
    weighted = negative_elbo(model, redrawn(batch), beta=3.0)
    assert set(plain) == {"reconstruction", "kl"}
    assert plain["kl"].shape == (6,)
    torch.testing.assert_close(weighted["kl"], 3 * plain["kl"])
    torch.testing.assert_close(weighted["reconstruction"], plain["reconstruction"])


def test_free_bits_are_of_the_mean_over_the_batch() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.3, 4.0]], requires_grad=True)
    term = free_bits_kl(kl, 0.5, Batch(torch.rand(2, 1, 4, 4), draws=Draws(0, CPU, 2)))
    assert term.mean().item() == pytest.approx(0.5 + 3.0)
    term.mean().backward()
    assert kl.grad[:, 0].abs().sum() == 0  # below its allowance: nothing to gain
    assert (kl.grad[:, 1] == 0.5).all()


def test_free_bits_over_two_ranks_are_of_the_mean_over_the_global_batch() -> None:
    """Where each rank's own mean would decide otherwise than the mean of both."""
    kls = torch.tensor([[0.1, 0.9, 2.0], [0.2, 0.8, 3.0], [0.9, 0.2, 0.1], [0.6, 0.1, 0.3], [0.7, 0.1, 0.2]])

    def run(ranks: Ranks) -> tuple[torch.Tensor, torch.Tensor]:
        rows = ranks.rows(5)
        kl = kls[rows].clone().requires_grad_()
        batch = Batch(torch.rand(len(kl), 1, 4, 4), draws=Draws(0, CPU, 5, rows), ranks=ranks)
        term = free_bits_kl(kl, 0.45, batch)
        (term.sum() / 5).backward()
        assert kl.grad is not None
        return term.detach(), kl.grad

    term, gradient = run(ALONE)
    assert term.mean().item() == pytest.approx(0.5 + 0.45 + 1.12)
    assert torch.equal(gradient, torch.tensor([0.2, 0.0, 0.2]).expand(5, 3))
    terms, gradients = zip(*in_threads([partial(run, ranks) for ranks in ThreadRanks.group(2)]), strict=True)
    assert torch.equal(torch.cat(terms), term)
    assert torch.equal(torch.cat(gradients), gradient)


def test_two_ranks_have_the_terms_and_gradients_of_one(model: Model, batch: Batch) -> None:
    def run(ranks: Ranks) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        mine, rows = copy.deepcopy(model), ranks.rows(6)
        part = Batch(batch.images[rows], draws=Draws(1, CPU, 6, rows), ranks=ranks)
        terms = negative_elbo(mine, part, free_bits=0.1)
        (torch.stack(list(terms.values())).sum() / 6).backward()
        return torch.stack(list(terms.values()), 1).detach(), {
            name: parameter.grad for name, parameter in mine.named_parameters() if parameter.grad is not None
        }

    terms, gradients = run(ALONE)
    parts = in_threads([partial(run, ranks) for ranks in ThreadRanks.group(2)])
    torch.testing.assert_close(torch.cat([part for part, _ in parts]), terms)
    for name, gradient in gradients.items():
        torch.testing.assert_close(sum(grads[name] for _, grads in parts), gradient)


class Reshaped(nn.Module):
    """A linear network to values of a shape."""

    def __init__(self, inputs: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.linear, self.shape = nn.Linear(inputs, math.prod(shape)), shape

    def forward(self, x: torch.Tensor, condition: Condition = NOTHING) -> torch.Tensor:
        return self.linear(x.flatten(1)).unflatten(1, self.shape)


@torch.no_grad()
def test_a_latent_may_have_the_shape_of_an_image(batch: Batch) -> None:
    torch.manual_seed(0)
    networks = {"encoder": Reshaped(16, (6, 2, 2)), "decoder": Reshaped(12, (1, 4, 4))}
    model = Model(
        networks,
        posterior="gaussian",
        likelihood="bernoulli",
        prior="normal",
        image_shape=(1, 4, 4),
        latent_shape=(3, 2, 2),
    )
    assert model.encode(batch.images).shape == (6, 3, 2, 2)
    assert model.reconstruct(batch.images).shape == model.sample(batch.normal(3, 2, 2)).shape == (6, 1, 4, 4)
    terms = negative_elbo(model, batch, free_bits=0.1)
    assert {name: term.shape for name, term in terms.items()} == {"reconstruction": (6,), "kl": (6,)}
    elbo = torch.stack([-sum(negative_elbo(model, batch).values()) for _ in range(1000)]).mean(0)  # type: ignore[arg-type]
    loose, tight = (
        torch.stack([-negative_iwae_bound(model, batch, importance_samples=k)["iwae_bound"] for _ in range(times)])
        for k, times in ((1, 1000), (500, 20))
    )
    assert loose[0].shape == (6,)
    torch.testing.assert_close(loose.mean(0), elbo, atol=0.4, rtol=0)
    assert (tight.mean(0) > elbo).all()


@torch.no_grad()
def test_a_model_in_float64_computes_in_it(model: Model, batch: Batch) -> None:
    double = replace(redrawn(batch), images=batch.images.double())
    single = negative_elbo(model, redrawn(batch))
    noise = torch.randn(5, 6, 1)
    bound = iwae_bound(log_weights(model, batch, noise))
    model = copy.deepcopy(model).double()
    for name, term in negative_elbo(model, double).items():
        assert term.dtype == torch.float64
        torch.testing.assert_close(term.float(), single[name])
    precise = iwae_bound(log_weights(model, double, noise.double()))
    assert precise.dtype == model.decode(model.encode(double.images)).dtype == torch.float64
    torch.testing.assert_close(precise.float(), bound)


def test_a_weight_is_one_where_posterior_and_prior_agree() -> None:
    prior = DiagonalGaussian(torch.zeros(3, 2), torch.zeros(3, 2))
    assert log_prior_ratio(prior, torch.randn(5, 3, 2)).abs().max() < 1e-5
