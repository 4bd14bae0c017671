"""When generative classifiers win: learning curves of pairs, and where they cross (Ng & Jordan 2001)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import sklearn
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn import datasets

from ..analysis.classifiers import (
    CLASSICAL,
    DISCRIMINATIVE,
    UNPENALIZED,
    Crossing,
    crossing,
    errors_on,
    stratified_order,
)
from ..data.load import load_data
from ..data.samples import Samples, random_images
from ..figures.learning import curve, log_axes, remark
from ..figures.style import COLORS, dress, panels
from ..options.numbers import Count, Strict
from .store import Store
from .subsets import CONDITIONAL, PLAIN, error_of
from .table import Finding, Value, experiment

BUNDLED = {
    "iris": (datasets.load_iris, True),
    "wine": (datasets.load_wine, True),
    "breast cancer": (datasets.load_breast_cancer, True),
    "digits": (datasets.load_digits, False),
}
"""Scikit-learn's own sets, and whether their features have unlike units."""
SetName = Literal["iris", "wine", "breast cancer", "digits", "mnist"]
POINTS = 9
"""Sizes of a learning curve."""
LEARNED = 2 / 3
"""Of a bundled set, at most; the others are tested on."""
MOST = 10_000
"""Images of MNIST that the classical pairs learn from, at most."""
BELOW_WORDS = 0.8
"""Of a panel's height, free of words."""
STYLES = {
    "naive Bayes": (COLORS[0], "solid"),
    "LDA": (COLORS[2], "solid"),
    DISCRIMINATIVE: (COLORS[1], "solid"),
    UNPENALIZED: (COLORS[1], "dotted"),
    CONDITIONAL: (COLORS[0], "dashed"),
    PLAIN: (COLORS[1], "dashed"),
}


@dataclass(frozen=True)
class LearningOptions(Strict):
    """Which sets, how many splits, and the deep pair."""

    sets: tuple[SetName, ...] = ("iris", "wine", "breast cancer", "digits", "mnist")
    """Sets of the classical pairs: scikit-learn's own, and MNIST."""
    splits: Count = 30
    """Random splits of each of scikit-learn's sets."""
    mnist_splits: Count = 5
    """Random draws of MNIST's training images, for the classical pairs."""
    deep: tuple[Count, ...] = (10, 30, 100, 1000, 10_000, 60_000)
    """Labeled images of MNIST that the deep pair learns from; empty for no deep pair."""
    deep_splits: Count = 3
    """Random draws of these."""
    deep_steps: Count = 2000
    """Training steps of the deep pair, or ten epochs where they are more."""
    deep_tested: Count = 2000
    """Test images of the deep pair."""
    importance_samples: Count = 10
    """Importance samples per image and class (K) of the class-conditional VAE."""


@dataclass(frozen=True)
class Panel:
    """The learning curves on a set.

    Attributes:
        errors: by classifier, the test error for each split and size.
        against: the discriminative ones, each of which makes a pair with each of the others.
    """

    title: str
    sizes: list[int]
    errors: dict[str, Float[np.ndarray, "splits sizes"]]
    against: tuple[str, ...]

    @cached_property
    def pairs(self) -> dict[str, dict[str, Crossing]]:
        """By a generative classifier, and by a discriminative one, how their curves lie."""
        return {
            name: {other: crossing(self.sizes, one, self.errors[other]) for other in self.against}
            for name, one in self.errors.items()
            if name not in self.against
        }


@experiment(
    "learning-curves",
    "When generative classifiers win",
    "The claim: a generative classifier (blue, green) is ahead of a discriminative one (orange) with few examples, "
    "and falls behind at the vertical line. Of two answers the first is against logistic regression without a penalty, "
    "dotted, the second against it with one: on most of these sets the claim does not hold.",
    LearningOptions,
    LearningOptions(
        sets=("iris", "wine", "breast cancer"), splits=5, deep=(30, 300), deep_splits=1, deep_steps=300, deep_tested=300
    ),
    minutes=16,
)
def learning_curves(options: LearningOptions, store: Store) -> Finding:
    found = list(panels_of(options, store))
    values = [
        Value(f"{panel.title}: {name} falls behind {other}", one.size, interval(one))
        for panel in found
        for name, pairs in panel.pairs.items()
        for other, one in pairs.items()
        if one.size is not None
    ]
    numbers = {
        panel.title: {
            "sizes": panel.sizes,
            "errors": {name: one.tolist() for name, one in panel.errors.items()},
            "pairs": {
                name: {other: asdict(one) for other, one in pairs.items()} for name, pairs in panel.pairs.items()
            },
        }
        for panel in found
    }
    return Finding(drawn(found), tuple(values), protocol(options, found), numbers)


def panels_of(options: LearningOptions, store: Store) -> Iterator[Panel]:
    for name in dict.fromkeys(options.sets):
        yield mnist(options.mnist_splits, store) if name == "mnist" else bundled(name, options.splits, store)
    if options.deep:
        yield deep(options, store)


def bundled(name: str, splits: int, store: Store) -> Panel:
    """The classical pairs on a set of scikit-learn's, a third of it tested on."""
    load, standardize = BUNDLED[name]
    features, labels = load(return_X_y=True)
    features = features if standardize else features / features.max()
    sizes = sizes_of(len(np.unique(labels)), round(LEARNED * len(labels)))

    def split(place: int) -> tuple[Any, Any]:
        order = stratified_order(labels, np.random.default_rng(place))
        learned, tested = order[: sizes[-1]], order[sizes[-1] :]
        return (features[learned], labels[learned]), (features[tested], labels[tested])

    return classical(name, splits, store, sizes, split, [sklearn.__version__], standardize)


def mnist(splits: int, store: Store) -> Panel:
    """The classical pairs on MNIST, tested on its test images."""
    train, test = load_data("mnist"), load_data("mnist:test")
    sizes, tested = sizes_of(train.num_classes, MOST), flat(test)

    def split(place: int) -> tuple[Any, Any]:
        assert train.labels is not None
        return flat(train.take(stratified_order(train.labels, np.random.default_rng(place))[:MOST])), tested

    return classical("MNIST", splits, store, sizes, split, [train.fingerprint, test.fingerprint], False)


def classical(
    title: str, splits: int, store: Store, sizes: list[int], split: Any, known: list[str], standardize: bool
) -> Panel:
    """Each classifier on each split; `split` gives what is learned from and what is tested on."""
    errors: dict[str, list[list[float]]] = {name: [] for name in CLASSICAL}
    for place in range(splits):
        for name, classifier in CLASSICAL.items():
            key = [title, known, place, sizes, name, str(classifier.make()), classifier.grid, standardize]

            def compute(place: int = place, name: str = name) -> list[float]:
                learned, tested = split(place)
                return errors_on(tested, learned, sizes, name, standardize=standardize)

            errors[name].append(store.value("classical", key, compute))
    return Panel(title, sizes, {name: np.array(one) for name, one in errors.items()}, (UNPENALIZED, DISCRIMINATIVE))


def deep(options: LearningOptions, store: Store) -> Panel:
    """The deep pair on MNIST."""
    train, test = load_data("mnist"), random_images(load_data("mnist:test"), options.deep_tested)
    sizes = sorted(options.deep)
    errors = {
        name: np.array(
            [
                [
                    error_of(
                        store,
                        name,
                        train,
                        test,
                        count=size,
                        draw=draw,
                        steps=options.deep_steps,
                        importance_samples=options.importance_samples,
                    )
                    for size in sizes
                ]
                for draw in range(options.deep_splits)
            ]
        )
        for name in (CONDITIONAL, PLAIN)
    }
    return Panel("MNIST, networks of equal size", sizes, errors, (PLAIN,))


def sizes_of(classes: int, most: int) -> list[int]:
    """Evenly spread on a logarithmic axis, from two examples of each class."""
    return sorted({round(size) for size in np.geomspace(2 * classes, most, POINTS)})


def flat(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    assert samples.labels is not None
    return samples.images_as_floats().flatten(1).numpy(), samples.labels


def interval(one: Crossing) -> str:
    """Of a crossing, in words."""
    return (
        f"examples (90 % interval {one.low:.0f} to {one.high:.0f}; {100 * one.share:.0f} % of resampled splits cross)"
    )


AHEAD = {
    "generative ahead": "always",
    "discriminative ahead": "never",
    "reversed": "late",
    "no difference": "no difference",
}


def verdict(name: str, pairs: dict[str, Crossing]) -> str:
    """Where a generative classifier is ahead, of each discriminative one."""
    found = [AHEAD[one.kind] if one.size is None else f"below {one.size:,.0f}" for one in pairs.values()]
    return f"{name} ahead: {' / '.join(found)}"


def drawn(found: list[Panel]) -> Figure:
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    made, axes = panels(4.2 * columns, 3.5 * rows + 0.4, rows, columns)
    for axis, panel in zip(axes.flat, found, strict=False):
        draw_panel(axis, panel)
    for axis in axes.flat[len(found) :]:
        axis.set_axis_off()
    lines = {label: line for axis in axes.flat for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    made.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=len(lines), fontsize=10, frameon=False)
    return made


def draw_panel(axis: Axes, panel: Panel) -> None:
    for name, errors in panel.errors.items():
        color, style = STYLES[name]
        curve(axis, panel.sizes, errors, color, name, style)
    for name, pairs in panel.pairs.items():
        for other, one in pairs.items():
            if one.size is not None and one.low is not None and one.high is not None:
                color = STYLES[name][0]
                axis.axvspan(one.low, one.high, color=color, ymax=BELOW_WORDS, alpha=0.07, linewidth=0)
                axis.axvline(one.size, ymax=BELOW_WORDS, color=color, linewidth=1, linestyle=STYLES[other][1])
    dress(axis, panel.title, "labeled examples", "test error, %").title.set_fontsize(12)
    log_axes(axis)
    means = [100 * errors.mean(0) for errors in panel.errors.values()]
    axis.set_ylim(0.7 * np.min(means), 2.6 * np.max(means))  # a split without an error is below any
    remark(axis, [(verdict(name, pairs), STYLES[name][0]) for name, pairs in panel.pairs.items()])


def protocol(options: LearningOptions, found: list[Panel]) -> str:
    every = [one for panel in found for pairs in panel.pairs.values() for one in pairs.values()]
    held = sum(one.kind == "crosses" for one in every)
    return (
        f"Stratified subsets, each within the next, at least two examples of each class; {options.splits} splits of "
        f"scikit-learn's sets (a third tested on), {options.mnist_splits} of MNIST. Each classical model's "
        "regularization (naive Bayes' smoothing, LDA's shrinkage, logistic regression's C) is chosen by three-fold "
        "cross-validation on what it learns from, 1,000 examples at most, and fixed where a class has fewer than four. "
        f"Deep pair: 0.83 million parameters each, {options.deep_splits} draws, {options.deep_tested:,} test images, "
        f"K = {options.importance_samples}. The claim, ahead with few examples and behind with many, holds for "
        f"{held} of {len(every)} pairs, by 90 % intervals of the mean difference; `always` and "
        f"`never` mean wherever two differ. Bands: 10th to 90th percentile of "
        "the splits."
    )
