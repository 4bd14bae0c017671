"""Samples: named sets, your own, and the order in which training sees them."""

from .load import load_data
from .samples import Samples, Splits

__all__ = ["Samples", "Splits", "load_data"]
