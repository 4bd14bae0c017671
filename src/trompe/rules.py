"""What a recipe must fulfil: it is read strictly from JSON, its values are in range and fit each other, and a run goes
on only with the recipe it was made by.
"""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import pydantic

from .errors import TrompeError, nearest
from .options import (
    AAEOptions,
    BiGANOptions,
    ConvOptions,
    DataOptions,
    DenoisingOptions,
    EvaluateOptions,
    FamilyOptions,
    GANOptions,
    MLPOptions,
    NetsOptions,
    PatchOptions,
    PCAOptions,
    Recipe,
    StackedOptions,
    TrainOptions,
    VAEGANOptions,
    VAEOptions,
)

LIKELIHOODS_WITH_SCALE = {"gaussian", "linear-gaussian", "logistic"}
NETS: tuple[Any, ...] = get_args(get_args(NetsOptions)[0])
FAMILIES: tuple[Any, ...] = get_args(get_args(FamilyOptions)[0])
ADVERSARIAL = (GANOptions, BiGANOptions, VAEGANOptions, AAEOptions)

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
        "evaluate.codes",
        "evaluate.samples",
    }
)
"""Fields that change neither a run's weights nor their meaning: a run may go on with other values. Pictures that moved
are the same pictures, which their fingerprint tells."""

_ADAPTER: pydantic.TypeAdapter[Recipe] = pydantic.TypeAdapter(Recipe)


def to_json(recipe: Recipe) -> dict[str, Any]:
    return _ADAPTER.dump_python(recipe, mode="json", warnings=False)  # `from_json` is the one to complain


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
    if recipe.data.binarise != "no" and recipe.family.likelihood in LIKELIHOODS_WITH_SCALE:
        raise TrompeError(
            f"a {recipe.family.likelihood} likelihood is for grey levels, and data.binarise = "
            f"{recipe.data.binarise} makes them 0 or 1",
            hint="use `--family.likelihood bernoulli`, or `--data.binarise no`",
        )
    _check_corruption(family)
    _check_patches(recipe.data.patch)
    _check_networks(recipe)
    if isinstance(family, StackedOptions):
        _check_stack(recipe, family)
    _check_game(recipe)
    return recipe


def _check_corruption(family: FamilyOptions) -> None:
    if isinstance(family, DenoisingOptions | StackedOptions) and family.level > 1:
        raise TrompeError(
            f"family.level = {family.level:g} is more than all of the pixels, or noise wider than all grey levels",
            hint="give a number up to 1, as 0.3 for 30 %",
        )


def _check_patches(patch: PatchOptions) -> None:
    if patch.enlarge[0] > patch.enlarge[1]:
        raise TrompeError(
            f"data.patch.enlarge is from {patch.enlarge[0]:g} to {patch.enlarge[1]:g}", hint="give the smaller first"
        )
    if patch.size == 0 and patch != PatchOptions():
        raise TrompeError("the patches have no size", hint="give `--data.patch.size`, in pixels")


def _check_networks(recipe: Recipe) -> None:
    """A family that asks for networks of a certain kind has them."""
    nets, family = recipe.nets, recipe.family
    if isinstance(family, PCAOptions) and nets != MLPOptions(widths=(), latent=nets.latent, standardise=True):
        raise TrompeError("PCA is one linear layer to the code and one from it", hint="change only `--nets.latent`")
    if isinstance(family, PCAOptions) and recipe.train.steps:
        raise TrompeError("PCA is fitted, not trained", hint="leave `--train.steps` at 0")
    if isinstance(family, PCAOptions) and (recipe.data.flip or recipe.data.moves or recipe.data.binarise != "no"):
        raise TrompeError(
            "PCA has no steps in which pictures could be flipped, moved or binarised", hint="leave those options out"
        )
    if not isinstance(nets, MLPOptions):
        return
    if not nets.widths and (isinstance(family, VAEGANOptions) or (nets.conditional and isinstance(family, GANOptions))):
        raise TrompeError(
            "a discriminator without a hidden layer has no features to compare pictures or classes in",
            hint="give `--nets.widths`",
        )
    if nets.gated and nets.norm != "none":
        raise TrompeError("a gated layer is not normalised", hint="leave out `--nets.gated` or `--nets.norm`")
    if family.posterior == "gaussian" and not nets.linear_code:
        raise TrompeError("a Gaussian posterior's parameters are linear", hint="use `--nets.linear-code`")
    if nets.standardise and not family.likelihood.startswith("linear"):
        raise TrompeError(
            f"standardised numbers have no bounds, and family.likelihood = {family.likelihood} is of grey levels",
            hint="use `--family.likelihood linear` (or `linear-gaussian`), or leave `--nets.standardise` out",
        )


def _check_game(recipe: Recipe) -> None:
    nets, family = recipe.nets, recipe.family
    spectral = isinstance(nets, ConvOptions) and nets.spectral
    if spectral and not isinstance(family, ADVERSARIAL):
        raise TrompeError(
            f"only a discriminator is made spectral, and the family {family.kind} has none",
            hint="leave `--nets.spectral` out",
        )
    if not isinstance(family, GANOptions) or family.objective != "wasserstein":
        return
    if not (spectral or family.gradient_penalty or family.r1 or family.r2):
        raise TrompeError(
            "a Wasserstein objective without a bound on the discriminator's gradient has no optimum",
            hint="give `--family.gradient-penalty 10`, `--family.r1 1`, or `--nets.spectral` with convolutions",
        )


def _check_stack(recipe: Recipe, family: StackedOptions) -> None:
    nets, steps, layer_steps = recipe.nets, recipe.train.steps, sum(family.layer_steps)
    if not isinstance(nets, MLPOptions) or nets.conditional or nets.gated or nets.norm != "none":
        raise TrompeError(
            "only a plain multilayer perceptron is stacked, neither gated, normalised nor conditional",
            hint="use the recipe `sdae-mnist`",
        )
    if LIKELIHOODS_WITH_SCALE & {family.likelihood}:
        raise TrompeError(
            f"a stack's layers have no scale of their own, and family.likelihood = {family.likelihood} has one",
            hint="use `bernoulli`, `squared-error` or `linear`",
        )
    default = StackedOptions()
    unused: tuple[str, ...] = ("hide", "dropout", "adversarial", "keep") if family.finetune == "reconstruction" else ()
    unused += ("corruption", "level", "emphasis") if family.layers == "rbm" else ()
    for name in unused:
        if getattr(family, name) != getattr(default, name):
            raise TrompeError(
                f"family.{name} does nothing where family.layers = {family.layers} and family.finetune = "
                f"{family.finetune}",
                hint=f"leave `--family.{name}` out",
            )
    if family.layer_steps and len(family.layer_steps) != len(nets.widths) + 1:
        raise TrompeError(
            f"family.layer_steps has {len(family.layer_steps)} numbers, and the encoder {len(nets.widths) + 1} layers: "
            f"{len(nets.widths)} hidden ones and the code",
            hint="give one number of steps a layer, or none at all",
        )
    if 0 < steps <= layer_steps:
        raise TrompeError(
            f"the layers take {layer_steps:,} of train.steps = {steps:,} for themselves",
            hint="give more `--train.steps`, or fewer `--family.layer-steps`",
        )
    if family.layers == "rbm" and family.layer_steps and nets.activation != "sigmoid":
        raise TrompeError(
            f"a restricted Boltzmann machine's hidden units are logistic, and nets.activation = {nets.activation}",
            hint="use `--nets.activation sigmoid`, or `--family.layers denoising`",
        )


def _explain(error: pydantic.ValidationError) -> TrompeError:
    first = error.errors()[0]
    tags = {kind.kind for kind in (*NETS, *FAMILIES)}
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
        "nets": NETS,
        "family": FAMILIES,
        "train": (TrainOptions,),
        "evaluate": (EvaluateOptions,),
    }
    kinds = (PatchOptions,) if path[-1:] == ["patch"] else options.get(path[0], ()) if path else (Recipe,)
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
