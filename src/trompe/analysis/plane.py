"""Models of points of the plane with classes: what a discriminative one gives, and what generative ones give."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from ..condition import Condition
from ..data.samples import Samples
from ..data.sources.synthetic import REACH, as_samples
from ..measures.bayes import by_bayes_rule, class_log_likelihoods
from ..runs.predictor import Predictor

Points = Float[np.ndarray, "count 2"]
Labels = Int[np.ndarray, " count"]
ByClass = Float[np.ndarray, "count classes"]
Frequencies = Float[np.ndarray, " classes"]


class Discriminative:
    """Scikit-learn's logistic regression: p(y | x), which knows the class frequencies of its training alone."""

    def __init__(self, points: Points, labels: Labels) -> None:
        self.fitted = LogisticRegression().fit(points, labels)

    def probabilities(self, points: Points, frequencies: Frequencies) -> ByClass:
        """The same whatever the class frequencies have become."""
        return self.fitted.predict_proba(points)


class Generative(ABC):
    """A density p(x | y) for each class."""

    @abstractmethod
    def log_likelihoods(self, points: Points) -> ByClass:
        """The log-density p(x | y) of each point for each class, in nats."""

    @abstractmethod
    def draw(self, labels: Labels, random: np.random.Generator) -> Points:
        """A new point of each of these classes."""

    def probabilities(self, points: Points, frequencies: Frequencies) -> ByClass:
        """p(y | x) by Bayes' rule, for any class frequencies."""
        return self._by_bayes_rule(points, frequencies)[0].numpy()

    def log_density(self, points: Points, frequencies: Frequencies) -> Float[np.ndarray, " count"]:
        """The log-density p(x) of each point, the class unknown, in nats."""
        return self._by_bayes_rule(points, frequencies)[1].numpy()

    def _by_bayes_rule(self, points: Points, frequencies: Frequencies) -> tuple[torch.Tensor, torch.Tensor]:
        return by_bayes_rule(torch.from_numpy(self.log_likelihoods(points)), torch.from_numpy(frequencies))


class Gaussians(Generative):
    """A Gaussian for each class, fitted by scikit-learn's quadratic discriminant analysis."""

    def __init__(self, points: Points, labels: Labels) -> None:
        fitted = QuadraticDiscriminantAnalysis(store_covariance=True).fit(points, labels)
        self.densities = [multivariate_normal(*one) for one in zip(fitted.means_, fitted.covariance_, strict=True)]

    def log_likelihoods(self, points: Points) -> ByClass:
        return np.stack([np.atleast_1d(one.logpdf(points)) for one in self.densities], 1)

    def draw(self, labels: Labels, random: np.random.Generator) -> Points:
        return np.array([self.densities[label].rvs(random_state=random) for label in labels])


@dataclass(frozen=True)
class Deep(Generative):
    """A class-conditional VAE of points, its density the IWAE bound."""

    predictor: Predictor
    importance_samples: int = 100

    def log_likelihoods(self, points: Points) -> ByClass:
        data = Samples(as_samples(points), "points", kind="points", value_range=(-REACH, REACH))
        found = class_log_likelihoods(self.predictor, data, importance_samples=self.importance_samples)
        return found.double().numpy() - 2 * math.log(2 * REACH)  # from the model's [0, 1] to the plane

    @torch.no_grad()
    def draw(self, labels: Labels, random: np.random.Generator) -> Points:
        """With the noise of the likelihood."""
        model, device = self.predictor.model, self.predictor.device
        noise = torch.from_numpy(random.standard_normal((len(labels), *model.latent_shape), np.float32)).to(device)
        parameters = model.decoder_parameters(noise, Condition(torch.from_numpy(labels).to(device)))
        mean, log_deviation = model.likelihood.mean(parameters).cpu(), parameters.chunk(2, 1)[1].cpu()
        drawn = mean + log_deviation.exp() * torch.from_numpy(random.standard_normal(mean.shape, np.float32))
        return ((2 * drawn - 1) * REACH).double().numpy()[:, 0]
