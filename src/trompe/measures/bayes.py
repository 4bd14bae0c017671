"""Generative classification: p(y | x) = p(x | y) p(y) / p(x), with the IWAE bound for log p(x | y)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..condition import Condition
from ..data.samples import Samples
from ..errors import TrompeError
from ..losses.elbo import iwae_bound, log_weights
from ..runs.predictor import Predictor
from ..terminal import tracked
from .bounds import VALUES, likelihood_protocol, measured_batches
from .table import Measured, Subject, measure

HIDDEN = 500
"""Values of a hidden layer, which points of the plane have more of than coordinates."""
BINS = 15
"""Of the calibration error, as Guo et al. 2017 have it."""


@torch.no_grad()
def class_log_likelihoods(
    predictor: Predictor, data: Samples, *, importance_samples: int = 100, seed: int = 0, limit: int | None = None
) -> Float[Tensor, "count classes"]:
    """The importance-weighted bound on log p(x | y) of each image for each class, in nats with every constant.

    An image has one noise for all its classes, so that their differences have less of it.

    Args:
        data: images in the model's size and color; what labels they have are not looked at.
        importance_samples: per image and class (K).
        limit: use this many images at most.

    Raises:
        TrompeError: the model is not class-conditional, or has no bound.
    """
    model = predictor.model
    if not model.num_classes:
        raise TrompeError("the model is not class-conditional", hint="train `cvae-mnist`, or `cvae` on your own images")
    count, size = min(limit or len(data), len(data)), math.prod(data.image_shape)
    together = max(1, VALUES // (max(size, HIDDEN) * importance_samples))
    found = []
    with tracked(f"log p(x | y) of {model.num_classes} classes", count) as advance:
        for indices, noise, batch in measured_batches(predictor, data, count, together, importance_samples, seed):
            bounds = []
            for label in range(model.num_classes):
                labels = torch.full((len(indices),), label, device=predictor.device)
                of_class = replace(batch, condition=Condition(labels, batch.condition.images))
                bounds.append(iwae_bound(log_weights(model, of_class, noise).double()))
            found.append(torch.stack(bounds, 1).cpu())
            advance(len(indices))
    return torch.cat(found) - model.likelihood.constant(size)


def by_bayes_rule(
    log_likelihoods: Float[Tensor, "count classes"], frequencies: Float[Tensor, " classes"]
) -> tuple[Float[Tensor, "count classes"], Float[Tensor, " count"]]:
    """The probabilities p(y | x), and the evidence log p(x), from log p(x | y) and the class frequencies p(y)."""
    log_joint = log_likelihoods + frequencies.log()
    return log_joint.softmax(1), log_joint.logsumexp(1)


def class_frequencies(labels: Int[np.ndarray, " count"], classes: int) -> Float[Tensor, " classes"]:
    """Class frequencies p(y) by Laplace's rule, of which none is zero."""
    counts = torch.from_numpy(np.bincount(labels, minlength=classes)).double() + 1
    return counts / counts.sum()


def calibration_error(probabilities: Float[Tensor, "count classes"], labels: Int[Tensor, " count"]) -> float:
    """The expected calibration error: how far the probability of the class that is chosen is from the fraction of
    correct choices, over bins of that probability (Guo et al. 2017, eq. 3).
    """
    confidence, chosen = probabilities.max(1)
    correct = (chosen == labels).to(confidence.dtype)
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    gaps = torch.zeros(BINS, dtype=confidence.dtype).index_add_(0, bins, correct - confidence)
    return float(gaps.abs().sum() / len(labels))


@measure(
    "bayes",
    "classification by Bayes' rule, with the IWAE bound for each class",
    ("classes", "bound", "images of the data", "labels", "training images"),
    {
        "bayes_error": "fraction of images misclassified by Bayes' rule",
        "bayes_log_loss": "minus the mean log-probability of the right class, in nats; lower is better",
        "bayes_calibration_error": "expected calibration error: confidence against accuracy; 0 is calibrated",
        "evidence": "mean of log p(x), the class unknown, in nats per image; higher is better",
    },
)
def bayes(subject: Subject) -> Measured:
    predictor, samples = subject.model, subject.importance_samples
    training, _ = subject.own()
    assert training.labels is not None, "what is conditional has labels"
    assert subject.test.labels is not None
    frequencies = class_frequencies(training.labels, predictor.model.num_classes)
    found = class_log_likelihoods(predictor, subject.test, importance_samples=samples, seed=subject.seed)
    probabilities, evidence = by_bayes_rule(found, frequencies)
    labels = torch.from_numpy(subject.test.labels).long()
    right = probabilities.gather(1, labels[:, None]).clamp(min=torch.finfo(probabilities.dtype).tiny)
    values = {
        "bayes_error": float((probabilities.argmax(1) != labels).double().mean()),
        "bayes_log_loss": float(-right.log().mean()),
        "bayes_calibration_error": calibration_error(probabilities, labels),
        "evidence": float(evidence.mean()),
    }
    return Measured(values, likelihood_protocol(predictor) | {"importance_samples": samples})
