"""An image without a single red pixel that is seen as red: the illusion of color constancy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import uniform_filter

from .light import Illuminant, Stored, linear, relit, stored

STRONGEST = 1 / 3
"""The least red gain: gray then has three times the red, in proportion, that its surround has, and looks red."""
HAZE = 0.2
"""How much haze comes with the loss of red. Without it black would stay black, and red things in the dark would have
nothing cyan around them.
"""
NOTICEABLE = 12
"""Levels of 255 by which red must exceed both other channels for a pixel to count in the choice of the gain."""
MOST_PATCHES = 4
BAND = 2**22
"""Bytes of a large image that are worked on at a time."""


@dataclass(frozen=True)
class Patch:
    """A square of an image: its upper left corner and its side, in pixels."""

    top: int
    left: int
    side: int

    def of(self, image: Stored) -> Stored:
        return image[self.top : self.top + self.side, self.left : self.left + self.side]

    def color(self, image: Stored) -> tuple[int, int, int]:
        """The median of each channel."""
        red, green, blue = np.median(self.of(image), axis=(0, 1)).round().astype(int).tolist()
        return red, green, blue


@dataclass(frozen=True)
class NoRed:
    """An image and its version without red.

    Attributes:
        original, image: before and after.
        illuminant: the light that was put on it, from white (1, 1, 1) towards cyan.
        patches: where the original is most red.
    """

    original: Stored
    image: Stored
    illuminant: Illuminant
    patches: list[Patch]

    @property
    def red_before(self) -> int:
        """Red pixels of the original."""
        return int(is_red(self.original).sum())

    @property
    def red_after(self) -> int:
        """Red pixels of the result: none."""
        return int(is_red(self.image).sum())


def is_red(image: Stored) -> Bool[np.ndarray, "_height _width"]:
    """Whether a pixel's red exceeds both its green and its blue, in bytes as they are stored."""
    return image[..., 0] > image[..., 1:].max(axis=2)


def without_red(image: Stored) -> NoRed:
    """An image relit by a cyan light and seen through a haze of it, as weak as leaves red surfaces gray.

    In linear light, with a red gain g and a haze h = (1 - g) / 5:
    green' = h + (1 - h) green; blue' = h + (1 - h) blue; red' = min(g red, max(green', blue')),
    and then green' and blue' are raised to red' where they are below it.

    By von Kries' law the eye divides by the light that it supposes, here (g, 1, 1). In a cyan scene gray is what a red
    surface sends, so gray is seen as red. The limits concern only surfaces that would be too red even so, and make them
    gray: no pixel of the result has more red than green, or more red than blue. An image without red is left as it is.
    """
    if not is_red(image).any():
        return NoRed(image, image, np.ones(3), [])
    gain = red_gain(image)
    bands = np.array_split(image, max(1, image.size // BAND))
    return NoRed(
        image, np.concatenate([_relit(band, gain) for band in bands]), np.array([gain, 1.0, 1.0]), patches(image)
    )


def _relit(image: Stored, gain: float) -> Stored:
    haze = HAZE * (1 - gain) * np.array([0.0, 1.0, 1.0])
    light = haze + (1 - haze) * relit(linear(image), np.array([gain, 1.0, 1.0]))
    light[..., 0] = np.minimum(light[..., 0], light[..., 1:].max(axis=2))
    return stored(np.maximum(light, light[..., :1]))


def red_gain(image: Stored) -> float:
    """The largest gain at which one in a hundred red pixels would still be too red, but no less than `STRONGEST`.

    With m = max(green, blue) and the haze h above, g red <= h + (1 - h) m where
    g <= (0.2 + 0.8 m) / (red + 0.2 - 0.2 m).
    """
    excess = image[..., 0].astype(np.int16) - image[..., 1:].max(axis=2)
    light = linear(image[excess >= min(NOTICEABLE, int(excess.max()))][None])[0]
    red, most = light[:, 0], light[:, 1:].max(axis=1)
    gains = (HAZE + (1 - HAZE) * most) / (red + HAZE - HAZE * most)
    return float(np.clip(np.quantile(gains, 0.01), STRONGEST, 1))


def patches(image: Stored, most: int = MOST_PATCHES) -> list[Patch]:
    """Squares that lie where an image is most red, and evenly so; apart from each other, from left to right."""
    height, width, _ = image.shape
    side = max(1, round(min(height, width) / 20))
    excess = np.maximum(0, image[..., 0].astype(np.float32) - image[..., 1:].max(axis=2))
    mean = uniform_filter(excess, side, mode="constant")
    variance = np.maximum(0, uniform_filter(excess**2, side, mode="constant") - mean**2)
    score = mean - np.sqrt(variance)
    half, end = side // 2, side - side // 2 - 1
    inside = np.zeros_like(score)
    inside[half : height - end, half : width - end] = score[half : height - end, half : width - end]
    found: list[Patch] = []
    best = inside.max()
    while len(found) < most and inside.max() > max(0.0, best / 2):
        row, column = np.unravel_index(inside.argmax(), inside.shape)
        found.append(Patch(int(row) - half, int(column) - half, side))
        apart = 5 * side
        inside[max(0, row - apart) : row + apart + 1, max(0, column - apart) : column + apart + 1] = 0
    return sorted(found, key=lambda patch: patch.left)
