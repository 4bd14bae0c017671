"""Experiments: what the lecture claims, trained and measured, each one a figure with its values."""

# ruff: noqa: F401, I001 (experiments are listed in the order of these imports)

from . import classes_in_the_plane, learning_curves, few_labels, ladder, trade_off
from .table import EXPERIMENTS, Experiment, Finding, Value, experiment

__all__ = ["EXPERIMENTS", "Experiment", "Finding", "Value", "experiment"]
