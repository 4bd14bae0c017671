"""A recipe: everything that decides what a run becomes, as one tree of frozen dataclasses.

It is made by a Python function (`trompe.recipes`), changed by flags or `dataclasses.replace`, and recorded as JSON,
which is read back strictly (`trompe.rules`). Fields left at `None` are settled when a run is made, and recorded
settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import pydantic
import tyro
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import ConfigDict

from .names import Activation, CorruptionName, LikelihoodName, Objective, PosteriorName, PriorName

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Lt(1)]

Precision = Literal["float32", "bfloat16"]
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class PatchOptions:
    """Square patches to train on instead of whole pictures: each picture is turned and enlarged at random, a window of
    it is cut out at random, wholly inside where it fits, and sampled at `size` x `size` points.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    size: Natural = 0
    """Height and width of a patch; 0 for whole pictures."""
    window: Natural = 0
    """Side of the window in pixels of the enlarged picture; by default as `size`."""
    turn: Annotated[float, Ge(0), Le(180)] = 0.0
    """Largest angle either way, in degrees."""
    enlarge: tuple[Positive, Positive] = (1.0, 1.0)
    """Least and most that the picture is enlarged by."""
    count: Count = 100
    """Patches of each picture."""
    fresh: bool = False
    """Cut the patches to train on anew at each step."""


@dataclass(frozen=True)
class DataOptions:
    """Which pictures, and what is done to them inside the step."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    source: Annotated[str, tyro.conf.arg(aliases=["--data"])] = "digits"
    """A named set (`trompe data` lists them), or a folder or a zip of pictures; its training split is trained on."""
    size: Annotated[Count | tuple[Count, Count] | None, tyro.conf.arg(aliases=["--size"])] = None
    """Height and width of the pictures, one number for a square; by default as they are, or 64 where they differ."""
    colour: Literal["auto", "grey", "rgb"] = "auto"
    """Grey or colour; by default as the pictures are."""
    hold_out: Literal["as-given", "classes"] = "as-given"
    """What is tested on: the test split that there is, or a tenth of the pictures; or whole classes, a tenth of them
    and all their pictures, where classes are people, say."""
    binarise: Literal["no", "dynamic"] = "no"
    """`dynamic`: each grey level is the chance of a one, drawn anew at each step."""
    flip: bool = False
    """Mirror half of the pictures left to right, drawn anew at each step."""
    turn: Annotated[float, Ge(0), Le(180)] = 0.0
    """Turn the pictures by up to so many degrees either way, drawn anew at each step."""
    zoom: Share = 0.0
    """Scale them by up to this share either way."""
    shift: NonNegative = 0.0
    """Shift them by up to so many pixels either way, along each axis."""
    still: Share = 0.5
    """Share of the pictures that is left where it is: moving blurs a little."""
    patch: PatchOptions = field(default_factory=PatchOptions)
    """Patches of the pictures instead of the pictures."""

    @property
    def moves(self) -> bool:
        """Whether pictures are moved in the step."""
        return bool(self.turn or self.zoom or self.shift)


@dataclass(frozen=True)
class MLPOptions:
    """Multilayer perceptrons; the decoder mirrors the encoder."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: tyro.conf.Suppress[Literal["mlp"]] = "mlp"
    widths: tuple[Count, ...] = (500,)
    """Units of each hidden layer of the encoder."""
    latent: Count = 20
    """Numbers in a code."""
    activation: Activation = "relu"
    """Between layers."""
    norm: Literal["none", "batch"] = "none"
    """Normalise each hidden unit over the batch before its activation, but not in a discriminator of pairs."""
    gated: bool = False
    """Gate each hidden unit by a second one, instead of the activation."""
    linear_code: bool = True
    """Leave the code without the activation."""
    standardise: bool = False
    """Shift each pixel by its mean over the training pictures and scale all by one number, on the way in and back."""
    conditional: bool = False
    """Give the class to both networks."""


@dataclass(frozen=True)
class ConvOptions:
    """Convolutional towers that halve the picture once per width; the decoder mirrors the encoder."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: tyro.conf.Suppress[Literal["conv"]] = "conv"
    widths: Annotated[tuple[Count, ...], MinLen(1)] = (32, 64, 128)
    """Channels after each halving."""
    kernel: Annotated[int, Ge(2)] = 4
    """Kernel of the strided layers."""
    blocks: Natural = 0
    """Residual blocks at each size."""
    hidden: Natural = 0
    """Units of a dense layer between tower and code; 0 for none."""
    latent: Count = 64
    """Numbers in a code."""
    activation: Activation = "leaky-relu"
    """Between layers."""
    norm: Literal["none", "batch"] = "none"
    """Normalise channels over the batch after each strided layer, but not next to the pictures."""
    spectral: bool = False
    """Divide each of a discriminator's weights by its largest singular value."""
    initial: NonNegative = 0.0
    """Deviation of the normal law that weights start from; 0 for torch's own law."""
    conditional: bool = False
    """Give the class to both networks."""


@dataclass(frozen=True)
class AutoencoderOptions:
    """An autoencoder: encode, decode, compare."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["autoencoder"]] = "autoencoder"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""


@dataclass(frozen=True)
class PCAOptions:
    """Principal component analysis, as a model like any other: fitted when the run is made, not trained."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[PriorName | None] = None

    kind: tyro.conf.Suppress[Literal["pca"]] = "pca"
    likelihood: tyro.conf.Suppress[Literal["linear"]] = "linear"


@dataclass(frozen=True)
class DenoisingOptions:
    """A denoising autoencoder: the picture back from a corrupted copy of it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
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
class StackedOptions:
    """Layers trained one after another, each on the clean code of those below it, then all of them together."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
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
class VAEOptions:
    """A variational autoencoder with a Gaussian posterior and the unit Gaussian as prior."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
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
class GANOptions:
    """A generator and a discriminator, each trained against the other."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
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
class BiGANOptions:
    """A generator, an encoder, and a discriminator that sees pictures with their codes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

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
class VAEGANOptions:
    """A VAE whose reconstructions are compared in the features of a discriminator."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
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
class AAEOptions:
    """An autoencoder whose codes a discriminator compares with the prior's."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    posterior: ClassVar[PosteriorName] = "point"

    kind: tyro.conf.Suppress[Literal["aae"]] = "aae"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""
    prior: PriorName = "normal"
    """The law that codes are to follow: standard normal, or uniform from -1 to 1."""
    adversarial_rate: Positive = 1.0
    """Learning rate of the discriminator, and of the encoder against it, in units of `train.learning_rate`."""


@dataclass(frozen=True)
class TrainOptions:
    """How long, how fast, and what is written meanwhile."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    steps: Natural = 5000
    """Steps in all; a larger number extends a finished run."""
    batch: Count = 128
    """Pictures per step."""
    optimiser: Literal["adam", "muon"] = "adam"
    """`muon` makes more of each step of a deep network, and takes longer over it."""
    learning_rate: Positive = 1e-3
    """At its highest."""
    schedule: Literal["constant", "cosine"] = "constant"
    """`cosine` takes the learning rate down to a hundredth at `decay_steps`; a run to be extended is best constant."""
    decay_steps: Count | None = None
    """By default `steps`, as they were when the run was made."""
    rate_warmup: Natural = 0
    """Steps over which the learning rate rises from 0."""
    weight_decay: NonNegative = 0.0
    """Pull of all weights towards zero, times the learning rate."""
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of Adam's mean of gradients."""
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    """Of Adam's mean of squared gradients."""
    clip: NonNegative = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    ema: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Decay of the moving average of the weights, which is what is used afterwards; 0 for none."""
    precision: Precision | None = None
    """Of matrix products and convolutions; by default bfloat16 where the machine has units for it."""
    seed: Natural = 0
    """Of everything random: weights, order, noise."""
    log_every: Count = 100
    """Steps between lines of the log."""
    evaluate_every: Natural = 1000
    """Steps between evaluations of the loss on test pictures; 0 for none."""
    sample_every: Natural = 500
    """Steps between pictures of progress; 0 for none."""
    snapshots: tuple[Natural, ...] = ()
    """Steps whose weights and pictures are kept."""
    checkpoint_seconds: NonNegative = 60.0
    """Seconds of work that a power cut may cost."""


@dataclass(frozen=True)
class EvaluateOptions:
    """How `trompe evaluate` measures, where its flags do not say otherwise."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    codes: Count = 100
    """Codes per picture of the importance-weighted bound."""
    samples: Count = 10_000
    """Samples that are compared with data."""


NetsOptions = Annotated[MLPOptions | ConvOptions, pydantic.Field(discriminator="kind")]
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


@dataclass(frozen=True)
class Recipe:
    """Data, networks, family, training and evaluation."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: tyro.conf.Suppress[str]
    data: DataOptions = field(default_factory=DataOptions)
    nets: NetsOptions = field(default_factory=MLPOptions)
    family: FamilyOptions = field(default_factory=VAEOptions)
    train: TrainOptions = field(default_factory=TrainOptions)
    evaluate: EvaluateOptions = field(default_factory=EvaluateOptions)
