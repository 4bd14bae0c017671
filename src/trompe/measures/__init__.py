"""Measures: figures with their protocol."""

from .results import evaluate, read_measures
from .bounds import Likelihood, likelihood

__all__ = ["Likelihood", "evaluate", "likelihood", "read_measures"]
