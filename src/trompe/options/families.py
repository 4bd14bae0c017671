"""Families of models, each with what it is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pydantic
import tyro

from ..names import CorruptionName, LikelihoodName, Objective, PosteriorName, PriorName
from .numbers import Count, Natural, NonNegative, Positive, Share, Strict


@dataclass(frozen=True)
class AutoencoderOptions(Strict):
    """An autoencoder: encode, decode, compare."""

    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["autoencoder"]] = "autoencoder"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""


@dataclass(frozen=True)
class PCAOptions(Strict):
    """Principal component analysis, as a model like any other: fitted when the run is made, not trained."""

    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["pca"]] = "pca"
    likelihood: tyro.conf.Suppress[Literal["linear"]] = "linear"


@dataclass(frozen=True)
class DenoisingOptions(Strict):
    """A denoising autoencoder: the picture back from a corrupted copy of it."""

    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["denoising"]] = "denoising"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""
    corruption: CorruptionName = "masking"
    """Set pixels to zero, add Gaussian noise, or set pixels to zero or one."""
    level: NonNegative = 0.3
    """The share of the pixels that is hit; for Gaussian noise its deviation in grey levels of [0, 1]."""
    emphasis: tuple[NonNegative, NonNegative] = (1.0, 1.0)
    """Weights of the error on pixels that were hit and on those that were not."""


@dataclass(frozen=True)
class StackedOptions(Strict):
    """Layers trained one after another, each on the clean code of those below it, then all of them together."""

    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["stacked"]] = "stacked"
    likelihood: LikelihoodName = "bernoulli"
    """How a picture is compared with its reconstruction."""
    layer_steps: tuple[Count, ...] = (4000, 4000, 4000)
    """Steps of each layer's own training, the lowest first: hidden layers, then the code; empty for none."""
    layer_rate: Positive = 1.0
    """Their learning rate, in units of `train.learning_rate`."""
    layers: Literal["denoising", "rbm"] = "denoising"
    """What a layer is by itself: a denoising autoencoder, or a restricted Boltzmann machine."""
    corruption: CorruptionName = "masking"
    """What a denoising layer's input suffers: see the family `denoising`."""
    level: NonNegative = 0.25
    """How much of it."""
    emphasis: tuple[NonNegative, NonNegative] = (1.0, 1.0)
    """Weights of the error where it was hit and elsewhere."""
    finetune: Literal["labels", "reconstruction"] = "labels"
    """What all layers together learn in the end: to classify, or to reconstruct."""
    hide: Share = 0.2
    """Share of the pixels masked while labels are learned."""
    dropout: Share = 0.5
    """Share of the hidden units dropped while labels are learned."""
    adversarial: NonNegative = 0.1
    """How far each grey level of the pictures is moved against the model while labels are learned; 0 for not at all."""
    keep: NonNegative = 0.01
    """Weight of the reconstruction while labels are learned."""


@dataclass(frozen=True)
class VAEOptions(Strict):
    """A variational autoencoder with a Gaussian posterior and the unit Gaussian as prior."""

    posterior: ClassVar[PosteriorName] = "gaussian"
    prior: ClassVar[PriorName | None] = "normal"

    kind: tyro.conf.Suppress[Literal["vae"]] = "vae"
    likelihood: LikelihoodName = "bernoulli"
    """How a picture is compared with its reconstruction."""
    beta: NonNegative = 1.0
    """Weight of the KL divergence; 1 is the bound on the likelihood."""
    warmup: Natural = 0
    """Steps over which that weight rises from 0."""
    free_bits: NonNegative = 0.0
    """Nats per code number that cost nothing."""
    samples: Count = 1
    """Codes per picture; more than one trains the importance-weighted bound (with beta 1 and no free bits)."""


@dataclass(frozen=True)
class GANOptions(Strict):
    """A generator and a discriminator, each trained against the other."""

    posterior: ClassVar[PosteriorName] = "point"

    kind: tyro.conf.Suppress[Literal["gan"]] = "gan"
    likelihood: Literal["squared-error", "linear"] = "squared-error"
    """How the generator's numbers become grey levels: through a sigmoid, or, `linear`, as they are, cut off at black
    and white only when they are used. Where pictures are mostly black, a sigmoid has next to no slope, and the
    generator stays black."""
    objective: Objective = "non-saturating"
    """What the two are paid for: `minimax` is the literal negation of the discriminator's loss."""
    prior: PriorName = "normal"
    """Law of the code numbers: standard normal, or uniform from -1 to 1."""
    discriminator_steps: Count = 1
    """Steps of the discriminator for each of the generator's."""
    discriminator_rate: Positive = 1.0
    """The discriminator's learning rate, in units of `train.learning_rate`."""
    gradient_penalty: NonNegative = 0.0
    """Weight of the pull of the discriminator's gradient norm between real and generated pictures towards one."""
    r1: NonNegative = 0.0
    """Weight of the squared gradient of the discriminator at real pictures."""
    r2: NonNegative = 0.0
    """Weight of the same at generated ones."""
    penalty_every: Count = 1
    """Take these three weights at every so many steps only, and so many times as strong then: nearly as good, and the
    step is cheaper."""
    augment: tuple[Literal["colour", "shift", "cutout"], ...] = ()
    """Change pictures before the discriminator sees them, real and generated ones alike, so that few are enough."""


@dataclass(frozen=True)
class BiGANOptions(Strict):
    """A generator, an encoder, and a discriminator that sees pictures with their codes."""

    kind: tyro.conf.Suppress[Literal["bigan"]] = "bigan"
    likelihood: tyro.conf.Suppress[Literal["squared-error"]] = "squared-error"
    posterior: PosteriorName = "point"
    """What the encoder gives of a picture: its code, or with `gaussian` a law of codes."""
    prior: PriorName = "normal"
    """Law of the code numbers: standard normal, or uniform from -1 to 1."""
    discriminator_rate: Positive = 1.0
    """The discriminator's learning rate, in units of `train.learning_rate`."""
    r1: NonNegative = 0.0
    """Weight of the squared gradient of the discriminator at real pictures and their codes."""


@dataclass(frozen=True)
class VAEGANOptions(Strict):
    """A VAE whose reconstructions are compared in the features of a discriminator."""

    posterior: ClassVar[PosteriorName] = "gaussian"
    prior: ClassVar[PriorName | None] = "normal"

    kind: tyro.conf.Suppress[Literal["vae-gan"]] = "vae-gan"
    likelihood: tyro.conf.Suppress[Literal["squared-error"]] = "squared-error"
    beta: NonNegative = 1.0
    """Weight of the KL divergence."""
    adversarial: Positive = 1.0
    """Weight of looking real, against that of the features, in what the decoder is paid."""
    discriminator_rate: Positive = 1.0
    """The discriminator's learning rate, in units of `train.learning_rate`."""


@dataclass(frozen=True)
class AAEOptions(Strict):
    """An autoencoder whose codes a discriminator compares with the prior's."""

    posterior: ClassVar[PosteriorName] = "point"

    kind: tyro.conf.Suppress[Literal["aae"]] = "aae"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""
    prior: PriorName = "normal"
    """The law that codes are to follow: standard normal, or uniform from -1 to 1."""
    adversarial_rate: Positive = 1.0
    """Learning rate of the discriminator, and of the encoder against it, in units of `train.learning_rate`."""


FamilyOptions = Annotated[
    VAEOptions
    | AutoencoderOptions
    | DenoisingOptions
    | StackedOptions
    | PCAOptions
    | GANOptions
    | BiGANOptions
    | VAEGANOptions
    | AAEOptions,
    pydantic.Field(discriminator="kind"),
]
