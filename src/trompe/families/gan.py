"""Generative adversarial networks.

Goodfellow et al. 2014, *Generative adversarial nets* (`minimax`, `non-saturating`); Mao et al. 2017 (`least-squares`);
Lim & Ye 2017, Miyato et al. 2018 (`hinge`); Arjovsky et al. 2017, Gulrajani et al. 2017 (`wasserstein` and the gradient
penalty); Jolicoeur-Martineau 2019, Huang et al. 2024 (`relativistic`, with R1 and R2); Mescheder et al. 2018 (R1);
Zhao et al. 2020 (augmentation of what the discriminator sees).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data.augmentation import augmented
from ..data.batches import Batch
from ..model import Model
from ..names import Objective
from ..options import GANOptions
from ..phases import Phase, When

Logits = Float[Tensor, " batch"]


@dataclass(frozen=True)
class Game:
    """What each player pays, a picture, given the discriminator's logits of real and of generated pictures."""

    discriminator: Callable[[Logits, Logits], Logits]
    generator: Callable[[Logits, Logits], Logits]
    compares: bool = False
    """Whether the generator's cost depends on real pictures."""
    undecided: float | None = 0.0
    """The logit that takes no side; `None` where only differences of logits mean anything."""


def cross_entropy(real: Logits, fake: Logits) -> Logits:
    """Real pictures are to be called real, generated ones not: a logistic regression's cost."""
    return F.softplus(-real) + F.softplus(fake)


GAMES: dict[Objective, Game] = {
    "minimax": Game(cross_entropy, lambda real, fake: -F.softplus(fake)),
    "non-saturating": Game(cross_entropy, lambda real, fake: F.softplus(-fake)),
    "least-squares": Game(
        lambda real, fake: 0.5 * ((real - 1).square() + fake.square()),
        lambda real, fake: 0.5 * (fake - 1).square(),
        undecided=0.5,
    ),
    "hinge": Game(lambda real, fake: F.relu(1 - real) + F.relu(1 + fake), lambda real, fake: -fake),
    "wasserstein": Game(lambda real, fake: fake - real, lambda real, fake: -fake, undecided=None),
    "relativistic": Game(
        lambda real, fake: F.softplus(fake - real),
        lambda real, fake: F.softplus(real - fake),
        compares=True,
        undecided=None,
    ),
}
"""`minimax` leaves out the part of the negated loss that the generator has no hand in."""


def phases(options: GANOptions) -> tuple[Phase, ...]:
    """The discriminator's phase, then the generator's, on fresh noise each."""
    game = GAMES[options.objective]

    def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        real = augmented(batch.images, options.augment)
        fake = augmented(generated(model, batch), options.augment)
        logits = model.score(real, batch.labels), model.score(fake, batch.labels)
        # on test pictures they are what they cost on average
        rare = options.penalty_every if torch.is_grad_enabled() else 1
        return {
            "loss": game.discriminator(*logits),
            **penalties(model, real, fake, batch.labels, options, rare if step % rare == 0 else 0),
            **watched(*logits, game.undecided),
        }

    def generator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        fake = model.score(augmented(generated(model, batch), options.augment), batch.labels)
        real = model.score(augmented(batch.images, options.augment), batch.labels) if game.compares else fake
        return {"loss": game.generator(real, fake)}

    every = When(every=options.discriminator_steps)
    return (
        Phase("discriminator", ("discriminator",), discriminator, rate=options.discriminator_rate),
        Phase("generator", ("decoder",), generator, every),
    )


def penalties(
    model: Model, real: Tensor, fake: Tensor, labels: Tensor | None, options: GANOptions, times: int
) -> dict[str, Float[Tensor, " batch"]]:
    """Those of the discriminator's gradient that have a weight, so many times as strong as they are rare (Karras et al.
    2020, appendix B): zero times where they are left out.
    """

    def slopes(images: Tensor) -> Float[Tensor, "batch numbers"]:
        return gradient(model, images, labels)

    costs = {
        "gradient_penalty": (options.gradient_penalty, lambda: (slopes(between(real, fake)).norm(dim=1) - 1).square()),
        "r1": (options.r1, lambda: 0.5 * slopes(real).square().sum(1)),
        "r2": (options.r2, lambda: 0.5 * slopes(fake).square().sum(1)),
    }
    none = torch.zeros(len(real), device=real.device)
    return {name: times * weight * cost() if times else none for name, (weight, cost) in costs.items() if weight}


def generated(model: Model, batch: Batch) -> Tensor:
    """As many pictures as the batch has, of its classes, from noise of the global generator; not cut off at black and
    white, where there would be no gradient.
    """
    return model.expected(model.codes_from(noise_for(model, batch)), batch.labels)


def noise_for(model: Model, batch: Batch) -> Float[Tensor, "batch latent"]:
    """Standard normal numbers for a code each."""
    return torch.randn(len(batch.images), model.latent, device=batch.images.device)


def watched(real: Logits, fake: Logits, undecided: float | None = 0.0) -> dict[str, Logits]:
    """Whether the discriminator is right about each picture: not trained on, but watched."""
    middle = 0.5 * (real.mean() + fake.mean()) if undecided is None else undecided
    right = {"real_right": real > middle, "fake_right": fake < middle}
    return {name: one.float() for name, one in right.items()}


def between(real: Tensor, fake: Tensor) -> Tensor:
    """Points on the lines between pairs of pictures."""
    place = torch.rand(len(real), *(1,) * (real.ndim - 1), device=real.device)
    return torch.lerp(real, fake, place)


def gradient(
    model: Model, images: Tensor, labels: Tensor | None, codes: Tensor | None = None
) -> Float[Tensor, "batch numbers"]:
    """The discriminator's gradient in the grey levels, and in the codes where they are given; it may itself be
    differentiated.
    """
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        asked = [part.detach().float().requires_grad_() for part in (images, codes) if part is not None]
        logits = model.score(asked[0], labels) if codes is None else model.realness(asked[0], labels, asked[1])
        found = torch.autograd.grad(logits.sum(), asked, create_graph=True)
    return torch.cat([part.flatten(1) for part in found], 1)
