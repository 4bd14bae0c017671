"""Illusions of color constancy, made and explained: red where no pixel is red, and a dress in two lights.

from trompe import illusions
illusions.no_red_figure().figure                                        # in a notebook: the figure
illusions.without_red(image).image                                      # any image, without red
illusions.angular_error(illusions.gray_world(light), illusions.gray_edge(light))
"""

from .drawing import Illusion, dress_figure, illuminants_figure, no_red_figure
from .drawn_dress import dress, readings
from .drawn_still_life import still_life
from .light import (
    ESTIMATES,
    angular_error,
    corrected,
    estimate,
    gray_edge,
    gray_world,
    linear,
    relit,
    shades_of_gray,
    stored,
    white_patch,
)
from .no_red import NoRed, is_red, without_red

__all__ = [
    "ESTIMATES",
    "Illusion",
    "NoRed",
    "angular_error",
    "corrected",
    "dress",
    "dress_figure",
    "estimate",
    "gray_edge",
    "gray_world",
    "illuminants_figure",
    "is_red",
    "linear",
    "no_red_figure",
    "readings",
    "relit",
    "shades_of_gray",
    "still_life",
    "stored",
    "white_patch",
    "without_red",
]
