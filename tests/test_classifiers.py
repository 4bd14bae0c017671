"""Plain classifiers, and generative ones by Bayes' rule."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

import trompe
from conftest import small
from trompe.analysis.plane import Deep, Discriminative, Gaussians
from trompe.data.samples import Splits
from trompe.experiments import EXPERIMENTS
from trompe.experiments.classes_in_the_plane import PlaneOptions, far_point, resampled
from trompe.experiments.store import Store
from trompe.measures import MEASURES, Subject, evaluate
from trompe.measures.bayes import by_bayes_rule, calibration_error, class_frequencies, class_log_likelihoods
from trompe.options.data import DataOptions
from trompe.options.nets import ConvOptions, MLPOptions
from trompe.recipes.build import build_model
from trompe.web.report import write_report

# A plain classifier


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("classifier-mnist", steps=300, ema=0.0, learning_rate=3e-3, evaluate_every=100, sample_every=100)
    return trompe.train(recipe, tmp_path_factory.mktemp("plain"))


def test_it_learns_to_classify_and_nothing_else(plain_run: trompe.Run) -> None:
    test = plain_run.data()
    probabilities = plain_run.classify(test)
    assert float((probabilities.argmax(1).numpy() == test.labels).mean()) > 0.9
    assert set(plain_run.model.networks) == {"encoder", "classifier"}
    for verb in (lambda: plain_run.decode(torch.zeros(1, 594)), lambda: plain_run.reconstruct(test)):
        with pytest.raises(trompe.TrompeError, match="no decoder"):
            verb()
    with pytest.raises(trompe.TrompeError, match="has no prior"):
        plain_run.sample(1)
    assert not plain_run.sample_grids


def test_what_needs_a_decoder_is_skipped_with_that_reason(plain_run: trompe.Run) -> None:
    result = evaluate(plain_run)
    assert result.values["classification_error"] < 0.1
    assert result.skipped["reconstruction"] == "the model has no decoder"
    page = write_report(plain_run).read_text()
    assert "plain classifier" in page
    assert "reconstruct " not in page


def test_its_loss_is_the_cross_entropy(plain_run: trompe.Run) -> None:
    test = plain_run.data()
    right = plain_run.classify(test)[np.arange(len(test)), test.labels]
    logged = [
        line["test/classifier/cross_entropy"] for line in plain_run.log if "test/classifier/cross_entropy" in line
    ]
    assert logged[-1] == pytest.approx(float(-right.log().mean()), rel=1e-3)


def test_convolutions_classify_too(tmp_path: Path) -> None:
    recipe = replace(small("classifier-mnist", steps=2), nets=ConvOptions(widths=(4,), latent=5))
    assert trompe.train(recipe, tmp_path / "run").classify(trompe.load_data("digits:test")).shape[1] == 10


def test_what_would_have_no_effect_is_refused() -> None:
    recipe = trompe.recipe("classifier-mnist")
    for nets, words in (({"conditional": True}, "given the answer"), ({"norm": "decoder"}, "no decoder")):
        with pytest.raises(trompe.TrompeError, match=words):
            trompe.train(replace(recipe, nets=replace(recipe.nets, **nets)), "unused")
    with pytest.raises(trompe.TrompeError, match="no classes"):
        build_model(recipe, replace(trompe.load_data("digits").format, class_names=()))


def test_the_deep_pair_is_of_equal_size() -> None:
    form = replace(trompe.load_data("digits").format, shape=(1, 28, 28))
    counts = [
        sum(weight.numel() for weight in build_model(trompe.recipe(name), form).parameters())
        for name in ("classifier-mnist", "cvae-mnist")
    ]
    assert counts[0] == pytest.approx(counts[1], rel=1e-3)


# Bayes' rule

SPREAD, NOISE = torch.tensor([[0.3, 0.1], [0.0, 0.2]]), 0.15
OFFSETS = torch.tensor([[0.2, 0.5], [0.6, 0.4], [0.5, 0.9]])


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A class-conditional VAE that is linear and Gaussian, p(x | y) = N(offset of y, SPREAD SPREAD' + NOISE^2), with
    its exact posterior but for a diagonal covariance a little too wide.
    """
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    points = random.random((60, 1, 2), np.float32)
    data = trompe.Samples(points, "toy", labels, ("a", "b", "c"), kind="points", value_range=(0.0, 1.0))
    nets = MLPOptions(widths=(), latent=2, conditional=True)
    recipe = replace(small("cvae-mnist", steps=1), nets=nets, data=DataOptions("toy"))
    recipe = replace(recipe, family=replace(recipe.family, likelihood="linear-gaussian"))
    run = trompe.train(recipe, tmp_path_factory.mktemp("exact"), data=Splits(data, data))
    covariance = torch.linalg.inv(torch.eye(2) + SPREAD.T @ SPREAD / NOISE**2)
    gain = covariance @ SPREAD.T / NOISE**2
    decoder, encoder = run.model.network("decoder"), run.model.network("encoder").layers[0][0]
    with torch.no_grad():
        linear = decoder.decoder.layers[0][0]
        linear.weight.copy_(torch.cat([SPREAD, OFFSETS.T], 1))
        linear.bias.zero_()
        decoder.log_scale.fill_(math.log(NOISE))
        mean = torch.cat([gain, -gain @ OFFSETS.T], 1)
        encoder.weight.copy_(torch.cat([mean, torch.zeros(2, 5)]))
        encoder.bias.copy_(torch.cat([torch.zeros(2), (1.5 * covariance.diagonal()).log()]))
    return run


def log_densities(points: np.ndarray) -> np.ndarray:
    covariance = (SPREAD @ SPREAD.T + NOISE**2 * torch.eye(2)).numpy()
    return np.stack([multivariate_normal(offset, covariance).logpdf(points) for offset in OFFSETS.numpy()], 1)


def test_class_likelihoods_and_bayes_rule_are_those_of_the_closed_form(exact: trompe.Run) -> None:
    test = exact.data()
    expected = log_densities(test.images[:, 0])
    found = class_log_likelihoods(exact.predictor, test, importance_samples=4000)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.08)
    assert float((found.numpy() - expected).mean()) == pytest.approx(0, abs=0.01)
    one = class_log_likelihoods(exact.predictor, test, importance_samples=1).numpy()
    assert (one - expected).mean() < -0.05  # a lower bound
    frequencies = np.array([0.7, 0.2, 0.1])
    joint = np.exp(expected) * frequencies
    posterior, evidence = by_bayes_rule(found, torch.from_numpy(frequencies))
    np.testing.assert_allclose(posterior.numpy(), joint / joint.sum(1, keepdims=True), atol=0.03)
    np.testing.assert_allclose(evidence.numpy(), np.log(joint.sum(1)), atol=0.08)


def test_the_measure_is_bayes_rule_with_the_training_frequencies(exact: trompe.Run) -> None:
    test = exact.data()
    joint = np.exp(log_densities(test.images[:, 0])) / 3
    posterior = joint / joint.sum(1, keepdims=True)
    right = np.log(posterior[np.arange(len(test)), test.labels])
    more = replace(test, images=test.images + np.float32(1e-6), known_fingerprint=None)
    subject = Subject(test, "pixels", lambda: (test, more), lambda: test, exact.predictor, importance_samples=2000)
    values = MEASURES["bayes"].take(subject).values
    assert values["bayes_error"] == pytest.approx((posterior.argmax(1) != test.labels).mean(), abs=0.04)
    assert values["bayes_log_loss"] == pytest.approx(-right.mean(), abs=0.02)
    assert values["evidence"] == pytest.approx(np.log(joint.sum(1)).mean(), abs=0.02)


def test_the_measure_is_taken_by_the_command(class_run: trompe.Run, plain_run: trompe.Run) -> None:
    result = evaluate(class_run, measures="bayes", importance_samples=2, limit=50)
    assert 0 <= result.values["bayes_error"] <= 1
    assert result.protocols["bayes"]["importance_samples"] == 2
    with pytest.raises(trompe.TrompeError, match="not class-conditional"):
        evaluate(plain_run, measures="bayes")
    with pytest.raises(trompe.TrompeError, match="not class-conditional"):
        class_log_likelihoods(plain_run.predictor, plain_run.data())


def test_no_class_is_impossible_and_frequencies_add_up() -> None:
    found = class_frequencies(np.array([0, 0, 0, 2]), 3)
    assert float(found.sum()) == pytest.approx(1)
    assert found.tolist() == pytest.approx([4 / 7, 1 / 7, 2 / 7])


def test_calibration_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = torch.tensor([[0.9, 0.1]]).repeat(10, 1)
    labels = torch.tensor([0] * 9 + [1])
    assert calibration_error(sure, labels) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure, torch.zeros(10, dtype=torch.long)) == pytest.approx(0.1, abs=1e-6)
    half = torch.cat([sure[:5], sure[:5].flip(1)])  # both kinds in one bin: 5 of 10 right
    assert calibration_error(half, torch.zeros(10, dtype=torch.long)) == pytest.approx(0.4, abs=1e-6)


# Points of the plane


def test_cookies_are_two_classes_that_overlap() -> None:
    train, test = trompe.load_data("cookies"), trompe.load_data("cookies:test")
    assert (len(train), len(test)) == (50_000, 10_000)
    assert train.class_names == ("butter", "chocolate")
    assert np.abs(np.bincount(train.labels) / len(train) - 0.5).max() < 0.01
    assert np.abs(train.images).max() < 1.25
    seen = train.images[:5000, 0].astype(float), train.labels[:5000]
    for model, most in ((Discriminative(*seen), 0.3), (Gaussians(*seen), 0.12)):
        found = model.probabilities(test.images[:, 0].astype(float), np.full(2, 0.5)).argmax(1)
        assert 0.03 < (found != test.labels).mean() < most


def test_gaussian_classes_are_densities_and_know_what_is_far() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(20_000) % 2
    points = random.standard_normal((20_000, 2)) * [[0.2, 0.1]] + np.where(labels[:, None] == 0, -0.3, 0.4)
    model, even = Gaussians(points, labels), np.full(2, 0.5)
    side = np.linspace(-2, 2, 161)
    view = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    assert np.exp(model.log_density(view, even)).sum() * (side[1] - side[0]) ** 2 == pytest.approx(1, abs=1e-3)
    drawn = model.draw(np.ones(5000, np.int64), random)
    np.testing.assert_allclose(drawn.mean(0), 0.4, atol=0.02)
    np.testing.assert_allclose(drawn.std(0), [0.2, 0.1], atol=0.01)
    middle = np.array([[0.05, 0.05]])
    odds = [np.divide(*model.probabilities(middle, np.array(one))[0]) for one in ([0.5, 0.5], [0.9, 0.1])]
    assert odds[1] / odds[0] == pytest.approx(9)  # by Bayes' rule
    assert model.log_density(np.array([[1.0, -1.0]]), even) < model.log_density(points, even).min()


def test_points_are_resampled_to_the_class_frequencies() -> None:
    points = np.random.default_rng(0).random((1000, 2)), np.arange(1000) % 2
    places, labels = resampled(points, np.array([0.9, 0.1]), np.random.default_rng(1))
    assert (labels == 0).sum() == 500
    assert (labels == 1).sum() == pytest.approx(500 / 9, abs=1)
    assert len(np.unique(places, axis=0)) == len(places)


def test_the_far_point_is_far_and_sure() -> None:
    seen = np.array([[0.0, 0.0], [0.1, 0.1]])
    view = np.array([[0.05, 0.05], [1.0, 1.0], [-1.1, -1.1], [-1.25, -1.25]])
    sure = np.array([[0.5, 0.5], [1.0, 0.0], [0.6, 0.4], [1.0, 0.0]])
    assert far_point(view, seen, sure).tolist() == [[1.0, 1.0]]  # the others are near, unsure, or at the edge


def test_the_plane_experiment(tmp_path: Path) -> None:
    options = PlaneOptions(points=300, tested=300, steps=150, importance_samples=5, side=12)
    found = EXPERIMENTS["classes-in-the-plane"].run(options, Store(tmp_path))
    linear, gaussian = found.numbers["Logistic regression"], found.numbers["A Gaussian for each class"]
    assert linear["probability of that class"] > 0.95  # and yet
    assert gaussian["log p(x) of the far point below all seen"] > 1
    assert gaussian["error by Bayes rule"] < gaussian["error under new frequencies"]
    assert linear["error retrained"] < linear["error under new frequencies"]
    deep = found.numbers["Class-conditional VAE"]
    assert math.isfinite(deep["log p(x) of test points"])
    assert {"error", "error by Bayes rule"} <= deep.keys()
    assert len(found.figure.axes) == 12


def test_a_vae_of_points_draws_with_the_noise_of_its_likelihood(exact: trompe.Run) -> None:
    labels = np.full(20_000, 1)
    drawn = Deep(exact.predictor).draw(labels, np.random.default_rng(0)) / 2.5 + 0.5  # back to [0, 1]
    expected = (SPREAD @ SPREAD.T + NOISE**2 * torch.eye(2)).numpy()
    np.testing.assert_allclose(drawn.mean(0), OFFSETS[1], atol=0.01)
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.005)
