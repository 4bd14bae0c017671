"""What a discriminator tells: its gradient with respect to the image, which says what to change to look more real, and
in the plane its logits everywhere and which way the generator is pushed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.samples import Samples
from ..display.grid import Images
from ..errors import TrompeError
from ..families import GAN
from ..losses.adversarial import OBJECTIVES, input_gradient
from ..runs.capabilities import lacking
from ..runs.predictor import Labels, Predictor

STRIDE = 0.004
"""Mean change of a pixel in a step of the ascent, on the [0, 1] scale."""
SIDE = 60
POINTS = 400
"""Of a field: logits along each side of the plane, and generated points."""


def discriminator_gradient(predictor: Predictor, images: Images, labels: Labels | None = None) -> Images:
    """The gradient of the discriminator's logit with respect to each image.

    Raises:
        TrompeError: the model has no discriminator of images.
    """
    if reason := lacking(predictor, ("discriminator of images",)):
        raise TrompeError(reason, hint="give a GAN's run")
    return predictor.apply(input_gradient, images, labels).detach().view_as(images)


def discriminator_ascent(
    predictor: Predictor, images: Images, labels: Labels | None = None, steps: int = 40
) -> Iterator[Images]:
    """Images that follow the discriminator's gradient, before each step and after the last."""
    for _ in range(steps):
        yield images
        gradient = discriminator_gradient(predictor, images, labels)
        scale = gradient.flatten(1).abs().mean(1).clamp_min(1e-12).view(-1, *(1,) * (gradient.ndim - 1))
        images = (images + STRIDE * gradient / scale).clamp(0, 1)
    yield images


def generated(
    predictor: Predictor, count: int, seed: int = 0, label: int | None = None
) -> tuple[Images, Tensor | None]:
    """Samples, and their labels where the model is class-conditional: this one, or each in turn."""
    labels = None if label is None else [label] * count
    return predictor.sample(count, seed=seed, labels=labels), predictor.condition(count, labels).labels


def real_probability(predictor: Predictor, logits: Float[Tensor, " count"]) -> Float[Tensor, " count"] | None:
    """The discriminator's probability that each image is real, or `None` where its logits are none of a probability."""
    family = predictor.recipe.family
    no_probability = isinstance(family, GAN) and OBJECTIVES[family.objective].threshold != 0
    return None if no_probability else torch.sigmoid(logits)


@dataclass(frozen=True)
class Field:
    """Both networks at a step.

    Attributes:
        logits: of the discriminator over the plane, relative to its threshold.
        points: generated.
        push: minus the gradient of the generator's loss at each of them.
    """

    step: int
    logits: Float[np.ndarray, "side side"]
    points: Float[np.ndarray, "points 2"]
    push: Float[np.ndarray, "points 2"]


def field_of(predictor: Predictor, real: Samples) -> Field:
    """The field of a GAN of points.

    Raises:
        TrompeError: the model is another.
    """
    family = predictor.recipe.family
    if reason := lacking(predictor, ("points", "discriminator of images")):
        raise TrompeError(reason, hint="train one: `trompe train gan-2d`")
    if not isinstance(family, GAN) or predictor.model.num_classes:
        raise TrompeError("the field is of an unconditional GAN", hint="train one: `trompe train gan-2d`")
    objective = OBJECTIVES[family.objective]
    line = torch.linspace(0, 1, SIDE)
    plane = torch.cartesian_prod(line, line).flip(1).view(-1, *predictor.model.image_shape)
    logits = predictor.discriminator_logits(plane).view(SIDE, SIDE).numpy()
    logits = logits - (float(np.median(logits)) if objective.threshold is None else objective.threshold)
    fakes = predictor.sample(POINTS)
    points = predictor.format.restored(fakes).reshape(-1, 2).astype(np.float64)
    levels = real.images_as_floats()[torch.arange(POINTS) % len(real)]
    at = fakes.to(predictor.device).requires_grad_()
    reals, others = (predictor.model.discriminator_logits(one) for one in (levels.to(predictor.device), at))
    (gradient,) = torch.autograd.grad(objective.generator(reals, others).sum(), at)
    return Field(predictor.step, logits, points, -gradient.flatten(1).cpu().numpy())


def scale_of(fields: Sequence[Field]) -> tuple[float, float]:
    """The strongest push and the largest logit of them all, but for a few outliers."""
    strongest = max(float(np.quantile(np.linalg.norm(one.push, axis=1), 0.95)) for one in fields)
    return strongest, max(float(np.quantile(np.abs(one.logits), 0.9)) for one in fields)
