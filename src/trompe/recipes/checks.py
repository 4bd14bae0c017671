"""What a recipe must fulfil: its values are in range and fit each other."""

from __future__ import annotations

from ..errors import TrompeError
from ..options.data import PatchOptions
from ..options.nets import MLPOptions
from .serialize import from_json, to_json
from .tree import Recipe

LEARNED_SCALE = ("gaussian", "linear-gaussian", "logistic")
"""Likelihoods with a scale of their own."""


def checked(recipe: Recipe) -> Recipe:
    """The recipe, if every value is in range and they fit each other."""
    recipe = from_json(to_json(recipe))
    data, family = recipe.data, recipe.family
    if data.source.endswith((":train", ":test")):
        raise TrompeError(
            f"a recipe's data are a whole set, not the split `{data.source}`: one split is trained on, the "
            "other tested on",
            hint=f"give `--data {data.source.rsplit(':', 1)[0]}`",
        )
    if data.binarize != "no" and family.likelihood in LEARNED_SCALE:
        raise TrompeError(
            f"a {family.likelihood} likelihood is for gray levels; data.binarize = {data.binarize} makes them 0 or 1",
            hint="use `--family.likelihood bernoulli`, or `--data.binarize no`",
        )
    check_patches(data.patch)
    check_networks(recipe)
    family.check(recipe)
    return recipe


def check_data(recipe: Recipe) -> None:
    """Some recipes are for any images, and name none.

    Raises:
        TrompeError: nothing says what to train on.
    """
    if not recipe.data.source:
        raise TrompeError(
            f"the recipe `{recipe.name}` is for images of your own, and none were given",
            hint="give `--data`: a folder or zip of images, or a named set such as `digits` (`trompe data` lists them)",
        )


def check_patches(patch: PatchOptions) -> None:
    if patch.scale[0] > patch.scale[1]:
        raise TrompeError(
            f"data.patch.scale is from {patch.scale[0]:g} to {patch.scale[1]:g}", hint="give the smaller first"
        )
    if patch.size == 0 and patch != PatchOptions():
        raise TrompeError("the patches have no size", hint="give `--data.patch.size`, in pixels")


def check_networks(recipe: Recipe) -> None:
    nets, family = recipe.nets, recipe.family
    if not isinstance(nets, MLPOptions):
        if nets.spectral_norm and not family.discriminator_sees:
            raise TrompeError(
                f"spectral normalization is of a discriminator, and the family {family.kind} has none",
                hint="leave `--nets.spectral-norm` out",
            )
        return
    if nets.gated and nets.norm != "none":
        raise TrompeError("a gated layer is not normalized", hint="leave out `--nets.gated` or `--nets.norm`")
    if family.posterior == "gaussian" and not nets.linear_latent:
        raise TrompeError("a Gaussian posterior's parameters are linear", hint="use `--nets.linear-latent`")
    if nets.standardize and not family.likelihood.startswith("linear"):
        raise TrompeError(
            f"standardized values have no bounds, and family.likelihood = {family.likelihood} is of gray levels",
            hint="use `--family.likelihood linear` (or `linear-gaussian`), or leave `--nets.standardize` out",
        )
