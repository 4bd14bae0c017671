"""Measures: figures with their protocol."""

from .annealed import AnnealedBound, annealed_bound
from .bounds import Likelihood, likelihood
from .features import Features, extract
from .frechet import Moments, frechet_distance, moments_of
from .kernel import kernel_distance
from .memorisation import memorisation
from .networks import opened
from .precision_recall import inception_score, precision_recall
from .results import evaluate, evaluate_pictures, read_measures
from .similarity import peak_signal_to_noise, structural_similarity

__all__ = [
    "AnnealedBound",
    "Features",
    "Likelihood",
    "Moments",
    "annealed_bound",
    "evaluate",
    "evaluate_pictures",
    "extract",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "likelihood",
    "memorisation",
    "moments_of",
    "opened",
    "peak_signal_to_noise",
    "precision_recall",
    "read_measures",
    "structural_similarity",
]
