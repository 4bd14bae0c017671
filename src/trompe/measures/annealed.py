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

from ..core.distributions import standard_normal_log_density
from ..data.batches import Batch
from ..data.samples import Samples
from ..losses.elbo import gaussian_posterior, iwae_bound, log_likelihood
from ..rng import Stream, numpy_generator
from ..runs.predictor import Predictor
from ..terminal import tracked
from .bounds import VALUES, likelihood, likelihood_protocol, measured_batches
from .table import Measured, Subject, measure

IMAGES = 100
"""Measured where no limit says otherwise: an image costs some ten thousand passes through the decoder a chain."""
LEAPFROGS = 5
FIRST_STEP = 0.2
ACCEPTED = 0.65
ADAPTATION = 1.02


@dataclass(frozen=True)
class AnnealedBound:
    """Means over the images measured, in nats per image.

    Attributes:
        bound: in expectation not above the log-likelihood, and nearer to it the more temperatures there are.
        standard_error: over images.
        acceptance: share of proposals that were taken.
    """

    bound: float
    standard_error: float
    acceptance: float
    images: int
    chains: int
    temperatures: int


def annealed_bound(
    predictor: Predictor,
    data: Samples,
    *,
    chains: int = 16,
    temperatures: int = 200,
    seed: int = 0,
    limit: int | None = None,
) -> AnnealedBound:
    """Walk from each image's posterior to the true one.

    The walk is over latents in units of the posterior, where it starts at a standard normal; each temperature is
    followed by one step of Hamiltonian dynamics, whose length adapts to each image's acceptance. An image's noise is
    its own, as in `likelihood`.

    Args:
        limit: measure this many images at most, by default 100.

    Raises:
        TrompeError: the model has no Gaussian posterior, or the images do not fit it.
    """
    count, size = min(limit or IMAGES, len(data)), math.prod(predictor.model.latent_shape)
    together = max(1, VALUES // (chains * math.prod(data.image_shape)))
    rise = torch.sigmoid(torch.linspace(-4, 4, temperatures + 1, dtype=torch.float64))
    betas = ((rise - rise[0]) / (rise[-1] - rise[0])).tolist()  # close together at both ends, as Wu et al. have it
    bounds, accepted = [], []
    with tracked(f"annealing, {temperatures} temperatures", count) as advance:
        for indices, _, batch in measured_batches(predictor, data, count, together, 0, seed):
            generators = [numpy_generator(seed, Stream.MEASURE, int(index), 1) for index in indices]
            target = _target(predictor, batch)
            weights, acceptance = _anneal(target, generators, (chains, size), betas, predictor.device)
            bounds.append(iwae_bound(weights))
            accepted.append(acceptance)
            advance(len(indices))
    bound = torch.cat(bounds) - predictor.model.likelihood.constant(math.prod(data.image_shape))
    error = float(bound.std() / math.sqrt(count)) if count > 1 else math.nan
    return AnnealedBound(float(bound.mean()), error, float(torch.cat(accepted).mean()), count, chains, temperatures)


Latents = Float[Tensor, "chains batch latent"]
Target = Callable[[Latents], Float[Tensor, "chains batch"]]


def _target(predictor: Predictor, batch: Batch) -> Target:
    """`log p(x, z)` of a latent given flat and in units of the posterior, by which the volume changes too."""
    with torch.no_grad():
        posterior = gaussian_posterior(predictor.model, batch)
    volume, shape = 0.5 * posterior.log_variance.flatten(1).sum(1), predictor.model.latent_shape

    def log_joint(standard: Latents) -> Float[Tensor, "chains batch"]:
        latents = posterior.sample(standard.unflatten(-1, shape))
        prior = standard_normal_log_density(latents, len(shape))
        return log_likelihood(predictor.model, batch, latents) + prior + volume

    return log_joint


def _anneal(
    target: Target,
    generators: list[np.random.Generator],
    shape: tuple[int, ...],
    betas: list[float],
    device: torch.device,
) -> tuple[Float[Tensor, "chains batch"], Float[Tensor, " batch"]]:
    """The logarithms of the chains' weights, in float64, and each image's acceptance."""

    def drawn(distribution: str, shape: tuple[int, ...]) -> Tensor:
        noise = [getattr(generator, distribution)(shape, dtype=np.float32) for generator in generators]
        return torch.from_numpy(np.stack(noise, 1)).to(device)

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


def _energies(target: Target, place: Latents) -> tuple[Tensor, Tensor, Latents]:
    """The logarithms of both ends' densities there, and the gradient of the target's."""
    with torch.enable_grad():
        asked = place.detach().requires_grad_()
        end = target(asked)
        (gradient,) = torch.autograd.grad(end.sum(), asked)
    return standard_normal_log_density(place), end.detach(), gradient


def _force(place: Latents, gradient: Latents, beta: float) -> Latents:
    """The gradient of the density between the ends, a standard normal and the target."""
    return beta * gradient - (1 - beta) * place


@measure(
    "ais",
    "a tighter estimate, by annealed importance sampling",
    ("bound", "images of the data"),
    {
        "ais_estimate": "log-likelihood by annealed importance sampling, on the first images; higher is better",
        "ais_standard_error": "standard error of the AIS estimate, over images",
        "iwae_bound_of_these": "the IWAE bound of the same images",
        "acceptance": "rate of the sampler's proposals; best around 0.65",
    },
)
def ais(subject: Subject) -> Measured:
    predictor, samples = subject.model, subject.importance_samples
    found = annealed_bound(predictor, subject.test, seed=subject.seed, limit=subject.limit)
    plain = likelihood(predictor, subject.test, importance_samples=samples, seed=subject.seed, limit=found.images)
    values = {
        "ais_estimate": found.bound,
        "ais_standard_error": found.standard_error,
        "iwae_bound_of_these": plain.iwae_bound,
        "acceptance": found.acceptance,
    }
    settings = {name: getattr(found, name) for name in ("images", "chains", "temperatures")}
    return Measured(values, likelihood_protocol(predictor) | settings | {"importance_samples": samples})
