"""Figures, in one visual language. Importing this package registers all of them, in the order of the report."""

from . import logs, samples, latents, filters, adversarial, curves  # noqa: F401, I001
from ..display.grid import image_grid, side_by_side
from .inversions import inversions
from .table import FIGURES, FigureRow, Request, draw, figure

__all__ = ["FIGURES", "FigureRow", "Request", "draw", "figure", "image_grid", "inversions", "side_by_side"]
