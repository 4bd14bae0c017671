"""The estimators: scikit-learn's own contract, none of its checks left out, and what a user does with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from trompe.sklearn import VAE, Autoencoder, DenoisingAutoencoder

QUICK: dict[str, Any] = {"widths": (8,), "steps": 30}


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return load_digits(return_X_y=True)


@pytest.mark.filterwarnings("ignore")  # scikit-learn's own, about its checks
@parametrize_with_checks([Autoencoder(**QUICK), DenoisingAutoencoder(**QUICK), VAE(**QUICK, importance_samples=5)])
def test_scikit_learns_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def test_an_autoencoder_beats_pca_with_as_many_dimensions(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, _ = digits
    train, test = X[:1400], X[1400:]
    coder = Autoencoder(5, widths=(256, 128), steps=1500, random_state=0).fit(train)
    pca = PCA(5).fit(train)
    error = ((pca.inverse_transform(pca.transform(test)) - test) ** 2).mean()
    assert -coder.score(test) < 0.85 * error
    assert coder.inverse_transform(coder.transform(test)).shape == test.shape
    np.testing.assert_allclose(
        -((coder.inverse_transform(coder.transform(test)) - test) ** 2).mean(), coder.score(test)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_output_has_the_inputs_precision(dtype: type, digits: tuple[np.ndarray, np.ndarray]) -> None:
    X = digits[0][:200].astype(dtype)
    vae = VAE(3, **QUICK, importance_samples=2, random_state=0)
    latents = vae.fit_transform(X)
    rows, scores = vae.inverse_transform(latents), vae.score_samples(X)
    assert latents.dtype == vae.transform(X).dtype == rows.dtype == scores.dtype == dtype
    double = X.astype(np.float64)
    np.testing.assert_allclose(latents, vae.transform(double), atol=1e-5)
    np.testing.assert_allclose(rows, vae.inverse_transform(vae.transform(double)), atol=1e-4)
    np.testing.assert_allclose(scores, vae.score_samples(double), rtol=1e-5)
    assert vae.score(X) == pytest.approx(vae.score(double), rel=1e-5)
    assert VAE(3, **QUICK, random_state=0).fit_transform(X.astype(int)).dtype == np.float64


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((4, 2)), "X has 2 features, but Autoencoder is expecting 3 features as input"),
        (np.zeros(3), "Expected 2D array, got 1D array instead"),
        (np.full((4, 3), np.nan), "Input X contains NaN"),
        (np.full((4, 3), np.inf), "Input X contains infinity"),
        ([["a", "b", "c"]], "could not convert string to float"),
    ],
)
def test_what_is_no_latent_is_refused(wrong: Any, message: str, digits: tuple[np.ndarray, np.ndarray]) -> None:
    coder = Autoencoder(3, **QUICK).fit(digits[0][:50])
    with pytest.raises(ValueError, match=message):
        coder.inverse_transform(wrong)


def test_it_must_be_fitted_first() -> None:
    vae = VAE()
    for use in (vae.transform, vae.inverse_transform, vae.score, vae.score_samples):
        with pytest.raises(NotFittedError):
            use(np.zeros((4, 2)))
    with pytest.raises(NotFittedError):
        vae.sample(3)


def test_its_parameters_are_keywords_but_the_first() -> None:
    assert VAE(3, beta=2.0).get_params() == {
        "n_components": 3,
        "widths": (128, 64),
        "activation": "silu",
        "steps": 2000,
        "batch_size": 128,
        "learning_rate": 1e-3,
        "random_state": None,
        "beta": 2.0,
        "importance_samples": 100,
    }
    assert set(DenoisingAutoencoder().get_params()) - set(Autoencoder().get_params()) == {"corruption", "level"}
    assert repr(DenoisingAutoencoder(3, level=0.2)) == "DenoisingAutoencoder(level=0.2, n_components=3)"
    with pytest.raises(TypeError):
        VAE(3, 2.0)  # type: ignore[misc]


def test_it_stands_where_pca_stands(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    coder = DenoisingAutoencoder(16, steps=500, random_state=0)
    pipeline = make_pipeline(coder, LogisticRegression(max_iter=1000))
    grid = GridSearchCV(pipeline, {"denoisingautoencoder__level": [0.1, 0.3]}, cv=2).fit(X[:600], y[:600])
    assert grid.best_score_ > 0.8
    assert list(coder.fit(X).get_feature_names_out())[:2] == ["denoisingautoencoder0", "denoisingautoencoder1"]


def test_a_vaes_score_is_a_density() -> None:
    """Of a Gaussian in the plane, whose own entropy bounds what any model can score."""
    random = np.random.default_rng(0)
    X = random.normal(size=(4000, 2)) @ np.array([[3.0, 0.0], [1.0, 0.5]]) + 7
    vae = VAE(2, widths=(32,), steps=1500, random_state=0).fit(X)
    fresh = random.normal(size=(2000, 2)) @ np.array([[3.0, 0.0], [1.0, 0.5]]) + 7
    entropy = np.log(2 * np.pi * np.e) + np.log(3.0 * 0.5)
    assert -entropy - 0.15 < vae.score(fresh) < -entropy + 0.05
    far = vae.score_samples(np.array([[40.0, 40.0]]))[0]
    assert far < vae.score_samples(fresh).min()
    drawn = vae.sample(4000, random_state=0)
    np.testing.assert_allclose(drawn.mean(0), X.mean(0), atol=0.3)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(X.T), atol=1.2)


def test_a_seed_gives_the_same_model_and_leaves_the_callers_numbers_alone(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    import torch

    X, _ = digits
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = VAE(steps=20, random_state=1).fit_transform(X)
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(first, VAE(steps=20, random_state=1).fit_transform(X))
    assert (first != VAE(steps=20, random_state=2).fit_transform(X)).any()


def test_numpys_numbers_are_numbers(digits: tuple[np.ndarray, np.ndarray]) -> None:
    coder = DenoisingAutoencoder(
        np.int64(3), widths=(np.int64(8),), level=np.float32(0.2), steps=5.0, random_state=np.random.RandomState(0)
    )
    assert coder.fit(digits[0]).transform(digits[0]).shape == (1797, 3)


@pytest.mark.parametrize(
    "wrong", [{"n_components": None}, {"n_components": 0.95}, {"n_components": "mle"}, {"level": None}, {"steps": 10.5}]
)
def test_what_is_no_number_is_named(wrong: dict[str, Any]) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))} is .*; give a"):
        DenoisingAutoencoder(steps=2).set_params(**wrong).fit(X)


def test_a_loss_that_is_not_finite_is_said() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ValueError, match="not finite"):
        Autoencoder(learning_rate=1e30, steps=50, random_state=0).fit(X)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_components": 0}, {"level": 40}, {"activation": "step"}, {"widths": (8, 0)}, {"widths": 0},
        {"batch_size": 0}, {"learning_rate": -1}, {"steps": -2},
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_a_value_error_by_its_own_name(wrong: dict[str, Any]) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    (name,) = wrong
    with pytest.raises(ValueError, match=rf"^{name} is .*: input should be") as error:
        DenoisingAutoencoder(steps=2).set_params(**wrong).fit(X)
    assert "--" not in str(error.value)


def test_one_number_is_one_hidden_layer() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    one, same = (Autoencoder(2, widths=widths, steps=3, random_state=0).fit_transform(X) for widths in (8, (8,)))
    np.testing.assert_array_equal(one, same)
    for wrong in (None, "32", [[4]]):
        with pytest.raises(ValueError, match="widths is"):
            Autoencoder(2, widths=wrong, steps=3).fit(X)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "a", None])
def test_what_counts_nothing_is_a_value_error(wrong: Any) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    vae = VAE(2, **QUICK, importance_samples=wrong).fit(X)
    with pytest.raises(ValueError, match="importance_samples is"):
        vae.score_samples(X)
    with pytest.raises(ValueError, match="n_samples is 0; give a number from 1 on"):
        vae.sample(0)


@pytest.mark.filterwarnings("error")
def test_read_only_tables_are_taken_in_silence() -> None:
    """As pandas hands them out, also by `set_output(transform="pandas")`."""
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    X.flags.writeable = False
    coder = Autoencoder(2, **QUICK)
    latents = coder.fit_transform(X)
    latents.flags.writeable = False
    assert coder.inverse_transform(latents).dtype == np.float32
    coder.score(X)
