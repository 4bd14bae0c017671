"""The gallery: every figure of the lecture, from real runs, as a small static website."""

# ruff: noqa: F401 (entries are listed in the order of these imports)

from . import autoencoders, classifiers, gans, illusions, vaes
from .make import make_gallery, plan
from .table import ENTRIES, Entry, Item, Picture, Training, entry

__all__ = ["ENTRIES", "Entry", "Item", "Picture", "Training", "entry", "make_gallery", "plan"]
