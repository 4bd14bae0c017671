"""A recipe: everything that decides what a run becomes, as one tree of frozen dataclasses.

It is made by a Python function (`trompe.recipes`), changed by flags or `dataclasses.replace`, and recorded as JSON,
which is read back strictly. Fields left at `None` are settled when a run is made, and recorded settled.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import pydantic
import tyro
from annotated_types import Ge, Gt, Lt, MinLen
from pydantic import ConfigDict

from .errors import TrompeError, nearest
from .names import Activation, LikelihoodName

Count = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]

Precision = Literal["float32", "bfloat16"]
STRICT = ConfigDict(extra="forbid")


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
    binarise: Literal["no", "dynamic"] = "no"
    """`dynamic`: each grey level is the chance of a one, drawn anew at each step."""
    flip: bool = False
    """Mirror half of the pictures left to right, drawn anew at each step."""


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
    gated: bool = False
    """Gate each hidden unit by a second one, instead of the activation."""
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
    conditional: bool = False
    """Give the class to both networks."""


@dataclass(frozen=True)
class AutoencoderOptions:
    """An autoencoder: encode, decode, compare."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: tyro.conf.Suppress[Literal["autoencoder"]] = "autoencoder"
    likelihood: LikelihoodName = "squared-error"
    """How a picture is compared with its reconstruction."""


@dataclass(frozen=True)
class VAEOptions:
    """A variational autoencoder with a Gaussian posterior and the unit Gaussian as prior."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

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
class TrainOptions:
    """How long, how fast, and what is written meanwhile."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    steps: Natural = 5000
    """Steps in all; a larger number extends a finished run."""
    batch: Count = 128
    """Pictures per step."""
    learning_rate: Positive = 1e-3
    """Of Adam, at its highest."""
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

    samples: Count = 100
    """Codes per picture of the importance-weighted bound."""


NetsOptions = Annotated[MLPOptions | ConvOptions, pydantic.Field(discriminator="kind")]
FamilyOptions = Annotated[VAEOptions | AutoencoderOptions, pydantic.Field(discriminator="kind")]


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


MAY_CHANGE = frozenset(
    {
        "name",
        "data.source",
        "train.steps",
        "train.log_every",
        "train.evaluate_every",
        "train.sample_every",
        "train.snapshots",
        "train.checkpoint_seconds",
        "evaluate.samples",
    }
)
"""Fields that change neither a run's weights nor their meaning: a run may go on with other values. Pictures that moved
are the same pictures, which their fingerprint tells."""

_ADAPTER: pydantic.TypeAdapter[Recipe] = pydantic.TypeAdapter(Recipe)


def to_json(recipe: Recipe) -> dict[str, Any]:
    return _ADAPTER.dump_python(recipe, mode="json")


def from_json(value: Any) -> Recipe:
    """Read a recipe strictly: an unknown key, a wrong type or a value out of range is an error that names it."""
    try:
        return _ADAPTER.validate_python(value)
    except pydantic.ValidationError as error:
        raise _explain(error) from error


def checked(recipe: Recipe) -> Recipe:
    """The recipe, if every value is in range and they fit each other."""
    recipe = from_json(to_json(recipe))
    if recipe.data.source.endswith((":train", ":test")):
        raise TrompeError(
            f"a recipe's data are a whole set, not the split `{recipe.data.source}`: one part of it is trained on, the "
            "other tested on",
            hint=f"give `--data {recipe.data.source.rsplit(':', 1)[0]}`",
        )
    family = recipe.family
    if (
        isinstance(family, VAEOptions)
        and family.samples > 1
        and (family.beta != 1 or family.free_bits or family.warmup)
    ):
        raise TrompeError(
            f"the importance-weighted bound (family.samples = {family.samples}) has no separate KL to weigh: "
            f"got beta {family.beta:g}, free_bits {family.free_bits:g}, warmup {family.warmup}",
            hint="leave those three at 1, 0 and 0, or use `--family.samples 1`",
        )
    if recipe.data.binarise != "no" and recipe.family.likelihood in ("gaussian", "logistic"):
        raise TrompeError(
            f"a {recipe.family.likelihood} likelihood is for grey levels, and data.binarise = "
            f"{recipe.data.binarise} makes them 0 or 1",
            hint="use `--family.likelihood bernoulli`, or `--data.binarise no`",
        )
    return recipe


def _explain(error: pydantic.ValidationError) -> TrompeError:
    first = error.errors()[0]
    tags = {"mlp", "conv", "vae", "autoencoder"}
    path = [str(part) for part in first["loc"] if part not in tags]
    name = ".".join(path)
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = [key.rsplit(".", 1)[-1] for key in _known_keys(path[:-1])]
        return TrompeError(f"unknown key `{name}` in a recipe", hint=nearest(path[-1], known))
    message = first["msg"][0].lower() + first["msg"][1:]
    return TrompeError(
        f"recipe field `{name}` is {first['input']!r}: {message}",
        hint="`trompe train RECIPE --help` says what each flag takes",
    )


def _known_keys(path: list[str]) -> set[str]:
    options: dict[str, tuple[type, ...]] = {
        "data": (DataOptions,),
        "nets": (MLPOptions, ConvOptions),
        "family": (VAEOptions, AutoencoderOptions),
        "train": (TrainOptions,),
        "evaluate": (EvaluateOptions,),
    }
    kinds = options.get(path[0], ()) if path else (Recipe,)
    return {item.name for kind in kinds for item in dataclasses.fields(kind)}


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested JSON object as dotted names."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        result |= flat(item, f"{prefix}{key}.") if isinstance(item, dict) else {f"{prefix}{key}": item}
    return result


def differences(old: Recipe, new: Recipe) -> list[str]:
    """What separates two recipes in a way that changes the run, one readable line each."""
    before, after = flat(to_json(old)), flat(to_json(new))
    return [
        f"{name}: {_shown(before, name)} -> {_shown(after, name)}"
        for name in sorted((before.keys() | after.keys()) - MAY_CHANGE)
        if before.get(name, ...) != after.get(name, ...)
    ]


def _shown(values: dict[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "absent"


def continued(settled: Recipe, new: Recipe) -> Recipe:
    """The settled recipe of a run, with what may change as the new recipe has it."""
    value, changed = to_json(settled), to_json(new)
    for name in MAY_CHANGE - {"name"}:
        section, key = name.split(".")
        value[section][key] = changed[section][key]
    return from_json(value)
