"""What measures need of a subject: each need's function says in words why it is not met, or `None`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..data.arrays import ImageData
from ..data.synthetic import MIXTURES
from ..errors import TrompeError
from ..families import phases_of
from .frechet import Moments
from .subject import Subject

STACKED = "stacked-mnist"

Need = Literal[
    "encoder", "posterior", "learned classifier", "labels", "samples", "pictures", "training pictures", "lesson",
    "class outputs", "flat pictures", "feature space", "known modes",
]  # fmt: skip


def no_encoder(subject: Subject) -> str | None:
    if subject.run is None or subject.run.model.encoder is None or subject.run.model.decoder is None:
        return "there is no encoder"
    return None


def no_posterior(subject: Subject) -> str | None:
    if subject.run is None or subject.run.model.posterior_kind != "gaussian":
        return "the model has no Gaussian posterior"
    return None


def no_classifier(subject: Subject) -> str | None:
    run = subject.run
    if run is None or run.model.classifier is None:
        return "the model has no classifier"
    return None if run.step > phases_of(run.record.recipe.family)[-1].when.start else "it has not learned labels yet"


def no_labels(subject: Subject) -> str | None:
    if not isinstance(subject.data, ImageData) or subject.data.labels is None:
        return "the pictures have no labels"
    return None


def no_samples(subject: Subject) -> str | None:
    if subject.run is not None and subject.run.model.prior is None:
        return "nothing can be sampled from the model: its codes follow no known law"
    return None


def no_pictures(subject: Subject) -> str | None:
    return "of the data only moments are given" if isinstance(subject.data, Moments) else None


def no_lesson(subject: Subject) -> str | None:
    try:
        subject.taught()
    except TrompeError as error:
        return str(error).splitlines()[0]
    return None


def no_training_pictures(subject: Subject) -> str | None:
    try:
        subject.own()
    except TrompeError as error:
        return str(error).splitlines()[0]
    return None


def no_class_outputs(subject: Subject) -> str | None:
    return f"`{subject.space.name}` gives no class probabilities" if subject.probabilities is None else None


def not_flat(subject: Subject) -> str | None:
    return None if subject.samples.images.ndim == 4 else "it is of flat pictures, not of videos or voxels"


def no_space(subject: Subject) -> str | None:
    """A network that cannot be opened is no lack of the subject's: it raises, before anything is measured."""
    _ = subject.space
    return None


def no_known_modes(subject: Subject) -> str | None:
    if no_pictures(subject) or modes_of(subject) is None:
        return f"modes are known of {', '.join(MIXTURES)} and {STACKED}"
    if modes_of(subject) == STACKED:
        return stacks_without_classes(subject)
    return None


def stacks_without_classes(subject: Subject) -> str | None:
    if subject.space.name in ("pixels", "inception"):
        return "digits are told apart by a classifier: give `--features` a run that has learned MNIST's labels"
    return None


def modes_of(subject: Subject) -> str | None:
    """The set with known modes that the pictures are of."""
    name = subject.test.name.partition(":")[0]
    return name if name in (*MIXTURES, STACKED) else None


UNMET: dict[Need, Callable[[Subject], str | None]] = {
    "encoder": no_encoder,
    "posterior": no_posterior,
    "learned classifier": no_classifier,
    "labels": no_labels,
    "samples": no_samples,
    "pictures": no_pictures,
    "training pictures": no_training_pictures,
    "lesson": no_lesson,
    "class outputs": no_class_outputs,
    "flat pictures": not_flat,
    "feature space": no_space,
    "known modes": no_known_modes,
}
