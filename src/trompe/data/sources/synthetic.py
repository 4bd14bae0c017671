"""Synthetic sets: the curves of Hinton & Salakhutdinov, variants of MNIST by their published procedures, and mixtures
whose modes are known. Each is a function of a fixed seed, the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from ...rng import Stream, numpy_generator
from ..windows import Windows

VERSION = "1"
"""Changes when a procedure does, so that packs of what the old one made are made anew."""

Images = UInt8[np.ndarray, "count 1 height width"]
Points = Float[np.ndarray, "count 1 2"]

# Curves

CURVES = (20_000, 10_000)
CURVE_SIDE = 28
CURVE_MARGIN = 6
CURVE_POINTS = 96
PEN = 1.0
"""Standard deviation of the ink around the curve, in pixels."""


def curves(count: int, part: int) -> Images:
    """Images of curves through three random points, six dimensions in all: more is not published of their distribution
    (Hinton & Salakhutdinov 2006). Here the points are uniform over the middle 16x16 of the image, a parabola goes
    through them in equal times, and a soft pen draws it; 18 principal components then leave a squared error of 6.0 per
    image, where 5.90 is published.
    """
    random = numpy_generator(0, Stream.SYNTHESIS, part)
    through = CURVE_MARGIN + random.random((count, 3, 2), dtype=np.float32) * (CURVE_SIDE - 2 * CURVE_MARGIN)
    t = np.linspace(0, 1, CURVE_POINTS, dtype=np.float32)[:, None]
    weights = np.concatenate([2 * (t - 0.5) * (t - 1), 4 * t * (1 - t), 2 * t * (t - 0.5)], axis=1)  # Lagrange's
    cells = np.arange(CURVE_SIDE, dtype=np.float32) + 0.5
    images = np.empty((count, 1, CURVE_SIDE, CURVE_SIDE), np.uint8)
    for start in range(0, count, 500):
        points = np.einsum("pc,ncd->npd", weights, through[start : start + 500])
        across = (cells - points[:, :, :1]) ** 2
        down = (cells - points[:, :, 1:]) ** 2
        nearest = np.full((len(points), CURVE_SIDE, CURVE_SIDE), np.inf, np.float32)
        for place in range(CURVE_POINTS):
            np.minimum(nearest, down[:, place, :, None] + across[:, place, None, :], out=nearest)
        images[start : start + 500, 0] = np.rint(255 * np.exp(-0.5 * nearest / PEN**2))
    return images


# Variants of MNIST (Larochelle et al. 2007): 10,000 images to train on, 2,000 to choose by and 50,000 to test on

Labels = Int[np.ndarray, " count"]
Variation = Callable[[Images, np.random.Generator], Images]
Chosen = tuple[UInt8[np.ndarray, "chosen channels height width"], Int[np.ndarray, " chosen"], int]
Variant = Callable[[Images, Labels, int], Chosen]
"""A set made of another: images and labels, those to train on first, and their number."""


def rotated(images: Images, random: np.random.Generator) -> Images:
    """Each digit rotated by an angle uniform over the whole circle."""
    count, _, height, width = images.shape
    center = torch.tensor([0.5 * width, 0.5 * height]).expand(count, 2)
    angle = torch.from_numpy(random.uniform(0, 2 * np.pi, (count,)).astype(np.float32))
    seen = Windows(center, torch.ones(count), angle).view(torch.from_numpy(images).float(), (height, width))
    return seen.round().byte().numpy()


def on_noise(images: Images, random: np.random.Generator) -> Images:
    """Each digit's ink over a background of gray levels uniform over 0 to 255, independent for each pixel."""
    noise = random.integers(0, 256, images.shape, np.uint8)
    ink = images.astype(np.float32) / 255
    return np.rint(255 * ink + (1 - ink) * noise).astype(np.uint8)


def varied(variation: Variation) -> Variant:
    """MNIST's 70,000 digits in a random order, varied: the first 12,000 to train on, the next 50,000 to test on."""

    def variant(images: Images, labels: Labels, _: int) -> Chosen:
        random = numpy_generator(0, Stream.SYNTHESIS, 2)
        chosen = random.permutation(len(images))[:62_000]
        return variation(images[chosen], random), labels[chosen], 12_000

    return variant


def stacked(images: Images, labels: Labels, train_count: int) -> Chosen:
    """Three digits of one split, drawn at random, as the channels of an image: 1,000 modes (Metz et al. 2017)."""
    ends = ((0, train_count), (train_count, len(images)))
    chosen = np.concatenate(
        [
            numpy_generator(0, Stream.SYNTHESIS, 4, part).integers(start, stop, (stop - start, 3))
            for part, (start, stop) in enumerate(ends)
        ]
    )
    return images[chosen, 0], labels[chosen] @ [100, 10, 1], train_count


# Mixtures whose modes are known

POINTS = (50_000, 10_000)
REACH = 1.25
"""Coordinates are within -REACH and REACH."""
DEVIATION = 0.02
"""Standard deviation of each Gaussian."""
ANGLES = 2 * np.pi * np.arange(8) / 8
MIXTURES = {
    "ring": np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1),
    "grid": np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), -1).reshape(-1, 2),
}
"""Centers of 8 Gaussians around a circle, and of 25 on a grid (Metz et al. 2017; Srivastava et al. 2017)."""


def mixture(name: str, count: int, part: int) -> tuple[Points, np.ndarray]:
    """Points of a mixture, and the index of each one's Gaussian."""
    random = numpy_generator(0, Stream.SYNTHESIS, 3, part)
    chosen = random.integers(0, len(MIXTURES[name]), count)
    points = MIXTURES[name][chosen] + DEVIATION * random.standard_normal((count, 2))
    return as_samples(points), chosen


SPIRAL_TURNS = 1.0


def spirals(count: int, part: int) -> tuple[Points, np.ndarray]:
    """Points of two arms that wind around each other, evenly along each arm, and the index of each one's arm."""
    random = numpy_generator(0, Stream.SYNTHESIS, 5, part)
    arm = random.integers(0, 2, count)
    radius = np.sqrt(random.uniform(0.15**2, 1, count))  # an arm is longer farther out
    angle = 2 * np.pi * SPIRAL_TURNS * radius + np.pi * arm
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return as_samples(points + DEVIATION * random.standard_normal((count, 2))), arm


COOKIES = ("butter", "chocolate")
"""Two kinds of cookies, by two of their properties."""


def cookies(count: int, part: int) -> tuple[Points, np.ndarray]:
    """Points of two overlapping classes, equally frequent: a tilted Gaussian, and a crescent around it, which no
    Gaussian fits; and the class of each.
    """
    random = numpy_generator(0, Stream.SYNTHESIS, 6, part)
    kind = random.integers(0, len(COOKIES), count)
    along, across = random.standard_normal((2, count))
    tilt, turn = np.deg2rad(35), np.deg2rad(225 + 42 * along)
    ellipse = np.stack([0.27 * along, 0.17 * across], 1) @ [[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]
    arc = (0.75 + 0.1 * across)[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
    points = np.where(kind[:, None] == 0, ellipse + 0.1, arc + 0.25)
    return as_samples(points.clip(-REACH, REACH)), kind


def as_samples(points: Float[np.ndarray, "count 2"]) -> Points:
    """Points as samples: one channel, and an axis of two coordinates."""
    return points.astype(np.float32)[:, None, :]
