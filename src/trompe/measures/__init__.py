"""Measures: values with their protocol. Importing this package registers all of them, in the order of the table."""

from . import bounds, annealed, latents, reconstruction, probe, bayes, distances, memorization, modes  # noqa: F401, I001
from .annealed import AnnealedBound, annealed_bound
from .bounds import Likelihood, likelihood
from .distances import frechet_distance, inception_score, kernel_distance, precision_recall
from .evaluate import evaluate, evaluate_samples
from .features import Features, extract
from .moments import Moments, moments_of
from .networks import opened
from .reconstruction import peak_signal_to_noise, structural_similarity
from .result import Result, read_results
from .table import MEASURES, Measured, Subject, measure

__all__ = [
    "MEASURES",
    "AnnealedBound",
    "Features",
    "Likelihood",
    "Measured",
    "Moments",
    "Result",
    "Subject",
    "annealed_bound",
    "evaluate",
    "evaluate_samples",
    "extract",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "likelihood",
    "measure",
    "moments_of",
    "opened",
    "peak_signal_to_noise",
    "precision_recall",
    "read_results",
    "structural_similarity",
]
