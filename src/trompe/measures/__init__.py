"""Measures: figures with their protocol."""

from .bounds import Likelihood, likelihood
from .results import evaluate, read_measures

__all__ = ["Likelihood", "evaluate", "likelihood", "read_measures"]
