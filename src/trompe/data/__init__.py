"""Pictures: named sets, your own, and the order in which training sees them."""

from .arrays import ImageData
from .load import Loaded, load_data

__all__ = ["ImageData", "Loaded", "load_data"]
