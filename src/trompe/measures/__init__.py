"""Measures: figures with their protocol."""

from .evaluate import evaluate, read_measures
from .likelihood import Likelihood, likelihood

__all__ = ["Likelihood", "evaluate", "likelihood", "read_measures"]
