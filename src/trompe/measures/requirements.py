"""What measures require of a subject, beside the capabilities of its model: each function says in words why a
requirement is not met, or `None`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..data.samples import Samples
from ..data.sources.synthetic import MIXTURES
from ..errors import TrompeError
from ..runs.capabilities import LACKS
from ..text import counted
from .features import PixelFeatures
from .moments import Moments
from .table import Measure, Subject

STACKED = "stacked-mnist"
FEWEST_OF_A_CLASS = 10
CLASSLESS = ("pixels", "inception")
"""Feature spaces that know no classes of a data set's."""
SAMPLED = ("samples", "flat samples", "one shape")
"""What every measure of samples against data requires."""


def no_classes_apart(subject: Subject) -> str | None:
    labels = subject.test.labels
    assert labels is not None
    counts = np.bincount(labels)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < FEWEST_OF_A_CLASS:
        return f"it needs at least two classes, and {FEWEST_OF_A_CLASS} images of each"
    return None


def refusal(opened: Callable[[], object]) -> str | None:
    """Why something cannot be opened, in its own words without the hint, or `None`."""
    try:
        opened()
    except TrompeError as error:
        return str(error).splitlines()[0]
    return None


def no_class_outputs(subject: Subject) -> str | None:
    if subject.probed[1] is not None:
        return None
    name = subject.space.name
    other = " from this file; the official inception-2015-12-05.pt has them" if name == "inception" else ""
    return f"`{name}` gives no class probabilities{other}"


def not_flat(subject: Subject) -> str | None:
    if subject.samples.kind == "points" or 1 in subject.samples.image_shape[1:]:
        return "it is of images, not of points or lines"
    return None if subject.samples.images.ndim == 4 else "it is of flat images, not of videos or voxels"


def unlike_shapes(subject: Subject) -> str | None:
    """In pixels, only images of one shape can be compared; moments, only with features of their width. A network that
    cannot be opened is no unmet requirement: it raises, before anything is measured.
    """
    subject.space.ready()
    if isinstance(subject.data, Moments):
        width, known = subject.probed[0].shape[1], len(subject.data.mean)
        return f"moments of {known} features against {width}" if width != known else None
    return shapes_apart(subject.samples, subject.test) if isinstance(subject.space, PixelFeatures) else None


def shapes_apart(first: Samples, second: Samples) -> str | None:
    if first.image_shape == second.image_shape:
        return None
    mend = "`--size` scales them" if first.image_shape[1:] != second.image_shape[1:] else "`--color` converts them"
    return f"in pixels, images of {first.image_shape} and {second.image_shape} do not compare ({mend})"


def no_known_modes(subject: Subject) -> str | None:
    if isinstance(subject.data, Moments) or modes_of(subject) is None:
        return f"modes are known of {', '.join(MIXTURES)} and {STACKED}"
    if subject.samples.image_shape != subject.test.image_shape:
        return f"samples of {subject.samples.image_shape} are none of {subject.test.name}"
    if modes_of(subject) == STACKED and subject.space.name in CLASSLESS:
        return "digits are distinguished by a classifier: give `--features` a run trained on MNIST's labels"
    return None


def modes_of(subject: Subject) -> str | None:
    """The set with known modes that the data are of; a folder may have its name, but not its classes."""
    name = subject.test.name.partition(":")[0]
    modes = {STACKED: 1000} | {mixture: len(centers) for mixture, centers in MIXTURES.items()}
    return name if modes.get(name) == subject.test.num_classes else None


def no_requested_classes(subject: Subject) -> str | None:
    """Samples of known classes, and a feature space whose classes are the same."""
    if subject.predictor is not None and subject.predictor.model.num_classes == 0:  # before anything is sampled
        return "the model is not class-conditional"
    if (samples := subject.samples).labels is None:
        return "the samples have no class labels"
    apart = "`--features` does not tell these classes apart: give a run trained on their labels"
    if subject.space.name in CLASSLESS:  # before it is fetched
        return apart
    probabilities = subject.probed[1]
    known, requested = subject.space.class_names, samples.class_names
    if probabilities is None or (known and known != requested) or probabilities.shape[1] != samples.num_classes:
        return apart
    return None


REQUIREMENTS: dict[str, Callable[[Subject], str | None]] = {
    "labels": lambda subject: "the images have no labels" if getattr(subject.data, "labels", None) is None else None,
    "classes apart": no_classes_apart,
    "samples": lambda subject: None if subject.predictor is None else LACKS["prior"](subject.predictor),
    "images of the data": lambda subject: (
        "of the data only moments are given" if isinstance(subject.data, Moments) else None
    ),
    "training images": lambda subject: refusal(subject.own),
    "probe data": lambda subject: refusal(subject.probe_data),
    "class outputs": no_class_outputs,
    "flat samples": not_flat,
    "one shape": unlike_shapes,
    "known modes": no_known_modes,
    "requested classes": no_requested_classes,
}


def too_few(subject: Subject, measure: Measure) -> str | None:
    """A measure that compares takes as many images of the data as samples; another looks at one of the two only."""
    if "one shape" in measure.requires:
        count, where = subject.fewest, " on a side"
    else:
        count, where = subject.sampled if "samples" in measure.requires else len(subject.test), ""
    known = f"{counted(count, 'image')}{where} {'is' if count == 1 else 'are'}"
    return f"{known} too few: it takes {measure.fewest}" if count < measure.fewest else None


def unmet(subject: Subject, measure: Measure) -> str | None:
    """Why a measure cannot be taken of this subject, or `None` where it can."""
    for requirement in measure.requires:
        if requirement in REQUIREMENTS:
            reason = REQUIREMENTS[requirement](subject)
        elif subject.predictor is None:
            reason = f"samples alone have no {requirement}"
        else:
            reason = LACKS[requirement](subject.predictor)
        if reason is None and requirement in ("samples", "images of the data"):
            reason = too_few(subject, measure)
        if reason is not None:
            return reason
    return None
