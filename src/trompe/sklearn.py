"""Autoencoders as scikit-learn's transformers: where `PCA` stands in a `Pipeline` or a `GridSearchCV`, they may stand.

They take any table of numbers, `(samples, features)`. Features are shifted by their means, and all are divided by one
number, so that errors weigh as they do for PCA.
"""

from __future__ import annotations

import math
import numbers
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from .build import build_model
from .data.batches import Batch
from .data.order import batch_indices
from .distributions import DiagonalGaussian
from .errors import TrompeError
from .families import phases_of
from .losses import log_prior_ratio
from .model import Model
from .names import Activation, CorruptionName
from .options import AutoencoderOptions, DenoisingOptions, FamilyOptions, MLPOptions, Recipe, TrainOptions, VAEOptions
from .rng import Stream, normal, seeded
from .rules import checked
from .state import initial_state
from .step import train_step

__all__ = ["VAE", "Autoencoder", "DenoisingAutoencoder"]

Table = Float[np.ndarray, "samples features"]
Codes = Float[np.ndarray, "samples components"]
CHECKED_EVERY = 100
SCORED_TOGETHER = 2**22


class Rows:
    """A table as the source of a training's batches."""

    device = torch.device("cpu")

    def __init__(self, table: Table) -> None:
        self.table = torch.from_numpy(table.astype(np.float32))

    def prepared(self, indices: np.ndarray) -> Batch:
        return Batch(self.table[torch.from_numpy(indices)])


def whole(name: str, value: Any) -> int:
    """A parameter that must be a whole number, of whatever type."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not float(value).is_integer():
        raise ValueError(f"{name} is {value!r}; give a whole number")
    return int(float(value))


def number(name: str, value: Any) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}; give a number")
    return float(value)


class _Coder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What the three have in common: multilayer perceptrons there and back, trained by Adam."""

    def __init__(
        self,
        n_components: int,
        *,
        widths: tuple[int, ...],
        activation: Activation,
        steps: int,
        batch_size: int,
        learning_rate: float,
        random_state: Any,
    ) -> None:
        self.n_components = n_components
        self.widths = widths
        self.activation = activation
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    @abstractmethod
    def _family(self) -> FamilyOptions:
        """The family of models, with this estimator's own parameters."""

    def fit(self, X: Any, y: Any = None) -> _Coder:
        """Learn from a table `(samples, features)`; `y` is ignored."""
        table: Table = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_: Float[np.ndarray, " features"] = table.mean(0)
        self.scale_ = math.sqrt(float((table - self.mean_).var(0).mean())) or 1.0
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.n_components_ = whole("n_components", self.n_components)
        self.model_, self.loss_ = self._trained(Rows((table - self.mean_) / self.scale_), table.shape, seed)
        return self

    def _trained(self, rows: Rows, shape: tuple[int, ...], seed: int) -> tuple[Model, float]:
        """The model after all steps, in float64, and its last loss; the caller's own random numbers are left alone."""
        try:
            nets = MLPOptions(
                widths=tuple(whole("widths", width) for width in self.widths),
                latent=whole("n_components", self.n_components),
                activation=self.activation,
            )
            options = TrainOptions(
                steps=whole("steps", self.steps),
                batch=whole("batch_size", self.batch_size),
                learning_rate=number("learning_rate", self.learning_rate),
                schedule="cosine",
                seed=seed,
            )
            recipe = checked(Recipe(type(self).__name__, nets=nets, family=self._family(), train=options))
        except TrompeError as error:  # scikit-learn's users look for a ValueError
            raise ValueError(str(error)) from error
        model = build_model(recipe, (shape[1],))
        phases = phases_of(recipe.family)
        state = initial_state(model, phases, options)
        loss = math.nan
        with seeded(seed, Stream.STEP):  # which leaves the caller's generators as they are
            for step in range(options.steps):
                terms = train_step(state, phases, rows, batch_indices(shape[0], options.batch, seed, step), options)
                if step % CHECKED_EVERY == 0 or step == options.steps - 1:
                    loss = float(torch.stack(list(terms.values())).sum())
                    if not math.isfinite(loss):
                        raise ValueError(f"the loss is not finite at step {step}; try a lower learning_rate")
        return model.double().eval().requires_grad_(False), loss

    def transform(self, X: Any) -> Codes:
        """The code of each row: the mean of its posterior."""
        return self._posterior(self._standardised(X))[:, : self.n_components_].numpy()

    def inverse_transform(self, X: Any) -> Table:
        """A row for each code, on the table's own scale."""
        check_is_fitted(self)
        codes = torch.from_numpy(np.asarray(X, dtype=np.float64))
        return self._decoded(codes).numpy() * self.scale_ + self.mean_

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the mean squared error of the reconstruction, over samples and features."""
        table = self._standardised(X)
        error = self._decoded(self._posterior(table)[:, : self.n_components_]) - table
        return -(self.scale_**2) * float(error.square().mean())

    def _standardised(self, X: Any) -> Float[Tensor, "samples features"]:
        check_is_fitted(self)
        table: Table = validate_data(self, X, dtype=np.float64, reset=False)
        return torch.from_numpy((table - self.mean_) / self.scale_)

    def _posterior(self, table: Float[Tensor, "samples features"]) -> Float[Tensor, "samples parameters"]:
        return self.model_.get_submodule("encoder")(table)

    def _parameters(self, codes: Float[Tensor, "samples components"]) -> Float[Tensor, "samples parameters"]:
        return self.model_.get_submodule("decoder")(codes)

    def _decoded(self, codes: Float[Tensor, "samples components"]) -> Float[Tensor, "samples features"]:
        return self.model_.likelihood.mean(self._parameters(codes))

    @property
    def _n_features_out(self) -> int:
        return self.n_components_


class Autoencoder(_Coder):
    """A deep autoencoder (Hinton & Salakhutdinov 2006) with the squared error.

    Args:
        n_components: numbers in a code.
        widths: units of each hidden layer on the way there; the way back mirrors them.
        activation: `relu`, `leaky-relu`, `tanh`, `elu`, `silu`, `gelu` or `sigmoid`.
        steps: steps of training.
        batch_size: rows a step.
        learning_rate: of Adam, at its highest.
        random_state: of weights, order and noise.

    Attributes:
        model_: the trained model.
        loss_: the loss of the last step.
        n_components_: numbers in a code.
        mean_, scale_: what rows are shifted and divided by.
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        widths: tuple[int, ...] = (128, 64),
        activation: Activation = "silu",
        steps: int = 2000,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            n_components,
            widths=widths,
            activation=activation,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            random_state=random_state,
        )

    def _family(self) -> FamilyOptions:
        return AutoencoderOptions(likelihood="linear")


class DenoisingAutoencoder(_Coder):
    """A denoising autoencoder (Vincent et al. 2010): the row back from a corrupted copy of it.

    Args:
        corruption: `masking` sets numbers to their mean, `gaussian` adds noise, `salt-and-pepper` sets numbers to their
            mean or one deviation above.
        level: the share that is hit; for Gaussian noise its deviation, in units of `scale_`.

    The other parameters and the attributes are those of `Autoencoder`.
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        corruption: CorruptionName = "masking",
        level: float = 0.3,
        widths: tuple[int, ...] = (128, 64),
        activation: Activation = "silu",
        steps: int = 2000,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            n_components,
            widths=widths,
            activation=activation,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            random_state=random_state,
        )
        self.corruption = corruption
        self.level = level

    def _family(self) -> FamilyOptions:
        return DenoisingOptions(likelihood="linear", corruption=self.corruption, level=number("level", self.level))


class VAE(_Coder):
    """A variational autoencoder (Kingma & Welling 2014) with a Gaussian likelihood whose deviations are learned: a
    density that can be scored and sampled from.

    Args:
        beta: weight of the KL divergence.
        importance_samples: codes a row in `score_samples`.

    The other parameters and the attributes are those of `Autoencoder`.
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        beta: float = 1.0,
        importance_samples: int = 100,
        widths: tuple[int, ...] = (128, 64),
        activation: Activation = "silu",
        steps: int = 2000,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            n_components,
            widths=widths,
            activation=activation,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            random_state=random_state,
        )
        self.beta = beta
        self.importance_samples = importance_samples

    def _family(self) -> FamilyOptions:
        return VAEOptions(likelihood="linear-gaussian", beta=number("beta", self.beta))

    def score_samples(self, X: Any) -> Float[np.ndarray, " samples"]:
        """A lower bound on each row's log-density, in nats: the importance-weighted one (Burda et al. 2016), with the
        same noise for every row.
        """
        if self.importance_samples < 1:
            raise ValueError(f"importance_samples is {self.importance_samples}; give a number from 1 on")
        table = self._standardised(X)
        count, likelihood = self.importance_samples, self.model_.likelihood
        noise = normal((count, 1, self.n_components_), 0, Stream.MEASURE).double()
        together = max(1, SCORED_TOGETHER // (count * table.shape[1]))
        bounds = []
        for rows in table.split(together):
            posterior = DiagonalGaussian.from_parameters(self._posterior(rows))
            codes = posterior.sample(noise.expand(-1, len(rows), -1))
            parameters = self._parameters(codes.flatten(0, 1))
            fits = -likelihood.negative_log(parameters, rows.repeat(count, 1)).unflatten(0, codes.shape[:2])
            bounds.append(torch.logsumexp(fits + log_prior_ratio(posterior, codes), 0) - math.log(count))
        return torch.cat(bounds).numpy() - table.shape[1] * math.log(self.scale_)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> Table:
        """Rows from the model: codes from the unit Gaussian, and the likelihood's mean and noise for each."""
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        codes = normal((n_samples, self.n_components_), seed, Stream.SAMPLE).double()
        mean, log_deviation = self._parameters(codes).chunk(2, dim=1)
        noise = normal(tuple(mean.shape), seed, Stream.SAMPLE, 1).double()
        return (mean + log_deviation.exp() * noise).numpy() * self.scale_ + self.mean_
