"""Generative adversarial networks.

Goodfellow et al. 2014, *Generative adversarial nets* (`minimax`, `non-saturating`); Mao et al. 2017 (`least-squares`);
Lim & Ye 2017, Miyato et al. 2018 (`hinge`); Arjovsky et al. 2017, Gulrajani et al. 2017 (`wasserstein` and the gradient
penalty); Jolicoeur-Martineau 2019, Huang et al. 2024 (`relativistic`, with R1 and R2); Mescheder et al. 2018 (R1);
Karras et al. 2020 (lazy regularization); Zhao et al. 2020 (augmentation of what the discriminator sees).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ..errors import TrompeError
from ..options.names import AugmentationName, ObjectiveName, PosteriorName, PriorName
from ..options.nets import ConvOptions
from ..options.numbers import Count, NonNegative, Positive
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch
    from ..recipes.tree import Recipe


@family
@dataclass(frozen=True)
class GAN(Family):
    """A generator and a discriminator, trained against each other."""

    kind: ClassVar[str] = "gan"
    title: ClassVar[str] = "generative adversarial network"
    posterior: ClassVar[PosteriorName] = "point"
    encodes: ClassVar[bool] = False
    discriminator_sees: ClassVar[tuple[str, ...]] = ("images",)

    likelihood: Literal["squared-error", "linear"] = "squared-error"
    """Output of the generator: through a sigmoid, or `linear`, clamped to [0, 1] only when used.
    A sigmoid saturates where images are mostly black, and the generator stays black."""
    objective: ObjectiveName = "non-saturating"
    """Adversarial objective; `minimax` is the literal negation of the discriminator's loss."""
    prior: PriorName = "normal"
    """Prior of the latents: standard normal, or uniform on [-1, 1]."""
    discriminator_steps: Count = 1
    """Discriminator steps per generator step."""
    discriminator_lr_scale: Positive = 1.0
    """Learning-rate scale of the discriminator (TTUR)."""
    gradient_penalty: NonNegative = 0.0
    """Weight of the gradient penalty (WGAN-GP)."""
    r1: NonNegative = 0.0
    """R1 weight (gamma): squared gradient norm of the discriminator at real images."""
    r2: NonNegative = 0.0
    """R2 weight (gamma): the same at generated images."""
    penalty_interval: Count = 1
    """Lazy regularization: apply the three penalties only at every N-th step, N times as strong."""
    augment: tuple[AugmentationName, ...] = ()
    """Differentiable augmentation of all inputs of the discriminator, which prevents overfitting to few images."""

    def phases(self) -> tuple[Phase, ...]:
        """The discriminator's phase, then the generator's, on fresh noise each."""
        from ..core.phases import Phase, When, constant
        from ..data.transforms import augmented
        from ..losses.adversarial import OBJECTIVES, accuracy, generated

        objective = OBJECTIVES[self.objective]

        def discriminator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            real = augmented(batch.images, self.augment, batch)
            fake = augmented(generated(model, batch), self.augment, batch)
            logits = tuple(model.discriminator_logits(images, batch.condition) for images in (real, fake))
            return {
                "loss": objective.discriminator(*logits),
                **self._penalties(model, batch, step, real, fake),
                **accuracy(batch, logits, objective.threshold),
            }

        def generator(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            fake = model.discriminator_logits(augmented(generated(model, batch), self.augment, batch), batch.condition)
            if not objective.compares:
                return {"loss": objective.generator(fake, fake)}
            real = model.discriminator_logits(augmented(batch.images, self.augment, batch), batch.condition)
            return {"loss": objective.generator(real, fake)}

        penalized = Phase(
            "discriminator",
            ("discriminator",),
            discriminator,
            lr_scale=self.discriminator_lr_scale,
            variant=lambda step: step % self.penalty_interval == 0,
        )
        return (
            penalized,
            Phase("generator", ("decoder",), generator, When(every=self.discriminator_steps), variant=constant),
        )

    def _penalties(self, model: Model, batch: Batch, step: int, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Those that have a weight; zero at steps that leave them out, and what they cost on average in evaluation."""
        from ..losses.adversarial import gradient_penalty, zero_centered_penalty

        interval = self.penalty_interval if batch.training else 1
        penalties = {
            "gradient_penalty": (self.gradient_penalty, lambda: gradient_penalty(model, batch, real, fake)),
            "r1": (self.r1, lambda: zero_centered_penalty(model, batch, real)),
            "r2": (self.r2, lambda: zero_centered_penalty(model, batch, fake)),
        }
        used = {name: penalty for name, penalty in penalties.items() if penalty[0]}
        if step % interval:
            return {name: real.new_zeros(len(real)) for name in used}
        return {name: interval * weight * penalty() for name, (weight, penalty) in used.items()}

    def check(self, recipe: Recipe) -> None:
        nets = recipe.nets
        if nets.conditional and not nets.widths:
            raise TrompeError(
                "a discriminator without a hidden layer has no features to condition on a class",
                hint="give `--nets.widths`",
            )
        bounded = self.gradient_penalty or self.r1 or self.r2 or (isinstance(nets, ConvOptions) and nets.spectral_norm)
        if self.objective == "wasserstein" and not bounded:
            raise TrompeError(
                "a Wasserstein objective without a bound on the discriminator's gradient has no optimum",
                hint="give `--family.gradient-penalty 10`, `--family.r1 1`, or to convolutions `--nets.spectral-norm`",
            )
