"""Learning curves: subsets, crossings and the experiments about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_moons

import trompe
from trompe.analysis.classifiers import CLASSICAL, crosses_at, crossing, errors_on, stratified_order
from trompe.experiments import EXPERIMENTS
from trompe.experiments.few_labels import nearest, spread
from trompe.experiments.learning_curves import LearningOptions
from trompe.experiments.store import Store
from trompe.experiments.subsets import CONDITIONAL, PLAIN, error_of, labeled, recipe_of

SIZES = [10, 20, 40, 80, 160]


def test_every_beginning_of_an_order_has_all_classes_in_proportion(random: np.random.Generator) -> None:
    labels = load_breast_cancer().target
    order = stratified_order(labels, random)
    assert sorted(order) == list(range(len(labels)))
    for size in (2, 3, 10, 57, 300):
        counts = np.bincount(labels[order[:size]], minlength=2)
        assert counts.min() >= 1
        assert np.abs(counts - size * np.bincount(labels) / len(labels)).max() <= 1
    assert (stratified_order(labels, random) != order).any()


def test_a_crossing_is_interpolated_in_the_logarithm_of_the_size() -> None:
    line = np.log(np.array(SIZES) / 50.0)  # zero at 50 examples
    assert crosses_at(SIZES, line) == pytest.approx(50)
    assert crosses_at(SIZES, -line) is None
    assert crosses_at(SIZES, np.ones(5)) is None
    assert crosses_at(SIZES, -np.ones(5)) is None
    assert 40 < (crosses_at(SIZES, np.array([1.0, -1, -1, 1, 1])) or 0) < 80  # behind at first, then as claimed


def curves(difference: np.ndarray, random: np.random.Generator, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Errors on 40 splits, whose mean difference is this."""
    shared = 0.2 + 0.05 * random.standard_normal((40, 1))
    return shared + difference + noise * random.standard_normal((40, len(difference))), np.repeat(shared, 5, 1)


def test_the_bootstrap_says_whether_curves_cross_and_where(random: np.random.Generator) -> None:
    line = 0.02 * np.log(np.array(SIZES) / 50.0)
    found = crossing(SIZES, *curves(line, random, 0.01))
    assert found.kind == "crosses"
    assert found.share > 0.99
    assert found.size is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 50 < found.high
    assert found.low < found.size < found.high
    exact = crossing(SIZES, *curves(line, random, 0.0))
    assert exact.size == pytest.approx(50, rel=1e-3)
    assert crossing(SIZES, *curves(-line, random, 0.01)).kind == "reversed"
    assert crossing(SIZES, *curves(np.full(5, 0.02), random, 0.01)).kind == "discriminative ahead"
    assert crossing(SIZES, *curves(np.full(5, -0.02), random, 0.01)).kind == "generative ahead"
    assert crossing(SIZES, *curves(np.zeros(5), random, 0.0)).kind == "no difference"
    assert crossing(SIZES, *curves(np.full(5, 0.001), random, 0.05)).size is None  # within the noise


def test_classifiers_learn_from_two_examples_of_each_class_and_from_constant_features() -> None:
    features, labels = load_iris(return_X_y=True)
    features = np.concatenate([features, np.ones((150, 1))], 1)
    order = stratified_order(labels, np.random.default_rng(0))
    learned, tested = (features[order[:100]], labels[order[:100]]), (features[order[100:]], labels[order[100:]])
    for name in CLASSICAL:
        few, many = errors_on(tested, learned, [6, 100], name)
        assert many < 0.1
        assert few < 0.5


def test_regularization_is_chosen_on_what_is_learned_from(random: np.random.Generator) -> None:
    """A stronger one than the default, where all features but one are noise; the default, where a class has three."""
    labels = np.arange(200) % 2
    noise = random.standard_normal((200, 50))
    fitted = CLASSICAL["logistic regression"].fitted(noise + labels[:, None] * (np.arange(50) == 0), labels)
    assert fitted[-1].C < 1.0
    assert CLASSICAL["logistic regression"].fitted(noise[:6], labels[:6])[-1].C == 1.0  # too few to choose by


def test_the_experiment_keeps_what_it_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trompe.experiments.learning_curves.POINTS", 3)
    options = LearningOptions(sets=("iris",), splits=2, deep=())
    row = EXPERIMENTS["learning-curves"]
    first = row.run(options, Store(tmp_path))
    errors = first.numbers["iris"]["errors"]
    assert set(errors) == set(CLASSICAL)
    assert np.array(errors["LDA"]).shape == (2, len(first.numbers["iris"]["sizes"]))
    assert np.array(errors["LDA"])[:, -1].mean() < 0.1
    monkeypatch.setattr("trompe.experiments.learning_curves.errors_on", None)
    assert row.run(options, Store(tmp_path)).numbers == first.numbers


def test_labels_spread_along_the_unlabeled(random: np.random.Generator) -> None:
    """Of two moons with four labels each, the nearest label is often of the other moon."""
    points, labels = make_moons(150, noise=0.1, random_state=0)
    found = []
    for _ in range(20):
        order = stratified_order(labels, random)
        learned = points[order], labels[order]
        found.append([made(*learned, 8).score(*learned) for made in (spread, nearest)])
    spreading, near = np.mean(found, 0)
    assert spreading > 0.9
    assert spreading > near + 0.03


@pytest.mark.parametrize("name", [PLAIN, CONDITIONAL])
def test_a_network_of_few_labels_is_measured_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = trompe.load_data("digits"), trompe.load_data("digits:test").take(slice(0, 100))
    few = labeled(train, 30, draw=1)
    assert set(few.labels) == set(range(10))
    np.testing.assert_array_equal(labeled(train, 20, draw=1).images, few.images[:20])
    options = {"count": 30, "draw": 1, "steps": 60, "importance_samples": 2}
    store = Store(tmp_path)
    found = error_of(store, name, train, test, **options)
    assert found < 0.8  # a guess errs for nine of ten
    assert [path.name for path in tmp_path.iterdir()] == ["values"]  # the network is not kept
    monkeypatch.setattr("trompe.experiments.subsets.bayes", None)
    assert error_of(Store(tmp_path), name, train, test, **options) == found
    recipes = recipe_of(name, 60_000, 0, 2000), recipe_of(name, 100, 0, 2000)
    assert [one.train.steps for one in recipes] == [6000, 2000]
