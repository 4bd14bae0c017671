"""What codes carry, and likelihoods, on a model whose every quantity is known in closed form."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import trompe
from trompe import ImageData, measures
from trompe.distributions import DiagonalGaussian
from trompe.measures import annealed
from trompe.measures.annealed import annealed_bound
from trompe.measures.codes import code_content, mutual_information, separation
from trompe.measures.modes import digit_modes, gaussian_modes
from trompe.model import Model
from trompe.nets.layers import Encoder

PIXELS, LATENT, NOISE = 64, 3, 0.1


class LinearEncoder(Encoder):
    """The posterior of the linear-Gaussian model, widened by a factor."""

    def __init__(self, weight: Tensor, bias: Tensor, widened: float) -> None:
        super().__init__()
        precision = torch.eye(LATENT) + weight.T @ weight / NOISE**2
        self.matrix = nn.Parameter(torch.linalg.solve(precision, weight.T) / NOISE**2)
        self.bias = nn.Parameter(bias)
        self.log_variance = nn.Parameter(-precision.diagonal().log() + 2 * math.log(widened))

    def features(self, images: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        mean = (images.flatten(1) - self.bias) @ self.matrix.T
        return [torch.cat([mean, self.log_variance.expand_as(mean)], 1)]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.features(images)[-1]


class LinearDecoder(nn.Module):
    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        mean = codes @ self.weight.T + self.bias
        both = torch.cat([mean, torch.full_like(mean, math.log(NOISE))], 1)
        return both.view(len(codes), 2, 8, 8)


def linear_run(vae_run: trompe.Run, widened: float) -> tuple[trompe.Run, torch.distributions.Distribution]:
    """A run whose model is probabilistic PCA with orthogonal directions, so that its posterior is diagonal; and the law
    of its pictures.
    """
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(PIXELS, LATENT, generator=generator)).Q
    weight, bias = directions * torch.tensor([0.9, 0.5, 0.2]), torch.full((PIXELS,), 0.5)
    run = copy.copy(vae_run)
    run.model = Model(
        encoder=LinearEncoder(weight, bias, widened), decoder=LinearDecoder(weight, bias), posterior="gaussian",
        likelihood="linear-gaussian", prior="normal", image_shape=(1, 8, 8), latent=LATENT,
    ).requires_grad_(False)  # fmt: skip
    covariance = weight @ weight.T + NOISE**2 * torch.eye(PIXELS)
    return run, torch.distributions.MultivariateNormal(bias.double(), covariance.double())


def drawn(law: torch.distributions.Distribution, count: int) -> tuple[ImageData, float]:
    """Pictures of the law, as they are stored, and their mean log-density."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        levels = (law.sample((count,)).clamp(0, 1) * 255).round()
    exact = float(law.log_prob(levels / 255).mean())
    return ImageData(levels.byte().view(count, 1, 8, 8).numpy(), "linear"), exact


def test_bounds_of_the_exact_posterior_are_the_likelihood(vae_run: trompe.Run) -> None:
    run, law = linear_run(vae_run, widened=1)
    data, exact = drawn(law, 60)
    measured = measures.likelihood(run, data, codes=5)
    assert measured.importance_bound == pytest.approx(exact, abs=1e-3)
    one = measures.likelihood(run, data, codes=4000)  # the ELBO is an estimate, by so many codes
    assert one.elbo == pytest.approx(exact, abs=0.02)
    assert one.bits_per_dimension == pytest.approx(-exact / 64 / math.log(2) + math.log2(255), abs=1e-4)
    assert annealed_bound(run, data, chains=2, temperatures=5).bound == pytest.approx(exact, abs=1e-3)


def test_annealing_closes_the_gap_that_importance_samples_leave(vae_run: trompe.Run) -> None:
    """From a posterior three times too wide."""
    run, law = linear_run(vae_run, widened=3)
    data, exact = drawn(law, 60)
    loose = measures.likelihood(run, data, codes=16)
    assert loose.elbo < exact - 3
    assert loose.importance_bound < exact - 0.15
    found = annealed_bound(run, data, chains=16, temperatures=100)
    assert found.bound == pytest.approx(exact, abs=0.03)
    assert 0.4 < found.acceptance < 0.95


def test_annealing_does_not_depend_on_the_batch_size(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = vae_run.data().take(slice(0, 6))
    whole = annealed_bound(vae_run, data, chains=4, temperatures=10)
    monkeypatch.setattr(annealed, "NUMBERS", 4 * 64 * 2)
    parts = annealed_bound(vae_run, data, chains=4, temperatures=10)
    assert parts.bound == pytest.approx(whole.bound, rel=1e-5)
    assert annealed_bound(vae_run, data, chains=4, temperatures=10, seed=1).bound != parts.bound


def test_mutual_information_of_posteriors_that_lie_apart_is_the_logarithm_of_their_number() -> None:
    apart = DiagonalGaussian(100.0 * torch.arange(8.0).view(8, 1).double(), torch.zeros(8, 1).double())
    assert mutual_information(apart, apart.mean) == pytest.approx(math.log(8))
    equal = DiagonalGaussian(torch.zeros(8, 2).double(), torch.zeros(8, 2).double())
    assert mutual_information(equal, torch.randn(8, 2).double()) == pytest.approx(0, abs=1e-12)


def test_mutual_information_of_the_linear_model_is_its_closed_form(vae_run: trompe.Run) -> None:
    """`1/2 log det (I + W'W / noise)`, as long as it is small beside the logarithm of the pictures' number."""
    run, _law = linear_run(vae_run, widened=1)
    run.model.decoder.weight.data[:, 1:] = 0  # type: ignore[union-attr]
    weight = run.model.decoder.weight.detach()  # type: ignore[union-attr]
    run.model.encoder = LinearEncoder(weight, torch.full((PIXELS,), 0.5), 1).requires_grad_(False)
    covariance = (weight @ weight.T + NOISE**2 * torch.eye(PIXELS)).double()
    data, _ = drawn(torch.distributions.MultivariateNormal(torch.full((PIXELS,), 0.5).double(), covariance), 3000)
    found = code_content(run, data)
    assert found.mutual_information == pytest.approx(0.5 * math.log(1 + 0.81 / NOISE**2), abs=0.05)
    assert found.active_units == 1
    assert found.marginal_kl == pytest.approx(0, abs=0.05)


def test_classes_that_lie_apart_are_separated_and_mixed_ones_are_not() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(200) % 4
    apart = separation(random.normal(size=(200, 2)) + 50 * np.stack([labels // 2, labels % 2], 1), labels)
    mixed = separation(random.normal(size=(200, 2)), labels)
    assert apart.silhouette > 0.9
    assert apart.neighbour_error == 0
    assert mixed.silhouette < 0.05
    assert mixed.neighbour_error > 0.5


def test_modes_are_found_counted_and_weighed() -> None:
    centres = np.stack([np.arange(4.0), np.zeros(4)], 1)
    points = np.repeat(centres[:3], [6, 3, 1], 0) + 0.01
    found = gaussian_modes(np.concatenate([points, [[1.5, 0.0]]]), centres, 0.02)
    assert (found.modes_found, found.modes) == (3, 4)
    assert found.high_quality == pytest.approx(10 / 11)
    law = np.array([0.6, 0.3, 0.1])
    assert found.mode_kl == pytest.approx((law * np.log(4 * law)).sum())
    stacks = digit_modes(np.array([[0, 0, 0], [0, 0, 0], [1, 2, 3], [9, 9, 9]]))
    assert (stacks.modes_found, stacks.modes) == (3, 1000)
    nowhere = gaussian_modes(np.full((3, 2), 99.0), centres, 0.02)
    assert (nowhere.modes_found, nowhere.high_quality) == (0, 0)


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25)])
def test_the_data_themselves_have_all_modes(name: str, modes: int) -> None:
    from trompe.data.synthetic import DEVIATION, MIXTURES, points_of

    data = trompe.load_data(f"{name}:test")
    found = gaussian_modes(points_of(data.images), MIXTURES[name], DEVIATION)
    assert (found.modes_found, found.modes) == (modes, modes)
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.005)  # a plane's share within 3 deviations
    assert found.mode_kl < 0.002
    assert data.num_classes == modes
