"""What measures need of a subject: each need's function says in words why it is not met, or `None`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from ..data.arrays import ImageData
from ..data.synthetic import MIXTURES
from ..errors import TrompeError
from ..families import phases_of
from .features import PixelFeatures
from .frechet import Moments
from .subject import Subject

STACKED = "stacked-mnist"

Need = Literal[
    "encoder", "decoder", "posterior", "learned classifier", "labels", "classes apart", "samples", "pictures",
    "training pictures", "lesson", "class outputs", "flat pictures", "feature space", "one shape", "known modes",
    "asked classes", "bound",
]  # fmt: skip
FEWEST_OF_A_CLASS = 10


def no_encoder(subject: Subject) -> str | None:
    return "there is no encoder" if subject.run is None or subject.run.model.encoder is None else None


def no_decoder(subject: Subject) -> str | None:
    return "there is no decoder" if subject.run is None or subject.run.model.decoder is None else None


def no_posterior(subject: Subject) -> str | None:
    if subject.run is None or subject.run.model.posterior_kind != "gaussian":
        return "the model has no Gaussian posterior"
    return None if subject.run.model.prior == "normal" else "the model's prior is not the unit Gaussian"


def no_bound(subject: Subject) -> str | None:
    if (unmet := no_posterior(subject)) is not None:
        return unmet
    assert subject.run is not None
    return "the model's losses bound no likelihood" if subject.run.model.discriminator is not None else None


def no_classifier(subject: Subject) -> str | None:
    run = subject.run
    if run is None or run.model.classifier is None:
        return "the model has no classifier"
    return None if run.step > phases_of(run.record.recipe.family)[-1].when.start else "it has not learned labels yet"


def no_labels(subject: Subject) -> str | None:
    if not isinstance(subject.data, ImageData) or subject.data.labels is None:
        return "the pictures have no labels"
    return None


def no_classes_apart(subject: Subject) -> str | None:
    labels = subject.test.labels
    assert labels is not None
    counts = np.bincount(labels)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < FEWEST_OF_A_CLASS:
        return f"it needs two classes or more, and {FEWEST_OF_A_CLASS} pictures of each"
    return None


def no_samples(subject: Subject) -> str | None:
    if subject.run is not None and subject.run.model.prior is None:
        return "nothing can be sampled from the model: its codes follow no known law"
    return None


def no_pictures(subject: Subject) -> str | None:
    return "of the data only moments are given" if isinstance(subject.data, Moments) else None


def no_lesson(subject: Subject) -> str | None:
    return refusal(subject.taught)


def no_training_pictures(subject: Subject) -> str | None:
    return refusal(subject.own)


def refusal(opened: Callable[[], object]) -> str | None:
    """Why something cannot be opened, in its own words without the hint, or `None`."""
    try:
        opened()
    except TrompeError as error:
        return str(error).splitlines()[0]
    return None


def no_class_outputs(subject: Subject) -> str | None:
    if subject.tried[1] is not None:
        return None
    other = (
        " from this file; the official inception-2015-12-05.pt has them" if subject.space.name == "inception" else ""
    )
    return f"`{subject.space.name}` gives no class probabilities{other}"


def not_flat(subject: Subject) -> str | None:
    if subject.samples.images.ndim == 4 and 1 in subject.samples.image_shape[1:]:
        return "it is of pictures, not of points or lines"
    return None if subject.samples.images.ndim == 4 else "it is of flat pictures, not of videos or voxels"


def no_space(subject: Subject) -> str | None:
    """A network that cannot be opened is no lack of the subject's: it raises, before anything is measured."""
    _ = subject.space
    return None


def unlike_shapes(subject: Subject) -> str | None:
    """In pixels, pictures of one shape only can be compared; moments, with features of their width."""
    if isinstance(subject.data, Moments):
        width, known = subject.tried[0].shape[1], len(subject.data.mean)
        return f"moments of {known} features against {width}" if width != known else None
    return shapes_apart(subject.samples, subject.test) if isinstance(subject.space, PixelFeatures) else None


def shapes_apart(first: ImageData, second: ImageData) -> str | None:
    if first.image_shape == second.image_shape:
        return None
    mend = "`--size` scales them" if first.image_shape[1:] != second.image_shape[1:] else "`--colour` converts them"
    return f"in pixels, pictures of {first.image_shape} and {second.image_shape} do not compare ({mend})"


def no_known_modes(subject: Subject) -> str | None:
    if no_pictures(subject) or modes_of(subject) is None:
        return f"modes are known of {', '.join(MIXTURES)} and {STACKED}"
    if subject.samples.image_shape != subject.test.image_shape:
        return f"samples of {subject.samples.image_shape} are none of {subject.test.name}"
    if modes_of(subject) == STACKED and subject.space.name in ("pixels", "inception"):
        return "digits are told apart by a classifier: give `--features` a run that has learned MNIST's labels"
    return None


def modes_of(subject: Subject) -> str | None:
    """The set with known modes that the pictures are of; a folder may have its name, but not its classes."""
    name = subject.test.name.partition(":")[0]
    modes = {STACKED: 1000} | {mixture: len(centres) for mixture, centres in MIXTURES.items()}
    return name if modes.get(name) == subject.test.num_classes else None


def no_asked_classes(subject: Subject) -> str | None:
    """Samples of known classes, and a feature space whose classes are the same."""
    if subject.run is not None and subject.run.model.num_classes == 0:  # known before anything is sampled
        return "no class was asked for: the model is not class-conditional"
    if (samples := subject.samples).labels is None:
        return "no class was asked for: the samples have none"
    probabilities = subject.tried[1]
    known, asked = subject.space.class_names, samples.class_names
    if probabilities is None or (known and known != asked) or probabilities.shape[1] != samples.num_classes:
        return "the classes asked for are not those that `--features` tells apart: give a run that has learned them"
    return None


UNMET: dict[Need, Callable[[Subject], str | None]] = {
    "encoder": no_encoder,
    "decoder": no_decoder,
    "posterior": no_posterior,
    "bound": no_bound,
    "learned classifier": no_classifier,
    "labels": no_labels,
    "classes apart": no_classes_apart,
    "samples": no_samples,
    "pictures": no_pictures,
    "training pictures": no_training_pictures,
    "lesson": no_lesson,
    "class outputs": no_class_outputs,
    "flat pictures": not_flat,
    "feature space": no_space,
    "one shape": unlike_shapes,
    "known modes": no_known_modes,
    "asked classes": no_asked_classes,
}
