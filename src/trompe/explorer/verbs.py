"""The verbs of the served engine: from float32 rows to images as bytes, or to float32 rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import Tensor

from ..analysis.discriminator import discriminator_gradient
from ..analysis.inversion import invert
from ..errors import TrompeError
from ..runs.capabilities import lacking
from ..runs.predictor import Predictor
from .about import floats, levels

MOST_ROWS = 4096
"""Of a request."""
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
    if len(images) > MOST_INVERTED:
        raise TrompeError(f"{len(images)} images are too many to invert", hint=f"send at most {MOST_INVERTED}")
    steps = partial(invert, method="descent", steps=INVERSION_STEPS, starts=INVERSION_STARTS)
    return steps(predictor, images.clamp(0, 1), labels).latents


@dataclass(frozen=True)
class Verb:
    """What the page may ask of a model.

    Attributes:
        takes: `images`, `latents` or `noise`.
        gives: `images`, as bytes, or `rows` of float32.
        requires: capabilities.
    """

    run: Callable[[Predictor, Tensor, Labels], Tensor]
    takes: str
    gives: str
    requires: tuple[str, ...]

    def __call__(self, predictor: Predictor, content: bytes, label: int | None) -> bytes:
        """The answer to a request of one label.

        Raises:
            TrompeError: the model has not this verb, or cannot take what was sent.
        """
        if reason := lacking(predictor, self.requires):
            raise TrompeError(reason, hint="the page shows what this run can do")
        model = predictor.model
        rows = floats(content, model.input_shape if self.takes == "images" else model.latent_shape)
        if len(rows) > MOST_ROWS:
            raise TrompeError(f"{len(rows)} rows are too many", hint=f"send at most {MOST_ROWS}")
        found = self.run(predictor, rows, None if label is None else [label] * len(rows))
        return levels(found).tobytes() if self.gives == "images" else as_bytes(found)


def as_bytes(rows: Tensor) -> bytes:
    return np.ascontiguousarray(rows.float().numpy(), "<f4").tobytes()


SERVED = {
    "decode": Verb(decode, "latents", "images", ("decoder",)),
    "sample": Verb(sample, "noise", "images", ("prior", "decoder")),
    "encode": Verb(encode, "images", "rows", ("encoder",)),
    "reconstruct": Verb(reconstruct, "images", "images", ("reconstruction",)),
    "classify": Verb(classify, "images", "rows", ("trained classifier",)),
    "discriminate": Verb(discriminate, "images", "rows", ("discriminator of images",)),
    "gradient": Verb(gradient, "images", "rows", ("discriminator of images",)),
    "invert": Verb(inverted, "images", "rows", ("prior", "decoder")),
}
