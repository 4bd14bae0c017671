"""Autoencoders as scikit-learn's transformers: they may stand where `PCA` stands, in a `Pipeline` or a `GridSearchCV`.

They take tables of numbers, `(samples, features)`, centered and divided by one number, so that errors weigh as they do
for PCA. The output has the precision of the input, float32 or float64.
"""

from __future__ import annotations

import math
import numbers
import re
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, check_random_state, validate_data

from . import families
from .data.batches import Batch
from .data.order import batch_indices
from .data.samples import Format
from .errors import TrompeError
from .losses.elbo import iwae_bound, log_weights
from .options.names import Activation, CorruptionName
from .options.nets import MLPOptions
from .options.train import TrainOptions
from .recipes.build import build_model
from .recipes.checks import checked
from .recipes.tree import Recipe
from .rng import Draws, Stream, normal, seeded
from .training.state import initial_state
from .training.step import train_step

__all__ = ["VAE", "Autoencoder", "DenoisingAutoencoder"]

PARAMETERS = {"latent": "n_components", "batch": "batch_size"}
"""What the estimators call these fields of a recipe."""


@dataclass
class Rows:
    """A table as the source of a training's batches."""

    table: Float[torch.Tensor, "samples features"]
    device = torch.device("cpu")

    def __len__(self) -> int:
        return len(self.table)

    def prepared(self, indices: np.ndarray, draws: Draws, **given: Any) -> Batch:
        return Batch(self.table[torch.from_numpy(indices)], draws=draws, **given)


def number(name: str, value: Any, *, whole: bool = False) -> Any:
    """A parameter as a Python number, of whatever type it is."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or (whole and not float(value).is_integer()):
        raise ValueError(f"{name} is {value!r}; give a {'whole ' if whole else ''}number")
    return int(float(value)) if whole else float(value)


def count(name: str, value: Any) -> int:
    """A parameter that counts something."""
    if (found := number(name, value, whole=True)) < 1:
        raise ValueError(f"{name} is {value!r}; give a number from 1 on")
    return int(found)


def in_parameters(error: TrompeError) -> str:
    """An error about a field of a recipe, as one about the estimator's parameter, which has no flags."""
    text, _, hint = str(error).partition("\nhint: ")
    field = re.match(r"recipe field `\w+\.(\w+)\S*` (.*)", text, re.DOTALL)
    return f"{PARAMETERS.get(field[1], field[1])} {field[2]}" if field else f"{text}; {hint}"


@dataclass(eq=False, repr=False, kw_only=True)
class _Coder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What the estimators share: multilayer perceptrons of a family as encoder and decoder, trained by Adam."""

    n_components: int = field(default=2, kw_only=False)
    widths: tuple[int, ...] | int = (128, 64)
    activation: Activation = "silu"
    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    random_state: Any = None
    __no_type_check__ = True  # for checkers at run time: parameters are checked by `fit`, as scikit-learn wants it

    @abstractmethod
    def _family(self) -> families.Family: ...

    def fit(self, X: Any, y: Any = None) -> _Coder:
        """Learn from a table `(samples, features)`; `y` is ignored."""
        table = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_ = table.mean(0)
        self.scale_ = math.sqrt(float((table - self.mean_).var(0).mean())) or 1.0
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        try:
            given: Any = (self.widths,) if np.ndim(self.widths) == 0 else self.widths
            widths = tuple(number("widths", width, whole=True) for width in given)
            nets = MLPOptions(widths, number("n_components", self.n_components, whole=True), self.activation)
            steps, batch = (number(name, getattr(self, name), whole=True) for name in ("steps", "batch_size"))
            rate = number("learning_rate", self.learning_rate)
            options = TrainOptions(steps=steps, batch=batch, learning_rate=rate, schedule="cosine", seed=seed)
            recipe = checked(Recipe(nets=nets, family=self._family(), train=options))
        except TrompeError as error:  # scikit-learn's users expect a ValueError
            raise ValueError(in_parameters(error)) from error
        rows = Rows(torch.from_numpy((table - self.mean_) / self.scale_).float())
        model, phases = build_model(recipe, Format(table.shape[1:])), recipe.family.phases()
        state, self.loss_ = initial_state(model, phases, options), math.nan
        with seeded(seed, Stream.STEP):  # which leaves the caller's generators as they are
            for step in range(steps):
                indices = batch_indices(len(rows), batch, seed, step)
                self.loss_ = float(sum(train_step(state, phases, rows, indices, options).values()))
                if not math.isfinite(self.loss_):
                    raise ValueError(f"the loss is not finite at step {step}; try a lower learning_rate")
        self.model_ = model.double().eval().requires_grad_(False)
        self.n_components_ = self._n_features_out = nets.latent
        return self

    def transform(self, X: Any) -> Float[np.ndarray, "samples components"]:
        """The latent of each row: the mean of its posterior."""
        rows = self._standardized(X)
        return self.model_.encode(rows.double()).to(rows.dtype).numpy()

    def inverse_transform(self, X: Any) -> Float[np.ndarray, "samples features"]:
        """A row for each latent, on the table's own scale."""
        check_is_fitted(self)
        latents = check_array(X, dtype=(np.float64, np.float32), input_name="X")
        if latents.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {latents.shape[1]} features, but {type(self).__name__} is expecting {self.n_components_} "
                "features as input: one for each component"
            )
        rows = self.model_.likelihood_mean(torch.tensor(latents, dtype=torch.float64))  # a copy: `X` may be read-only
        return (rows.numpy() * self.scale_ + self.mean_).astype(latents.dtype)

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the mean squared error of the reconstruction, over samples and features."""
        rows = self._standardized(X).double()
        error = self.model_.likelihood_mean(self.model_.encode(rows)) - rows
        return -(self.scale_**2) * float(error.square().mean())

    def _standardized(self, X: Any) -> Float[torch.Tensor, "samples features"]:
        check_is_fitted(self)
        table = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return torch.from_numpy(((table - self.mean_) / self.scale_).astype(table.dtype))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(_Coder):
    """A deep autoencoder (Hinton & Salakhutdinov 2006) with the squared error.

    Args:
        n_components: latent dimensions.
        widths: units of each hidden layer of the encoder, or one number for one layer; the decoder mirrors them.
        activation: `relu`, `leaky-relu`, `tanh`, `elu`, `silu`, `gelu` or `sigmoid`.
        steps: training steps.
        batch_size: rows per step.
        learning_rate: peak learning rate of Adam.
        random_state: seed of weights, order and noise.

    Attributes:
        model_, loss_: the trained model, and the loss of its last step.
        n_components_: latent dimensions.
        mean_, scale_: subtracted from rows, and what they are then divided by.
    """

    def _family(self) -> families.Family:
        return families.Autoencoder(likelihood="linear")


@dataclass(eq=False, repr=False, kw_only=True)
class DenoisingAutoencoder(_Coder):
    """A denoising autoencoder (Vincent et al. 2010): the row back from a corrupted copy of it.

    Args:
        corruption: `masking` (to the mean), `salt-and-pepper` (to the mean or one `scale_` above), or `gaussian` noise.
        level: the fraction of values corrupted; for Gaussian noise its standard deviation, in units of `scale_`.

    The other parameters and the attributes are those of `Autoencoder`.
    """

    corruption: CorruptionName = "masking"
    level: float = 0.3

    def _family(self) -> families.Family:
        return families.DenoisingAutoencoder("linear", self.corruption, number("level", self.level))


@dataclass(eq=False, repr=False, kw_only=True)
class VAE(_Coder):
    """A variational autoencoder (Kingma & Welling 2014) with a Gaussian likelihood of learned standard deviations.

    Args:
        beta: weight of the KL divergence.
        importance_samples: latents per row in `score_samples`.

    The other parameters and the attributes are those of `Autoencoder`.
    """

    beta: float = 1.0
    importance_samples: int = 100

    def _family(self) -> families.Family:
        return families.VAE(likelihood="linear-gaussian", beta=number("beta", self.beta))

    def score_samples(self, X: Any) -> Float[np.ndarray, " samples"]:
        """The IWAE bound (Burda et al. 2016) on each row's log-density, in nats, with the same noise for every row."""
        samples = count("importance_samples", self.importance_samples)
        rows = self._standardized(X)
        noise = normal((samples, 1, self.n_components_), 0, Stream.MEASURE).double()
        parts = rows.double().split(max(1, 2**22 // (len(noise) * rows.shape[1])))  # 4 million values decoded at a time
        bounds = torch.cat([iwae_bound(log_weights(self.model_, Batch(part), noise)) for part in parts])
        return (bounds - rows.shape[1] * math.log(self.scale_)).to(rows.dtype).numpy()

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, *, random_state: Any = None) -> Float[np.ndarray, "samples features"]:
        """Rows from the model: latents from the prior, and the likelihood's mean and noise for each."""
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        latents = normal((count("n_samples", n_samples), self.n_components_), seed, Stream.SAMPLE).double()
        mean, log_deviation = self.model_.decoder_parameters(latents).chunk(2, dim=1)
        noise = normal(tuple(mean.shape), seed, Stream.SAMPLE, 1).double()
        return (mean + log_deviation.exp() * noise).numpy() * self.scale_ + self.mean_
