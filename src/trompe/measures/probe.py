"""What latents are good for: the error of a run's own classifier, and of simple ones on each layer's features."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from torch import Tensor

from ..condition import Condition
from ..core.model import Model
from ..data.samples import Samples, as_floats
from ..errors import TrompeError
from ..rng import Stream, numpy_generator
from ..runs.predictor import Predictor
from ..terminal import tracked
from .table import Measured, Subject, measure

PENALTIES = (0.001, 0.01, 0.1, 1.0)
"""Of the linear classifier's errors, to choose from on a sixth of the images it learns from."""
HELD = 6
IMAGES = 12_000
"""Training images at most, as many as the variants of MNIST have."""


@dataclass(frozen=True)
class Probe:
    """Test errors on one layer's features: of a linear support vector machine, and of the nearest neighbor."""

    layer: str
    linear: float
    nearest: float


def probes(predictor: Predictor, train: Samples, test: Samples, *, limit: int = IMAGES) -> list[Probe]:
    """The pixels, then each layer of the encoder, by what a simple classifier makes of them.

    Features are scaled by one number, their deviation over the images learned from.

    Args:
        limit: learn from this many images at most, drawn from all of them.
    """
    _check(predictor, train, test)
    if len(train) > limit:
        train = train.take(numpy_generator(0, Stream.SAMPLE, len(train)).permutation(len(train))[:limit])
    images, condition = predictor.prepare(train.take(slice(0, 1)))
    first = as_floats(images).to(predictor.device), condition.to(predictor.device)
    layers = len(predictor.model.features(*first))
    found = []
    with tracked("probing layers", layers + 1) as advance:
        for layer in range(layers + 1):
            features = [predictor.apply(partial(_features, layer=layer), part).numpy() for part in (train, test)]
            found.append(_probe("pixels" if layer == 0 else f"layer {layer}", features, [train.labels, test.labels]))
            advance(1)
    return found


def _check(predictor: Predictor, train: Samples, test: Samples) -> None:
    """A probe needs labels that the model does not see, of classes that it can learn, and other images to test on."""
    if predictor.model.num_classes:
        raise TrompeError(
            "a class-conditional model is given the class that a probe is to find", hint="probe another run"
        )
    if train.labels is None or test.labels is None:
        raise TrompeError(f"`{train.name}` has no labels to learn from", hint="probe with labeled images")
    known, tested = set(train.labels.tolist()), set(test.labels.tolist())
    if len(known) < 2 or tested - known:
        raise TrompeError(
            f"the probe is trained on {len(known)} classes, and tested on {len(tested - known)} others",
            hint="probe with images whose classes are in both splits",
        )
    if train.fingerprint == test.fingerprint:
        raise TrompeError("the probe would be trained on the images it is tested on", hint="hold some out to test on")


def _features(model: Model, images: Tensor, condition: Condition, layer: int) -> Float[Tensor, "batch features"]:
    return images.flatten(1) if layer == 0 else model.features(images, condition)[layer - 1]


def _probe(name: str, features: list[np.ndarray], labels: list[Any]) -> Probe:
    scale = max(float(features[0].std()), 1e-12)
    train, test = (part / scale for part in features)
    held = PredefinedSplit(np.where(np.arange(len(train)) % HELD == 0, 0, -1))
    machine = LinearSVC(dual="auto", max_iter=200, random_state=0)
    linear = GridSearchCV(machine, {"C": PENALTIES}, cv=held, error_score="raise")
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # near enough to compare layers
        linear.fit(train, labels[0])
    nearest = KNeighborsClassifier(1).fit(train, labels[0])
    return Probe(name, *(1 - float(one.score(test, labels[1])) for one in (linear, nearest)))


@measure(
    "classification",
    "error of the model's own classifier",
    ("trained classifier", "images of the data", "labels"),
    {"classification_error": "fraction of misclassified images"},
    default=True,
)
def classification(subject: Subject) -> Measured:
    found = subject.model.classify(subject.test).argmax(1).numpy()
    return Measured({"classification_error": float((found != subject.test.labels).mean())})


@measure(
    "probe",
    "simple classifiers on each layer's features",
    ("encoder", "images of the data", "labels", "probe data"),
    {
        "linear_error": "of a linear classifier on the last layer's features",
        "nearest_neighbor_error": "of the nearest neighbor among the last layer's features",
    },
)
def probe(subject: Subject) -> Measured:
    train = subject.probe_data()
    found = probes(subject.model, train, subject.test)
    values = {
        "linear_error": found[-1].linear,
        "nearest_neighbor_error": found[-1].nearest,
        "linear_error_by_layer": {one.layer: one.linear for one in found},
        "nearest_neighbor_error_by_layer": {one.layer: one.nearest for one in found},
    }
    return Measured(values, {"probe": train.name, "probe_fingerprint": train.fingerprint})
