"""The figures: the image without red, the dress in two lights, estimates of the illuminant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from PIL import Image
from scipy.optimize import linear_sum_assignment

from ..figures.style import FAINT, INK, dress, panels
from ..text import counted
from . import drawn_dress
from .drawn_still_life import still_life
from .light import ESTIMATES, Illuminant, Stored, corrected, linear, stored
from .no_red import MOST_PATCHES, NoRed, Patch, without_red

COLUMN = 0.6
"""Width of the patches beside an image, relative to its height."""
SHOWN = 1000
"""Pixels of a side above which an image is made smaller before it is drawn."""
VON_KRIES = "von Kries: seen = sent / light, in each of R, G, B"


@dataclass(frozen=True)
class Illusion:
    """An image, the figure that explains it, and its numbers, as JSON holds them."""

    image: Stored
    figure: Figure
    numbers: dict[str, Any]


def no_red_figure(image: Stored | None = None) -> Illusion:
    """An image beside its version without red pixels, and what is seen as red in it cut out on white.

    Args:
        image: by default a still life with strawberries.
    """
    made = without_red(still_life() if image is None else image)
    shape = _shape(made.original)
    figure, axes = panels(3.3 * (2 * shape + COLUMN) + 0.5, 4.1, 1, 3)
    axes[0, 0].get_gridspec().set_width_ratios([shape, shape, COLUMN])
    before, after, beside = axes[0]
    light = ", ".join(f"{value:.2g}" for value in made.illuminant)
    title, line = (
        f"in cyan light: {counted(made.red_after, 'red pixel')}",
        f"the light here is ({light}): gray is seen as red",
    )
    if not made.red_before:
        title, line = "the same", "no pixel is red, so nothing will be seen as red"
    _show(before, made.original, f"original: {counted(made.red_before, 'red pixel')}")
    _show(after, made.image, title)
    _cut_out(after, beside, made)
    figure.supxlabel(f"{VON_KRIES}; {line}", fontsize=10, color=INK)
    return Illusion(made.image, figure, _numbers_of(made))


def _numbers_of(made: NoRed) -> dict[str, Any]:
    patches = [
        {
            "top": patch.top,
            "left": patch.left,
            "side": patch.side,
            "before": patch.color(made.original),
            "after": patch.color(made.image),
            "seen": _seen(patch.color(made.image), made.illuminant),
        }
        for patch in made.patches
    ]
    return {
        "pixels": made.image.shape[0] * made.image.shape[1],
        "red_before": made.red_before,
        "red_after": made.red_after,
        "illuminant": made.illuminant.tolist(),
        "patches": patches,
    }


def _cut_out(after: Axes, beside: Axes, made: NoRed) -> None:
    """Patches on white, each joined to its place: as they are stored, and with the light discounted."""
    height, width, _ = made.image.shape
    dress(beside, "cut out, and seen" if made.patches else "")
    for row, patch in zip(_rows(made.patches, width, height), made.patches, strict=True):
        top, color = 1.14 * row, patch.color(made.image)
        beside.imshow(patch.of(made.image), extent=(0.3, 1.1, top + 0.8, top), interpolation="nearest")
        _chip(beside, (1.5, top), 0.8, _seen(color, made.illuminant))
        _text(beside, 0.7, top + 0.84, " ".join(map(str, color)), 8, va="top")
        corner = (patch.left - 0.5, patch.top - 0.5)
        after.add_patch(Rectangle(corner, patch.side, patch.side, fill=False, edgecolor="white", linewidth=1.2))
        start = (patch.left + patch.side - 0.5, patch.top + patch.side / 2 - 0.5)
        line = ConnectionPatch(start, (0.3, top + 0.4), "data", "data", axesA=after, axesB=beside, color=FAINT, lw=0.8)
        line.set_in_layout(False)
        beside.add_artist(line)
    beside.set(
        xlim=(0, 1.14 * MOST_PATCHES * COLUMN), ylim=(1.14 * MOST_PATCHES, 0), aspect="equal", xticks=[], yticks=[]
    )
    beside.spines[:].set_visible(False)


def _rows(patches: Sequence[Patch], width: int, height: int) -> list[int]:
    """A row for each patch such that the lines to them are shortest, and so do not cross."""
    places = np.array([((one.left - width) / height, one.top / height) for one in patches]).reshape(-1, 2)
    rows = np.array([(0.1, (row + 0.4) / MOST_PATCHES) for row in range(MOST_PATCHES)])
    return linear_sum_assignment(np.linalg.norm(places[:, None] - rows, axis=2))[1].tolist()


def _shape(image: Stored) -> float:
    """Width over height, as far as a figure follows it."""
    return float(np.clip(image.shape[1] / image.shape[0], 0.8, 1.6))


def dress_figure() -> Illusion:
    """The drawn dress between its two readings, with the colors of cloth and lace below."""
    image = drawn_dress.dress()
    cold, warm = drawn_dress.readings()
    pixels = (drawn_dress.CLOTH, drawn_dress.LACE)
    figure, axes = panels(9.6, 5.9, 2, 3)
    axes[0, 0].get_gridspec().set_height_ratios([5.2, 1.0])
    for column, reading in ((0, cold), (2, warm)):
        _show(axes[0, column], reading.of(image), f"seen as in {reading.light}: {' and '.join(reading.seen)}")
        chips = [("light", _as_color(reading.illuminant))]
        chips += [(name, reading.color(pixel)) for name, pixel in zip(reading.seen, pixels, strict=True)]
        _chips(axes[1, column], chips)
    _show(axes[0, 1], image, "the image itself")
    _chips(axes[1, 1], [("cloth", pixels[0]), ("lace", pixels[1])])
    figure.supxlabel(f"{VON_KRIES}. One image, two lights supposed, two dresses.", fontsize=10, color=INK)
    numbers = {
        "pixels": dict(zip(("cloth", "lace"), pixels, strict=True)),
        "readings": [
            {
                "light": reading.light,
                "illuminant": reading.illuminant.tolist(),
                "seen": {name: reading.color(pixel) for name, pixel in zip(reading.seen, pixels, strict=True)},
            }
            for reading in (cold, warm)
        ],
    }
    return Illusion(image, figure, numbers)


def illuminants_figure(image: Stored | None = None) -> Illusion:
    """An image as it is, and with the illuminant discounted that each classical method estimates.

    Args:
        image: by default a still life in the light of a bulb.
    """
    image = stored(linear(still_life()) * np.array([1.0, 0.62, 0.28])) if image is None else image
    light = linear(image)
    found = {name: method(light) for name, method in ESTIMATES.items()}
    figure, axes = panels(1.7 * _shape(image) * (1 + len(found)) + 0.4, 2.8, 2, 1 + len(found))
    axes[0, 0].get_gridspec().set_height_ratios([1.8, 0.8])
    _show(axes[0, 0], image, "original")
    axes[1, 0].set_axis_off()
    for column, (name, illuminant) in enumerate(found.items(), 1):
        _show(axes[0, column], stored(corrected(light, illuminant)), name)
        _chips(axes[1, column], [("light", _as_color(illuminant))])
    figure.supxlabel(VON_KRIES, fontsize=10, color=INK)
    return Illusion(image, figure, {"illuminants": {name: one.tolist() for name, one in found.items()}})


def _show(axes: Axes, image: Stored, title: str) -> None:
    height, width, _ = image.shape
    factor = max(1, max(height, width) // SHOWN)
    pixels = np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image
    how, extent = "nearest" if max(height, width) < 200 else "auto", (-0.5, width - 0.5, height - 0.5, -0.5)
    dress(axes, title).imshow(pixels, interpolation=how, extent=extent)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _chips(axes: Axes, chips: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
    """Patches of color in a row, each with its name and its bytes below."""
    for place, (name, color) in enumerate(chips):
        _chip(axes, (2.1 * place, 0), 1, color)
        _text(axes, 2.1 * place + 0.5, 1.08, f"{name}\n{' '.join(map(str, color))}", 9, va="top")
    width = 2.1 * len(chips) - 1.1
    axes.set(xlim=(min(-0.6, width / 2 - 2.2), max(width + 0.6, width / 2 + 2.2)), ylim=(1.9, -0.05), aspect="equal")
    axes.set_axis_off()


def _chip(axes: Axes, corner: tuple[float, float], side: float, color: tuple[int, int, int]) -> None:
    face = tuple(value / 255 for value in color)
    axes.add_patch(Rectangle(corner, side, side, facecolor=face, edgecolor=FAINT, linewidth=0.5))


def _text(axes: Axes, x: float, y: float, words: str, size: int, **options: Any) -> None:
    axes.text(x, y, words, fontsize=size, color=INK, ha="center", **options)


def _seen(color: tuple[int, int, int], illuminant: Illuminant) -> tuple[int, int, int]:
    """A color with the light discounted, as bytes; made darker where it would be too bright for them."""
    light = corrected(linear(np.array([[color]], np.uint8)), illuminant)
    red, green, blue = stored(light / max(1.0, light.max()))[0, 0].tolist()
    return red, green, blue


def _as_color(illuminant: Illuminant) -> tuple[int, int, int]:
    """The color of a light, as bright as can be."""
    red, green, blue = stored((illuminant / illuminant.max())[None, None])[0, 0].tolist()
    return red, green, blue
