"""What a model can do: the one place that decides it. Measures, figures and pages declare what they require, and what a
model lacks is skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .predictor import Predictor

Lack = Callable[[Predictor], str | None]
Condition = tuple[Callable[[Predictor], bool], str]
"""What must hold of a model, and the reason to give where it does not."""


def lack(*conditions: Condition) -> Lack:
    """What gives the reason of the first condition that a model does not fulfil, or `None`."""
    return lambda one: next((reason for holds, reason in conditions if not holds(one)), None)


def has(slot: str) -> Condition:
    return lambda one: slot in one.model.networks, f"the model has no {slot}"


GAUSSIAN: tuple[Condition, ...] = (
    (lambda one: one.model.posterior_kind == "gaussian", "the model has no Gaussian posterior"),
    (lambda one: one.model.prior == "normal", "the model's prior is not standard normal"),
)
LACKS: dict[str, Lack] = {
    "encoder": lack(has("encoder")),
    "decoder": lack(has("decoder")),
    "reconstruction": lack(
        has("encoder"),
        has("decoder"),
        (lambda one: not one.model.lifts, "the model's images are not of the shape of what it encodes"),
    ),
    "latents of training images": lack(
        (lambda one: "table" in one.model.networks, "the model keeps no latents of its training images")
    ),
    "prior": lack((lambda one: one.model.prior is not None, "the model has no prior: nothing can be sampled from it")),
    "gaussian posterior": lack(*GAUSSIAN),
    "bound": lack(
        *GAUSSIAN,
        (lambda one: "discriminator" not in one.model.networks, "the model's losses bound no likelihood"),
    ),
    "trained classifier": lack(
        has("classifier"),
        (
            lambda one: one.step > one.recipe.family.phases()[-1].when.start,
            "the model has not been trained on labels yet",
        ),
    ),
    "classes": lack((lambda one: one.model.num_classes > 0, "the model is not class-conditional")),
    "discriminator": lack(has("discriminator")),
    "discriminator of images": lack(
        has("discriminator"),
        (
            lambda one: "images" in one.recipe.family.discriminator_sees,
            "the model's discriminator sees latents, not images",
        ),
    ),
    "images": lack((lambda one: one.format.kind != "points", "the model is of points, not of images")),
    "flat images": lack(
        (lambda one: one.format.kind == "image" and len(one.format.shape) == 3, "the model is not of flat images")
    ),
    "points": lack((lambda one: one.format.kind == "points", "the model is not of points of the plane")),
}
"""By capability, what says in words why a model has it not, or `None`."""
no_gaussian_posterior = LACKS["gaussian posterior"]


def lacking(predictor: Predictor, capabilities: Iterable[str]) -> str | None:
    """Why a model cannot do all of these, or `None` where it can."""
    return next((reason for name in capabilities if (reason := LACKS[name](predictor))), None)
