"""Annealed importance sampling: a bound on the likelihood that more work makes as tight as is wished (Neal 2001; for
decoders Wu et al. 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import Batch
from ..distributions import unit_gaussian_log_density
from ..losses import gaussian_posterior, log_likelihood
from ..progress import tracked
from ..rng import Stream, numpy_generator
from ..run import Run
from .bounds import NUMBERS, measured_batches

PICTURES = 100
"""Measured where no limit says otherwise: a picture costs some ten thousand passes through the decoder a chain."""
LEAPFROGS = 5
FIRST_STEP = 0.2
ACCEPTED = 0.65
ADAPTATION = 1.02


@dataclass(frozen=True)
class AnnealedBound:
    """Means over the pictures measured, in nats per picture.

    Attributes:
        bound: in expectation not above the log-likelihood, and nearer to it the more temperatures there are.
        standard_error: over pictures.
        acceptance: share of proposals that were taken.
    """

    bound: float
    standard_error: float
    acceptance: float
    pictures: int
    chains: int
    temperatures: int


def annealed_bound(
    run: Run,
    data: ImageData,
    *,
    chains: int = 16,
    temperatures: int = 200,
    seed: int = 0,
    limit: int | None = None,
) -> AnnealedBound:
    """Walk from each picture's posterior to the true one.

    The walk is over codes in units of the posterior, where it starts at a standard normal; each temperature is followed
    by one step of Hamiltonian dynamics, whose length adapts to each picture's acceptance. A picture's noise is its own,
    as in `likelihood`.

    Args:
        limit: measure the first so many pictures, by default 100.

    Raises:
        TrompeError: the run has no Gaussian posterior, or the pictures do not fit it.
    """
    count = min(limit or PICTURES, len(data))
    together = max(1, NUMBERS // (chains * math.prod(data.image_shape)))
    betas = schedule(temperatures)
    bounds, accepted = [], []
    with tracked(f"annealing, {temperatures} temperatures", count) as advance:
        for indices, _, batch in measured_batches(run, data, count, together, 0, seed):
            generators = [numpy_generator(seed, Stream.MEASURE, int(index), 1) for index in indices]
            weights, acceptance = _anneal(
                _target(run, batch), generators, (chains, run.model.latent), betas, run.device
            )
            bounds.append(weights.logsumexp(0) - math.log(chains))
            accepted.append(acceptance)
            advance(len(indices))
    bound = torch.cat(bounds) - run.model.likelihood.constant(math.prod(data.image_shape))
    error = float(bound.std() / math.sqrt(count)) if count > 1 else math.nan
    return AnnealedBound(float(bound.mean()), error, float(torch.cat(accepted).mean()), count, chains, temperatures)


def schedule(temperatures: int) -> list[float]:
    """Temperatures from 0 to 1 along a sigmoid, close together at both ends, as Wu et al. have it."""
    rise = torch.sigmoid(torch.linspace(-4, 4, temperatures + 1, dtype=torch.float64))
    return ((rise - rise[0]) / (rise[-1] - rise[0])).tolist()


Codes = Float[Tensor, "chains batch latent"]
Target = Callable[[Codes], Float[Tensor, "chains batch"]]


def _target(run: Run, batch: Batch) -> Target:
    """`log p(x, z)` of a code given in units of the posterior, by which the volume changes too."""
    with torch.no_grad():
        posterior = gaussian_posterior(run.model, batch)
    volume = 0.5 * posterior.log_variance.sum(1)

    def log_joint(standard: Codes) -> Float[Tensor, "chains batch"]:
        codes = posterior.sample(standard)
        return log_likelihood(run.model, batch, codes) + unit_gaussian_log_density(codes) + volume

    return log_joint


def _anneal(
    target: Target,
    generators: list[np.random.Generator],
    shape: tuple[int, int],
    betas: list[float],
    device: torch.device,
) -> tuple[Float[Tensor, "chains batch"], Float[Tensor, " batch"]]:
    """The logarithms of the chains' weights, in float64, and each picture's acceptance."""

    def drawn(law: str, shape: tuple[int, ...]) -> Tensor:
        numbers = [getattr(generator, law)(shape, dtype=np.float32) for generator in generators]
        return torch.from_numpy(np.stack(numbers, 1)).to(device)

    place = drawn("standard_normal", shape)
    start, end, gradient = _energies(target, place)
    weights = torch.zeros(place.shape[:2], dtype=torch.float64, device=device)
    step = torch.full(place.shape[1:2], FIRST_STEP, device=device)
    accepted = torch.zeros_like(step)
    for before, beta in pairwise(betas):
        weights += (beta - before) * (end - start).double()
        momentum = drawn("standard_normal", shape)
        moved, moved_momentum, moved_gradient = place, momentum, gradient
        for _ in range(LEAPFROGS):
            moved_momentum = moved_momentum + 0.5 * step[:, None] * _force(moved, moved_gradient, beta)
            moved = moved + step[:, None] * moved_momentum
            moved_start, moved_end, moved_gradient = _energies(target, moved)
            moved_momentum = moved_momentum + 0.5 * step[:, None] * _force(moved, moved_gradient, beta)
        gain = (1 - beta) * (moved_start - start) + beta * (moved_end - end)
        gain = gain - 0.5 * (moved_momentum.square().sum(-1) - momentum.square().sum(-1))
        taken = drawn("random", shape[:1]).log() < gain  # a proposal that is not a number is never taken
        place, gradient = (
            torch.where(taken[..., None], new, old) for new, old in ((moved, place), (moved_gradient, gradient))
        )
        start, end = (torch.where(taken, new, old) for new, old in ((moved_start, start), (moved_end, end)))
        share = taken.float().mean(0)
        accepted += share / (len(betas) - 1)
        step = step * torch.where(share > ACCEPTED, ADAPTATION, 1 / ADAPTATION)
    return weights, accepted


def _energies(target: Target, place: Codes) -> tuple[Tensor, Tensor, Codes]:
    """The logarithms of both ends' densities there, and the gradient of the target's."""
    with torch.enable_grad():
        asked = place.detach().requires_grad_()
        end = target(asked)
        (gradient,) = torch.autograd.grad(end.sum(), asked)
    return unit_gaussian_log_density(place), end.detach(), gradient


def _force(place: Codes, gradient: Codes, beta: float) -> Codes:
    """The gradient of the density between the ends, a standard normal and the target."""
    return beta * gradient - (1 - beta) * place
