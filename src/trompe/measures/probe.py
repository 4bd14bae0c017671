"""What codes are good for: the error of a run's own classifier, and of simple classifiers on each layer's features."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from torch import Tensor

from ..data.arrays import ImageData
from ..errors import TrompeError
from ..model import Model
from ..progress import tracked
from ..rng import Stream, numpy_generator
from ..run import Run

PENALTIES = (0.001, 0.01, 0.1, 1.0)
"""Of the linear classifier's errors, to choose from on a sixth of the pictures it learns from."""
HELD = 6
PICTURES = 12_000
"""At most so many pictures are learned from, as many as the variants of MNIST have."""


def classification_error(run: Run, data: ImageData) -> float:
    """The share of pictures whose most probable class, by the run's classifier, is not their own."""
    if data.labels is None:
        raise TrompeError(
            f"`{data.name}` has no labels to compare classes with", hint="measure it on labelled pictures"
        )
    return float((run.classify(data).argmax(1).numpy() != data.labels).mean())


@dataclass(frozen=True)
class Probe:
    """Test errors on one layer's features: of a linear support vector machine, and of the nearest neighbour."""

    layer: str
    linear: float
    nearest: float
    penalty: float


def probes(run: Run, train: ImageData, test: ImageData, *, limit: int = PICTURES) -> list[Probe]:
    """The pixels, then each layer of the encoder, by what a simple classifier makes of them.

    Features are scaled by one number, their deviation over the pictures learned from.

    Args:
        limit: learn from so many pictures at most, drawn from all of them.
    """
    _check(run, train, test)
    if len(train) > limit:
        train = train.take(numpy_generator(0, Stream.SAMPLE, len(train)).permutation(len(train))[:limit])
    layers = len(run.model.features(train.take(slice(0, 1)).images_as_floats().to(run.device), run.labels_for(1)))
    found = []
    with tracked("probing layers", layers + 1) as advance:
        for layer in range(layers + 1):
            features = [run.apply(partial(_features, layer=layer), part).numpy() for part in (train, test)]
            found.append(_probe("pixels" if layer == 0 else f"layer {layer}", features, [train.labels, test.labels]))
            advance(1)
    return found


def _check(run: Run, train: ImageData, test: ImageData) -> None:
    """A probe needs labels that the model does not see, of classes that it can learn, and other pictures to test on."""
    if run.model.num_classes:
        raise TrompeError(
            "a class-conditional model is told the class that a probe is to find", hint="probe another run"
        )
    if train.labels is None or test.labels is None:
        raise TrompeError(f"`{train.name}` has no labels to learn from", hint="probe with labelled pictures")
    taught, asked = set(train.labels.tolist()), set(test.labels.tolist())
    if len(taught) < 2 or asked - taught:
        raise TrompeError(
            f"the probe is taught {len(taught)} classes, and tested on {len(asked - taught)} others",
            hint="probe with pictures whose classes are in both splits",
        )
    if train.fingerprint == test.fingerprint:
        raise TrompeError("the probe is taught by the pictures it is tested on", hint="hold some out to test on")


def _features(model: Model, images: Tensor, labels: Tensor | None, layer: int) -> Float[Tensor, "batch features"]:
    return images.flatten(1) if layer == 0 else model.features(images, labels)[layer - 1]


def _probe(name: str, features: list[np.ndarray], labels: list[Any]) -> Probe:
    train_labels, test_labels = labels
    scale = max(float(features[0].std()), 1e-12)
    train, test = (part / scale for part in features)
    held = np.arange(len(train)) % HELD == 0
    errors = {
        penalty: 1 - _linear(penalty, train[~held], train_labels[~held]).score(train[held], train_labels[held])
        for penalty in PENALTIES
    }
    penalty = min(PENALTIES, key=errors.__getitem__)
    linear = 1 - _linear(penalty, train, train_labels).score(test, test_labels)
    nearest = 1 - KNeighborsClassifier(1).fit(train, train_labels).score(test, test_labels)
    return Probe(name, float(linear), float(nearest), penalty)


def _linear(penalty: float, features: np.ndarray, labels: np.ndarray) -> LinearSVC:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough to compare layers
        return LinearSVC(C=penalty, dual="auto", max_iter=200, random_state=0).fit(features, labels)
