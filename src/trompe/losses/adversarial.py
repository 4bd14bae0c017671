"""Adversarial objectives, and penalties on the discriminator's gradient: per sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..condition import NOTHING, Condition
from ..core.model import Images, Model
from ..data.batches import Batch
from ..options.names import ObjectiveName

Logits = Float[Tensor, " batch"]


@dataclass(frozen=True)
class AdversarialLoss:
    """The losses of discriminator and generator, given the discriminator's logits of real and of generated samples.

    Attributes:
        compares: whether the generator's loss depends on the logits of real samples.
        threshold: the logit above which a sample is classified as real; `None` where only differences of logits have a
            meaning.
    """

    discriminator: Callable[[Logits, Logits], Logits]
    generator: Callable[[Logits, Logits], Logits]
    compares: bool = False
    threshold: float | None = 0.0


def cross_entropy(real: Logits, fake: Logits) -> Logits:
    """Real samples are labeled real, generated ones not: the loss of a logistic regression."""
    return F.softplus(-real) + F.softplus(fake)


OBJECTIVES: dict[ObjectiveName, AdversarialLoss] = {
    "minimax": AdversarialLoss(cross_entropy, lambda real, fake: -F.softplus(fake)),
    "non-saturating": AdversarialLoss(cross_entropy, lambda real, fake: F.softplus(-fake)),
    "least-squares": AdversarialLoss(
        lambda real, fake: 0.5 * ((real - 1).square() + fake.square()),
        lambda real, fake: 0.5 * (fake - 1).square(),
        threshold=0.5,
    ),
    "hinge": AdversarialLoss(lambda real, fake: F.relu(1 - real) + F.relu(1 + fake), lambda real, fake: -fake),
    "wasserstein": AdversarialLoss(lambda real, fake: fake - real, lambda real, fake: -fake, threshold=None),
    "relativistic": AdversarialLoss(
        lambda real, fake: F.softplus(fake - real),
        lambda real, fake: F.softplus(real - fake),
        compares=True,
        threshold=None,
    ),
}
"""`minimax` leaves out the part of the negated loss that does not depend on the generator."""


def generated(model: Model, batch: Batch) -> Images:
    """Images from the prior, of the batch's conditions; not clamped, which would stop the gradient."""
    latents = model.latents_from_noise(batch.normal(*model.latent_shape))
    return model.likelihood_mean(latents, batch.condition)


def accuracy(batch: Batch, logits: tuple[Logits, ...], threshold: float | None = 0.0) -> dict[str, Logits]:
    """Whether the discriminator classifies real and generated samples correctly, by their logits; only logged. Without
    a threshold it is by the mean logit of the global batch.
    """
    real, fake = logits
    middle = 0.5 * batch.mean(real + fake) if threshold is None else threshold
    return {"real_accuracy": (real > middle).float(), "fake_accuracy": (fake < middle).float()}


def gradient_penalty(model: Model, batch: Batch, real: Images, fake: Images) -> Logits:
    """The squared difference of the gradient norm from one, at random points between real and generated images
    (Gulrajani et al. 2017, eq. 3).
    """
    between = torch.lerp(real, fake, batch.uniform(*(1,) * (real.ndim - 1)))
    return (input_gradient(model, between, batch.condition).norm(dim=1) - 1).square()


def zero_centered_penalty(model: Model, batch: Batch, images: Images, latents: Tensor | None = None) -> Logits:
    """Half the squared gradient norm at these images (Mescheder et al. 2018): R1 at real ones, R2 at generated ones."""
    return 0.5 * input_gradient(model, images, batch.condition, latents).square().sum(1)


def input_gradient(
    model: Model, images: Images, condition: Condition = NOTHING, latents: Tensor | None = None
) -> Float[Tensor, "batch inputs"]:
    """The gradient of the discriminator's logit with respect to the image, and to the latents where they are given;
    itself differentiable.
    """
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        inputs = [part.detach().float().requires_grad_() for part in (images, latents) if part is not None]
        logits = model.discriminator_logits(inputs[0], condition, inputs[1] if latents is not None else None)
        found = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return torch.cat([part.flatten(1) for part in found], 1)
