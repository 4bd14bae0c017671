"""Learning curves of classifiers, and where a generative one and a discriminative one cross.

Ng & Jordan 2001, *On discriminative vs. generative classifiers*: naive Bayes reaches its own error in O(log n)
examples, logistic regression its lower one in O(n).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CHOOSE_BY = 1000
"""A regularization is chosen on this many examples at most."""
FOLDS, FEWEST = 3, 4
"""Folds of the cross-validation, and examples of each class without which it says nothing."""
RESAMPLED = 2000
"""Bootstrap samples of the splits."""
INTERVAL = (5.0, 95.0)
"""Percentiles of them."""

Labels = Int[np.ndarray, " count"]
Features = Float[np.ndarray, "count features"]
Curves = Float[np.ndarray, "splits sizes"]


def stratified_order(labels: Labels, random: np.random.Generator) -> Labels:
    """An order of which every beginning has all classes in proportion, and the first as many as there are classes, one
    of each: subsets of a growing size that contain each other.
    """
    keys = np.empty(len(labels))
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        keys[members] = np.arange(len(members)) / len(members)
    return np.lexsort((random.random(len(labels)), keys))


@dataclass(frozen=True)
class Classical:
    """A classifier of scikit-learn's.

    Attributes:
        make: the classifier; its own regularization is used where examples are too few to choose one by.
        option: of its regularization; empty where there is none.
        grid: values to choose from by cross-validation on what it learns from.
    """

    make: Callable[[], ClassifierMixin]
    option: str
    grid: tuple[float, ...]

    def fitted(self, features: Features, labels: Labels, *, standardize: bool = True) -> Any:
        """Fitted to these examples, and its regularization chosen by the first of them.

        Args:
            standardize: to mean 0 and variance 1 over these examples, for features of unlike units.
        """
        pipeline = make_pipeline(StandardScaler() if standardize else "passthrough", self.make())
        few, of_few = features[:CHOOSE_BY], labels[:CHOOSE_BY]
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # near enough to compare
            if self.grid and np.unique(of_few, return_counts=True)[1].min() >= FEWEST:
                grid = {f"{pipeline.steps[-1][0]}__{self.option}": self.grid}
                search = GridSearchCV(pipeline, grid, cv=StratifiedKFold(FOLDS), error_score="raise")
                pipeline.set_params(**search.fit(few, of_few).best_params_)
            return pipeline.fit(features, labels)


CLASSICAL: dict[str, Classical] = {
    "naive Bayes": Classical(lambda: GaussianNB(var_smoothing=0.1), "var_smoothing", (1e-9, 1e-3, 1e-2, 1e-1, 1.0)),
    "LDA": Classical(
        lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5), "shrinkage", (0.01, 0.1, 0.5, 0.9)
    ),
    "logistic regression": Classical(
        lambda: LogisticRegression(C=1.0, max_iter=300, tol=1e-3), "C", (0.01, 0.1, 1.0, 10.0, 100.0)
    ),
    "logistic regression, no penalty": Classical(lambda: LogisticRegression(C=1e6, max_iter=300, tol=1e-3), "", ()),
}
"""Gaussian naive Bayes with a share of the largest variance added to each, linear discriminant analysis with a
covariance shrunk toward a multiple of the identity, and logistic regression with an L2 penalty and, but for a
millionth to keep it finite where classes are separable, without one."""
DISCRIMINATIVE, UNPENALIZED = "logistic regression", "logistic regression, no penalty"


def errors_on(
    test: tuple[Float[np.ndarray, "tested features"], Int[np.ndarray, " tested"]],
    learned: tuple[Features, Labels],
    sizes: Sequence[int],
    name: str,
    *,
    standardize: bool = True,
) -> list[float]:
    """The test errors of a classical classifier that learned from the first examples, for each size."""
    found = []
    for size in sizes:
        features, labels = (part[:size] for part in learned)
        fitted = CLASSICAL[name].fitted(features, labels, standardize=standardize)
        found.append(1 - float(fitted.score(*test)))
    return found


Kind = Literal["crosses", "generative ahead", "discriminative ahead", "reversed", "no difference"]


@dataclass(frozen=True)
class Crossing:
    """How the learning curves of a generative and a discriminative classifier lie.

    Attributes:
        kind: `crosses`, where the generative one is ahead at fewer examples and behind at more, as the claim has it;
            `reversed`; one of them ahead wherever they differ; or `no difference`. They differ at a size where the
            interval of their mean difference by the bootstrap over splits (5 to 95 %) is on one side of zero.
        size: the number of examples at which the mean curves cross, interpolated in its logarithm.
        low: of the interval of that size by the same bootstrap, among the samples that cross there.
        high: the other end.
        share: of the bootstrap samples, how many cross there.
    """

    kind: Kind
    size: float | None = None
    low: float | None = None
    high: float | None = None
    share: float = 0.0


def crossing(sizes: Sequence[int], generative: Curves, discriminative: Curves, seed: int = 0) -> Crossing:
    """Where the curves of two classifiers cross, of errors on the same splits."""
    difference, random = generative - discriminative, np.random.default_rng(seed)
    chosen = random.integers(0, len(difference), (RESAMPLED, len(difference)))
    resampled = difference[chosen].mean(1)
    low, high = np.percentile(resampled, INTERVAL, axis=0)
    ahead, behind = np.flatnonzero(high < 0), np.flatnonzero(low > 0)
    if not len(ahead) or not len(behind):
        one_sided: Kind = "generative ahead" if len(ahead) else "discriminative ahead"
        return Crossing(one_sided if len(ahead) or len(behind) else "no difference")
    if ahead.min() > behind.min() and ahead.max() > behind.max():
        return Crossing("reversed")
    last = int(ahead[ahead < behind.max()].max())  # from here to where it is behind, the curves cross
    part = slice(last, int(behind[behind > last].min()) + 1)
    size = crosses_at(sizes[part], difference.mean(0)[part])
    found = [one for row in resampled if (one := crosses_at(sizes[part], row[part])) is not None]
    ends = np.percentile(found, INTERVAL).tolist()
    return Crossing("crosses", size, ends[0], ends[1], len(found) / RESAMPLED)


def crosses_at(sizes: Sequence[int], difference: Float[np.ndarray, " sizes"]) -> float | None:
    """Where a curve of differences last rises through zero, interpolated in the logarithm of the size; `None` where it
    ends below zero, or is never below.
    """
    below = np.flatnonzero(difference < 0)
    if not len(below) or below[-1] == len(difference) - 1:
        return None
    last = int(below[-1])
    share = -difference[last] / (difference[last + 1] - difference[last])
    start, end = np.log(sizes[last]), np.log(sizes[last + 1])
    return float(np.exp(start + share * (end - start)))
