"""What latents carry, and likelihoods, on a model whose every quantity is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import trompe
from trompe import Samples, measures
from trompe.condition import NOTHING, Condition
from trompe.core.distributions import DiagonalGaussian
from trompe.core.model import Model
from trompe.data.sources.synthetic import DEVIATION, MIXTURES
from trompe.measures import annealed
from trompe.measures.annealed import annealed_bound
from trompe.measures.latents import latent_content, mutual_information, separation
from trompe.measures.modes import digit_modes, gaussian_modes
from trompe.nets.layers import Encoder
from trompe.runs.predictor import Predictor

PIXELS, LATENT, NOISE = 64, 3, 0.1


class LinearEncoder(Encoder):
    """The posterior of the linear-Gaussian model, widened by a factor."""

    def __init__(self, weight: Tensor, bias: Tensor, widened: float, shape: tuple[int, ...] = (LATENT,)) -> None:
        super().__init__()
        self.shape = shape
        precision = torch.eye(LATENT) + weight.T @ weight / NOISE**2
        self.matrix = nn.Parameter(torch.linalg.solve(precision, weight.T) / NOISE**2)
        self.bias = nn.Parameter(bias)
        self.log_variance = nn.Parameter(-precision.diagonal().log() + 2 * math.log(widened))

    def features(self, images: Tensor, condition: Condition = NOTHING) -> list[Tensor]:
        mean = (images.flatten(1) - self.bias) @ self.matrix.T
        return [torch.cat([mean, self.log_variance.expand_as(mean)], 1)]

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        return self.features(images)[-1].view(len(images), -1, *self.shape[1:])


class LinearDecoder(nn.Module):
    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, latents: Tensor, condition: Condition = NOTHING) -> Tensor:
        mean = latents.flatten(1) @ self.weight.T + self.bias
        both = torch.cat([mean, torch.full_like(mean, math.log(NOISE))], 1)
        return both.view(len(latents), 2, 8, 8)


def linear_predictor(
    vae_run: trompe.Run, widened: float, shape: tuple[int, ...] = (LATENT,)
) -> tuple[Predictor, torch.distributions.Distribution]:
    """Probabilistic PCA with orthogonal directions, so that its posterior is diagonal; and the distribution of its
    images.
    """
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(PIXELS, LATENT, generator=generator)).Q
    weight, bias = directions * torch.tensor([0.9, 0.5, 0.2]), torch.full((PIXELS,), 0.5)
    model = Model(
        {"encoder": LinearEncoder(weight, bias, widened, shape), "decoder": LinearDecoder(weight, bias)},
        posterior="gaussian",
        likelihood="linear-gaussian",
        prior="normal",
        image_shape=(1, 8, 8),
        latent_shape=shape,
    )
    predictor = Predictor(model, vae_run.record, vae_run.step, torch.device("cpu"))
    covariance = weight @ weight.T + NOISE**2 * torch.eye(PIXELS)
    return predictor, torch.distributions.MultivariateNormal(bias.double(), covariance.double())


def drawn(distribution: torch.distributions.Distribution, count: int) -> tuple[Samples, float]:
    """Images of the distribution, as they are stored, and their mean log-density."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        levels = (distribution.sample((count,)).clamp(0, 1) * 255).round()
    exact = float(distribution.log_prob(levels / 255).mean())
    return Samples(levels.byte().view(count, 1, 8, 8).numpy(), "linear"), exact


@pytest.mark.parametrize("shape", [(LATENT,), (LATENT, 1, 1)], ids=["vector", "image"])
def test_bounds_of_the_exact_posterior_are_the_likelihood(vae_run: trompe.Run, shape: tuple[int, ...]) -> None:
    predictor, distribution = linear_predictor(vae_run, 1, shape)
    data, exact = drawn(distribution, 60)
    measured = measures.likelihood(predictor, data, importance_samples=5)
    assert measured.iwae_bound == pytest.approx(exact, abs=1e-3)
    one = measures.likelihood(predictor, data, importance_samples=4000)  # the ELBO is an estimate
    assert one.elbo == pytest.approx(exact, abs=0.02)
    assert one.bits_per_dimension == pytest.approx(-exact / 64 / math.log(2) + math.log2(255), abs=1e-4)
    assert annealed_bound(predictor, data, chains=2, temperatures=5).bound == pytest.approx(exact, abs=1e-3)


def test_annealing_closes_the_gap_that_importance_samples_leave(vae_run: trompe.Run) -> None:
    """From a posterior three times too wide."""
    predictor, distribution = linear_predictor(vae_run, widened=3)
    data, exact = drawn(distribution, 60)
    loose = measures.likelihood(predictor, data, importance_samples=16)
    assert loose.elbo < exact - 3
    assert loose.iwae_bound < exact - 0.15
    found = annealed_bound(predictor, data, chains=16, temperatures=100)
    assert found.bound == pytest.approx(exact, abs=0.03)
    assert 0.4 < found.acceptance < 0.95


def test_annealing_does_not_depend_on_the_batch_size(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = vae_run.data().take(slice(0, 6))
    whole = annealed_bound(vae_run.predictor, data, chains=4, temperatures=10)
    monkeypatch.setattr(annealed, "VALUES", 4 * 64 * 2)
    parts = annealed_bound(vae_run.predictor, data, chains=4, temperatures=10)
    assert parts.bound == pytest.approx(whole.bound, rel=1e-5)
    assert annealed_bound(vae_run.predictor, data, chains=4, temperatures=10, seed=1).bound != parts.bound


def test_mutual_information_of_posteriors_that_lie_apart_is_the_logarithm_of_their_number() -> None:
    apart = DiagonalGaussian(100.0 * torch.arange(8.0).view(8, 1).double(), torch.zeros(8, 1).double())
    assert mutual_information(apart, apart.mean) == pytest.approx(math.log(8))
    equal = DiagonalGaussian(torch.zeros(8, 2).double(), torch.zeros(8, 2).double())
    assert mutual_information(equal, torch.randn(8, 2).double()) == pytest.approx(0, abs=1e-12)


def test_mutual_information_of_the_linear_model_is_its_closed_form(vae_run: trompe.Run) -> None:
    """`1/2 log det (I + W'W / noise)`, as long as it is small beside the logarithm of the images' number."""
    predictor, _ = linear_predictor(vae_run, widened=1)
    model = predictor.model
    model.network("decoder").weight.data[:, 1:] = 0
    weight = model.network("decoder").weight.detach()
    model.encoder = LinearEncoder(weight, torch.full((PIXELS,), 0.5), 1).requires_grad_(False)
    covariance = (weight @ weight.T + NOISE**2 * torch.eye(PIXELS)).double()
    data, _ = drawn(torch.distributions.MultivariateNormal(torch.full((PIXELS,), 0.5).double(), covariance), 3000)
    found = latent_content(predictor, data)
    assert found["mutual_information"] == pytest.approx(0.5 * math.log(1 + 0.81 / NOISE**2), abs=0.05)
    assert found["active_units"] == 1
    assert found["marginal_kl"] == pytest.approx(0, abs=0.05)


def test_classes_that_lie_apart_are_separated_and_mixed_ones_are_not() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(200) % 4
    apart = separation(random.normal(size=(200, 2)) + 50 * np.stack([labels // 2, labels % 2], 1), labels)
    mixed = separation(random.normal(size=(200, 2)), labels)
    assert apart["silhouette"] > 0.9
    assert apart["neighbor_error"] == 0
    assert mixed["silhouette"] < 0.05
    assert mixed["neighbor_error"] > 0.5


def test_modes_are_found_counted_and_weighed() -> None:
    centers = np.stack([np.arange(4.0), np.zeros(4)], 1)
    points = np.repeat(centers[:3], [6, 3, 1], 0) + 0.01
    found = gaussian_modes(np.concatenate([points, [[1.5, 0.0]]]), centers, 0.02)
    assert (found["modes_found"], found["modes"]) == (3, 4)
    assert found["high_quality"] == pytest.approx(10 / 11)
    shares = np.array([0.6, 0.3, 0.1])
    assert found["mode_kl"] == pytest.approx((shares * np.log(4 * shares)).sum())
    stacks = digit_modes(np.array([[0, 0, 0], [0, 0, 0], [1, 2, 3], [9, 9, 9]]))
    assert (stacks["modes_found"], stacks["modes"]) == (3, 1000)
    nowhere = gaussian_modes(np.full((3, 2), 99.0), centers, 0.02)
    assert (nowhere["modes_found"], nowhere["high_quality"]) == (0, 0)


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_the_data_themselves_have_all_modes(name: str, modes: int) -> None:
    data = trompe.load_data(f"{name}:test")
    found = gaussian_modes(data.images.reshape(-1, 2).astype(np.float64), MIXTURES[name], DEVIATION)
    assert (found["modes_found"], found["modes"]) == (modes, modes)
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.005)  # a plane's share within 3 deviations
    assert found["mode_kl"] < 0.002
    assert data.num_classes == modes
