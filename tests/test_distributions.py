"""Posteriors and likelihoods, against closed forms, Monte Carlo and torch.distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import distributions as reference

from trompe.core.distributions import (
    LIKELIHOODS,
    Bernoulli,
    DiagonalGaussian,
    DiscretizedLogistic,
    Gaussian,
    Point,
    SquaredError,
    standard_normal_log_density,
)
from trompe.data.batches import Batch
from trompe.losses.elbo import log_prior_ratio
from trompe.losses.reconstruction import sampled
from trompe.rng import Draws


@pytest.fixture
def posterior() -> DiagonalGaussian:
    generator = torch.Generator().manual_seed(0)
    return DiagonalGaussian(torch.randn(4, 3, generator=generator), torch.randn(4, 3, generator=generator))


def test_kl_is_torchs_closed_form(posterior: DiagonalGaussian) -> None:
    theirs = reference.kl_divergence(
        reference.Normal(posterior.mean, (0.5 * posterior.log_variance).exp()), reference.Normal(0, 1)
    )
    torch.testing.assert_close(posterior.kl(), theirs)


def test_kl_is_the_mean_log_ratio(posterior: DiagonalGaussian) -> None:
    noise = torch.randn(200_000, 4, 3, generator=torch.Generator().manual_seed(1))
    latents = posterior.sample(noise)
    estimate = (posterior.log_density(latents) - standard_normal_log_density(latents)).mean(0)
    torch.testing.assert_close(estimate, posterior.kl().sum(1), atol=0.05, rtol=0.02)


def test_kl_vanishes_at_the_prior_only(posterior: DiagonalGaussian) -> None:
    assert DiagonalGaussian(torch.zeros(1, 2), torch.zeros(1, 2)).kl().sum() == 0
    assert (posterior.kl() > 0).all()


def test_log_density_is_torchs(posterior: DiagonalGaussian) -> None:
    latents = torch.randn(7, 4, 3)
    theirs = reference.Normal(posterior.mean, (0.5 * posterior.log_variance).exp()).log_prob(latents).sum(-1)
    torch.testing.assert_close(posterior.log_density(latents), theirs)


def test_a_latent_of_any_shape_is_one_vector_in_another_order() -> None:
    """A latent of shape (3, 2, 2): per dimension as a vector, and summed over all dimensions as a vector."""
    parameters, latents, noise = torch.randn(4, 6, 2, 2), torch.randn(5, 4, 3, 2, 2), torch.randn(5, 4, 3, 2, 2)
    shaped = DiagonalGaussian.from_parameters(parameters)
    vector = DiagonalGaussian.from_parameters(parameters.flatten(1))
    assert torch.equal(shaped.mean, parameters[:, :3])
    assert torch.equal(shaped.log_variance, parameters[:, 3:])
    assert shaped.kl().shape == (4, 3, 2, 2)
    torch.testing.assert_close(shaped.kl().flatten(1), vector.kl())
    assert shaped.sample(noise).shape == (5, 4, 3, 2, 2)
    torch.testing.assert_close(shaped.sample(noise).flatten(2), vector.sample(noise.flatten(2)))
    assert shaped.log_density(latents).shape == (5, 4)
    torch.testing.assert_close(shaped.log_density(latents), vector.log_density(latents.flatten(2)))
    theirs = reference.Normal(shaped.mean, (0.5 * shaped.log_variance).exp()).log_prob(latents).sum((2, 3, 4))
    torch.testing.assert_close(shaped.log_density(latents), theirs)
    prior = reference.Normal(0, 1).log_prob(latents).sum((2, 3, 4))
    torch.testing.assert_close(standard_normal_log_density(latents, axes=3), prior)
    torch.testing.assert_close(log_prior_ratio(shaped, latents), prior - theirs)
    batch = Batch(torch.rand(4, 1, 8, 8), draws=Draws(0, torch.device("cpu"), 4))
    assert sampled(shaped, batch).shape == (4, 3, 2, 2)


def test_a_wild_encoder_cannot_overflow() -> None:
    wild = DiagonalGaussian.from_parameters(torch.tensor([[0.0, 1e30]]))
    assert torch.isfinite(wild.kl()).all()


def test_a_point_has_no_noise() -> None:
    mean = torch.randn(2, 3)
    assert torch.equal(sampled(Point(mean), Batch(torch.rand(2, 1, 4, 4))), mean)


@pytest.mark.parametrize("log_scale", [-5.0, -2.0, 0.0])
@pytest.mark.parametrize("mean", [-3.0, 0.0, 2.5])
def test_the_logistic_levels_sum_to_one(mean: float, log_scale: float) -> None:
    levels = (torch.arange(256).double() / 255).view(256, 1, 1, 1)
    parameters = torch.tensor([mean, log_scale]).double().view(1, 2, 1, 1).expand(256, 2, 1, 1)
    mass = (-DiscretizedLogistic().nll(parameters, levels)).exp()
    assert mass.sum().item() == pytest.approx(1, abs=1e-6)


def test_the_logistic_survives_extreme_scales() -> None:
    parameters = torch.tensor([40.0, -12.0]).view(1, 2, 1, 1).requires_grad_()
    loss = DiscretizedLogistic().nll(parameters, torch.zeros(1, 1, 1, 1))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(parameters.grad).all()


def test_the_gaussian_is_torchs() -> None:
    images, mean = torch.rand(5, 1, 4, 4), torch.randn(5, 1, 4, 4)
    log_deviation = torch.full_like(mean, -1.3)
    theirs = -reference.Normal(mean.sigmoid(), math.exp(-1.3)).log_prob(images).flatten(1).sum(1)
    ours = Gaussian().nll(torch.cat([mean, log_deviation], 1), images)
    torch.testing.assert_close(ours, theirs)


def test_the_bernoulli_is_torchs() -> None:
    images, logits = torch.rand(5, 1, 4, 4).round(), torch.randn(5, 1, 4, 4)
    theirs = -reference.Bernoulli(logits=logits).log_prob(images).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().nll(logits, images), theirs)


def test_the_squared_error_is_a_gaussian_of_variance_one_half_without_its_constant() -> None:
    images, logits = torch.rand(5, 1, 4, 4), torch.randn(5, 1, 4, 4)
    theirs = -reference.Normal(logits.sigmoid(), math.sqrt(0.5)).log_prob(images).flatten(1).sum(1)
    torch.testing.assert_close(SquaredError().nll(logits, images) + SquaredError().constant(16), theirs)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_is_per_image_in_any_dimension(name: str) -> None:
    likelihood = LIKELIHOODS[name]
    for spatial in [(6,), (4, 5), (3, 4, 2)]:
        images = torch.rand(3, 2, *spatial)
        parameters = torch.randn(3, 2 * likelihood.parameters_per_value, *spatial)
        assert likelihood.nll(parameters, images).shape == (3,)
        mean = likelihood.mean(parameters)
        assert mean.shape == images.shape
        assert name.startswith("linear") or ((mean >= 0) & (mean <= 1)).all()
