"""Networks trained on few labeled images, measured and thrown away: their errors are kept."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int

from ..analysis.classifiers import stratified_order
from ..data.samples import Samples, Splits
from ..measures.bayes import by_bayes_rule, class_frequencies, class_log_likelihoods
from ..options.train import TrainOptions
from ..recipes import Recipe
from ..recipes import recipe as named_recipe
from ..recipes.serialize import to_json
from ..runs.run import Run
from .store import Store

PLAIN, CONDITIONAL = "plain classifier", "class-conditional VAE"
DEEP = {PLAIN: ("classifier-mnist", 1e-3), CONDITIONAL: ("cvae-mnist", 3e-3)}
"""Two networks of 0.83 million parameters, all of which take part in classifying, and their learning rates: of 1e-3 and
3e-3 the better, on training images that were not learned from."""
EPOCHS = 10
"""Of a large subset; of a small one, as many steps as of the others."""
BATCH = 100
DRAW = 17
"""Seed of the draws of labeled images."""


def labeled(train: Samples, count: int, draw: int) -> Samples:
    """The first labeled images of a draw: a larger count contains a smaller one, and each has all classes."""
    return train.take(order_of(train, draw)[:count])


def order_of(train: Samples, draw: int) -> Int[np.ndarray, " count"]:
    assert train.labels is not None
    return stratified_order(train.labels, np.random.default_rng((DRAW, draw)))


def error_of(
    store: Store,
    name: str,
    train: Samples,
    test: Samples,
    *,
    count: int,
    draw: int,
    steps: int,
    importance_samples: int = 0,
) -> float:
    """The test error of a network that learned from so many labeled images of a draw.

    Args:
        name: of `DEEP`.
        steps: of training at least.
        importance_samples: per image and class (K), where it classifies by Bayes' rule.
    """
    recipe = recipe_of(name, count, draw, steps)
    samples = importance_samples if name == CONDITIONAL else 0
    key = [to_json(recipe), train.fingerprint, test.fingerprint, count, draw, samples]

    def compute() -> float:
        few = labeled(train, count, draw)
        with tempfile.TemporaryDirectory() as folder:
            run = Store(folder, device=store.device).run(recipe, Splits(few, test))
            probabilities = bayes(run, few, test, samples) if samples else run.classify(test.images)
        assert test.labels is not None
        return float((probabilities.argmax(1).numpy() != test.labels).mean())

    return float(store.value(recipe.name, key, compute))


def recipe_of(name: str, count: int, draw: int, steps: int) -> Recipe:
    named, rate = DEEP[name]
    train = TrainOptions(
        steps=max(steps, EPOCHS * count // BATCH),
        batch=BATCH,
        learning_rate=rate,
        schedule="cosine",
        seed=draw,
        evaluate_every=0,
        sample_every=0,
    )
    return replace(named_recipe(named), train=train)


def bayes(run: Run, few: Samples, test: Samples, importance_samples: int) -> Float[torch.Tensor, "count classes"]:
    """p(y | x) of a class-conditional VAE by Bayes' rule, the class frequencies those of what it learned from."""
    assert few.labels is not None
    frequencies = class_frequencies(few.labels, few.num_classes)
    found = class_log_likelihoods(run.predictor, test, importance_samples=importance_samples)
    return by_bayes_rule(found, frequencies)[0]
