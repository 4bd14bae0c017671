"""The verbs of the served engine: from float32 rows to images as bytes, or to float32 rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import Tensor

from ..analysis.discriminator import discriminator_gradient
from ..analysis.inversion import invert
from ..display.grid import to_bytes
from ..errors import TrompeError
from ..runs.capabilities import lacking
from ..runs.predictor import Predictor
from .about import floats

MOST_ROWS, MOST_VALUES = 4096, 2**24
"""Of a request: rows, and values in the images of an answer."""
INVERSION_STEPS, INVERSION_STARTS, MOST_INVERTED = 200, 4, 4

Labels = list[int] | None


def decode(predictor: Predictor, latents: Tensor, labels: Labels) -> Tensor:
    return predictor.decode(latents, labels)


def sample(predictor: Predictor, noise: Tensor, labels: Labels) -> Tensor:
    return predictor.decode(predictor.model.latents_from_noise(noise), labels)


def encode(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    return predictor.encode(images.clamp(0, 1), labels)


def reconstruct(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    return predictor.reconstruct(images.clamp(0, 1), labels)


def classify(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    return predictor.classify(images.clamp(0, 1), labels)


def discriminate(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    return predictor.discriminator_logits(images.clamp(0, 1), labels)


def gradient(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    return discriminator_gradient(predictor, images.clamp(0, 1), labels)


def inverted(predictor: Predictor, images: Tensor, labels: Labels) -> Tensor:
    """The latent of each image, found by descent."""
    steps = partial(invert, method="descent", steps=INVERSION_STEPS, starts=INVERSION_STARTS)
    return steps(predictor, images.clamp(0, 1), labels).latents


@dataclass(frozen=True)
class Verb:
    """What the page may ask of a model.

    Attributes:
        about: what it gives, in a line.
        takes: `images`, `latents` or `noise`.
        gives: `images`, as bytes, or `rows` of float32.
        requires: capabilities.
        most: rows of a request.
        long: whether it takes seconds.
    """

    about: str
    run: Callable[[Predictor, Tensor, Labels], Tensor]
    takes: str
    gives: str
    requires: tuple[str, ...]
    most: int = MOST_ROWS
    long: bool = False

    def read(self, predictor: Predictor, content: bytes, label: int | None) -> tuple[Tensor, Labels]:
        """The rows of a request, and the label of each.

        Raises:
            TrompeError: the model has not this verb, or cannot take what was sent.
        """
        if reason := lacking(predictor, self.requires):
            raise TrompeError(reason, hint="the page shows what this run can do")
        model = predictor.model
        rows = floats(content, model.input_shape if self.takes == "images" else model.latent_shape)
        most = min(self.most, max(1, MOST_VALUES // math.prod(model.image_shape)))
        if len(rows) > most:
            raise TrompeError(f"{len(rows)} rows are too many", hint=f"send at most {most}")
        check_label(label, model.num_classes)
        return rows, None if label is None else [label] * len(rows)

    def computed(self, predictor: Predictor, rows: Tensor, labels: Labels) -> np.ndarray:
        """The answer, as an array whose bytes are sent."""
        found = self.run(predictor, rows, labels)
        return to_bytes(found) if self.gives == "images" else as_floats32(found)


def check_label(label: int | None, classes: int) -> None:
    """Refuse a label that a model does not take, or the lack of one that it needs."""
    if label is None and classes:
        raise TrompeError("this model is class-conditional and needs a label", hint=f"give `label`, 0 to {classes - 1}")
    if label is not None and not classes:
        raise TrompeError("this model is not class-conditional", hint="leave `label` out")
    if label is not None and label >= classes:
        raise TrompeError(f"there is no class {label}", hint=f"give `label`, 0 to {classes - 1}")


def as_floats32(rows: Tensor) -> np.ndarray:
    return np.ascontiguousarray(rows.float().numpy(), "<f4")


SERVED = {
    "decode": Verb("The image of each latent", decode, "latents", "images", ("decoder",)),
    "sample": Verb("An image from each row of normal noise", sample, "noise", "images", ("prior", "decoder")),
    "encode": Verb("The latent of each image", encode, "images", "rows", ("encoder",)),
    "reconstruct": Verb("Each image encoded and decoded", reconstruct, "images", "images", ("reconstruction",)),
    "classify": Verb("The probability of each class", classify, "images", "rows", ("trained classifier",)),
    "discriminate": Verb(
        "The discriminator's logit of each image", discriminate, "images", "rows", ("discriminator of images",)
    ),
    "gradient": Verb(
        "The gradient of that logit by the image", gradient, "images", "rows", ("discriminator of images",)
    ),
    "invert": Verb(
        "The latent of each image by descent", inverted, "images", "rows", ("prior", "decoder"), MOST_INVERTED, True
    ),
}
