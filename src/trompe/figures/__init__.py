"""Figures: matplotlib figures and arrays of pixels, in one visual language."""

from ..grids import picture_grid, side_by_side
from .comparison import corruption, reconstructions
from .filters import filters
from .history import curves
from .latents import kl_bars, traversals
from .maps import latent_map
from .rates import rate_distortion

__all__ = [
    "corruption",
    "curves",
    "filters",
    "kl_bars",
    "latent_map",
    "picture_grid",
    "rate_distortion",
    "reconstructions",
    "side_by_side",
    "traversals",
]
