"""Sets that are made, not found: the curves of Hinton & Salakhutdinov, variants of MNIST by their published laws, and
mixtures whose modes are known. Each is a function of a fixed seed, the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, UInt8

from ..rng import Stream, numpy_generator
from .windows import Windows

LAWS = "1"
"""Changes when a law does, so that what was made by the old one is made anew."""

Pictures = UInt8[np.ndarray, "count 1 height width"]

# Curves

CURVES = (20_000, 10_000)
CURVE_SIDE = 28
CURVE_MARGIN = 6
CURVE_POINTS = 96
PEN = 1.0
"""Deviation of the ink around the curve, in pixels."""


def curves(count: int, part: int) -> Pictures:
    """Pictures of curves generated from three random points in two dimensions, so that six numbers make each: all that
    is published of their law (Hinton & Salakhutdinov 2006). Here the points are uniform over the middle 16x16 of the
    picture, a parabola goes through them in equal times, and a soft pen draws it; eighteen principal components then
    leave 6.0 of squared error, where 5.90 is published.
    """
    random = numpy_generator(0, Stream.SYNTHESIS, part)
    through = CURVE_MARGIN + random.random((count, 3, 2), dtype=np.float32) * (CURVE_SIDE - 2 * CURVE_MARGIN)
    t = np.linspace(0, 1, CURVE_POINTS, dtype=np.float32)[:, None]
    weights = np.concatenate([2 * (t - 0.5) * (t - 1), 4 * t * (1 - t), 2 * t * (t - 0.5)], axis=1)  # Lagrange's
    cells = np.arange(CURVE_SIDE, dtype=np.float32) + 0.5
    pictures = np.empty((count, 1, CURVE_SIDE, CURVE_SIDE), np.uint8)
    for start in range(0, count, 500):
        points = np.einsum("pc,ncd->npd", weights, through[start : start + 500])
        across = (cells - points[:, :, :1]) ** 2
        down = (cells - points[:, :, 1:]) ** 2
        nearest = np.full((len(points), CURVE_SIDE, CURVE_SIDE), np.inf, np.float32)
        for place in range(CURVE_POINTS):
            np.minimum(nearest, down[:, place, :, None] + across[:, place, None, :], out=nearest)
        pictures[start : start + 500, 0] = np.rint(255 * np.exp(-0.5 * nearest / PEN**2))
    return pictures


# Variants of MNIST (Larochelle et al. 2007): 10,000 pictures to train on, 2,000 to choose by and 50,000 to test on

Variation = Callable[[Pictures, np.random.Generator], Pictures]
Made = Callable[[Pictures, np.ndarray, Pictures, np.ndarray], tuple[Pictures, np.ndarray, Pictures, np.ndarray]]
"""A set made from another's pictures and labels to train on, pictures and labels to test on."""


def rotated(images: Pictures, random: np.random.Generator) -> Pictures:
    """Each digit turned by an angle uniform over the whole circle."""
    count, _, height, width = images.shape
    centre = torch.tensor([0.5 * width, 0.5 * height]).expand(count, 2)
    angle = torch.from_numpy(random.uniform(0, 2 * np.pi, (count,)).astype(np.float32))
    turned = Windows(centre, torch.ones(count), angle).view(torch.from_numpy(images).float(), (height, width))
    return turned.round().byte().numpy()


def on_noise(images: Pictures, random: np.random.Generator) -> Pictures:
    """Each digit's ink over a background of grey levels uniform over 0 to 255, each pixel its own."""
    noise = random.integers(0, 256, images.shape, np.uint8)
    ink = images.astype(np.float32) / 255
    return np.rint(255 * ink + (1 - ink) * noise).astype(np.uint8)


def varied(variation: Variation) -> Made:
    """MNIST's 70,000 digits in a random order, varied: the first 12,000 to train on, the next 50,000 to test on."""

    def made(
        images: Pictures, labels: np.ndarray, test_images: Pictures, test_labels: np.ndarray
    ) -> tuple[Pictures, np.ndarray, Pictures, np.ndarray]:
        random = numpy_generator(0, Stream.SYNTHESIS, 2)
        chosen = random.permutation(len(images) + len(test_images))[:62_000]
        pictures = variation(np.concatenate([images, test_images])[chosen], random)
        classes = np.concatenate([labels, test_labels])[chosen]
        return pictures[:12_000], classes[:12_000], pictures[12_000:], classes[12_000:]

    return made


# Mixtures whose modes are known

POINTS = (50_000, 10_000)
REACH = 1.25
"""Black stands for minus this coordinate, white for plus."""
DEVIATION = 0.02
"""Of each Gaussian, about two grey levels."""
ANGLES = 2 * np.pi * np.arange(8) / 8
MIXTURES = {
    "ring": np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1),
    "grid": np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5)), -1).reshape(-1, 2),
}
"""Eight Gaussians around a circle, and twenty-five on a grid (Metz et al. 2017; Srivastava et al. 2017): centres."""


def mixture(name: str, count: int, part: int) -> tuple[Pictures, np.ndarray]:
    """Points of a mixture, and the Gaussian each is of."""
    random = numpy_generator(0, Stream.SYNTHESIS, 3, part)
    chosen = random.integers(0, len(MIXTURES[name]), count)
    points = MIXTURES[name][chosen] + DEVIATION * random.standard_normal((count, 2))
    return as_pictures(points), chosen


SPIRAL_TURNS = 1.0


def spirals(count: int, part: int) -> tuple[Pictures, np.ndarray]:
    """Points of two arms that wind around each other, evenly along each arm, and the arm each is of."""
    random = numpy_generator(0, Stream.SYNTHESIS, 5, part)
    arm = random.integers(0, 2, count)
    radius = np.sqrt(random.uniform(0.15**2, 1, count))  # an arm is longer farther out
    angle = 2 * np.pi * SPIRAL_TURNS * radius + np.pi * arm
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return as_pictures(points + DEVIATION * random.standard_normal((count, 2))), arm


def as_pictures(points: Float[np.ndarray, "count 2"]) -> Pictures:
    """Points of the plane as pictures of two pixels, their coordinates. As pictures they go wherever pictures go."""
    levels = np.rint(255 * (points / REACH + 1) / 2).clip(0, 255).astype(np.uint8)
    return levels[:, None, None, :]


def points_of(images: Pictures) -> Float[np.ndarray, "count 2"]:
    """The coordinates that pictures of two pixels stand for."""
    return REACH * (2 * images.reshape(len(images), 2).astype(np.float64) / 255 - 1)


def stacked(
    images: Pictures, labels: np.ndarray, test_images: Pictures, test_labels: np.ndarray
) -> tuple[Pictures, np.ndarray, Pictures, np.ndarray]:
    """Three digits of one split, drawn by chance, as the channels of a picture: a thousand modes (Metz et al. 2017)."""
    parts: list[np.ndarray] = []
    for part, (digits, classes) in enumerate(((images, labels), (test_images, test_labels))):
        chosen = numpy_generator(0, Stream.SYNTHESIS, 4, part).integers(0, len(digits), (len(digits), 3))
        parts += [digits[chosen][:, :, 0], classes[chosen].astype(np.int64) @ [100, 10, 1]]
    return parts[0], parts[1], parts[2], parts[3]
