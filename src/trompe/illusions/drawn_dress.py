"""A dress in ambiguous light, drawn: white and gold in a bluish shadow, blue and black in bright warm light.

After the photograph of 2015, of which people see one or the other and hardly ever both (Gegenfurtner, Bloj & Toscani
2015; Winkler, Spillmann, Werner & Webster 2015). The colors of the cloth and the lace are those of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter

from .light import Illuminant, Linear, Stored, corrected, linear, stored

CLOTH, LACE = (130, 140, 175), (120, 95, 60)
"""The pixels of the two, in bytes of sRGB: about those of the photograph."""
WHITE, BLACK = 0.78, 0.035
"""Reflectance of the cloth that is seen as white, and of the lace that is seen as black."""
HEIGHT, WIDTH, SCALE = 660, 480, 2
MIDDLE = 236
BODY = PchipInterpolator((60, 130, 190, 276, 372, 480, 640), (112, 108, 98, 80, 108, 124, 138))
"""Half the width of the dress at a height, in pixels."""
BAND, SHARE = 58, 0.40
"""Pixels from one band of lace to the next, and how much of them is lace."""

Plane = Float[np.ndarray, "_height _width"]
Mask = Bool[np.ndarray, "_height _width"]


@dataclass(frozen=True)
class Reading:
    """What is seen of the dress by one who supposes this light.

    Attributes:
        light: its name.
        seen: the colors of cloth and lace.
        illuminant: the light.
    """

    light: str
    seen: tuple[str, str]
    illuminant: Illuminant

    def of(self, image: Stored) -> Stored:
        """The image with this light discounted."""
        return stored(corrected(linear(image), self.illuminant))

    def color(self, pixel: tuple[int, int, int]) -> tuple[int, int, int]:
        """A color with this light discounted."""
        red, green, blue = self.of(np.array([[pixel]], np.uint8))[0, 0].tolist()
        return red, green, blue


def readings() -> tuple[Reading, Reading]:
    """The light that makes the cloth white, and the one that makes the lace black: illuminant = sent / reflectance."""
    cloth, lace = linear(np.array([[CLOTH, LACE]], np.uint8))[0]
    return (
        Reading("a bluish shadow", ("white", "gold"), cloth / WHITE),
        Reading("bright warm light", ("blue", "black"), lace / BLACK),
    )


@cache
def dress() -> Stored:
    """The image: 660 x 480 pixels, the same each time."""
    y, x = (np.mgrid[: HEIGHT * SCALE, : WIDTH * SCALE] + 0.5) / SCALE
    light = _finer(_background(x[::SCALE, ::SCALE], y[::SCALE, ::SCALE]))
    shadow = gaussian_filter(_body(x + 16, y - 6)[::SCALE, ::SCALE].astype(float), 14)
    light *= 1 - 0.35 * _finer(shadow)[..., None]
    folds = _finer(_folds())
    _hanger(light, x, y)
    for side in (-1, 1):
        _sleeve(light, x, y, side, folds)
    across, beside = x - MIDDLE, np.clip((x - MIDDLE) / BODY(y), -1, 1)
    back = _body(x, y, hole=False) & ~_body(x, y)
    light[back] = 0.55 * linear(np.array([[LACE]], np.uint8))[0, 0]
    along = y - BAND - 13 * np.sqrt(1 - beside**2) - 0.02 * across
    shade = folds * (1.06 - 0.30 * np.abs(beside) ** 3 + 0.07 * beside)
    _cloth(light, _body(x, y), along, np.arcsin(beside), shade)
    _collar(light, x, y)
    image = np.asarray(Image.fromarray(stored(light)).reduce(SCALE)).copy()
    image.flags.writeable = False
    return image


def _finer(plane: np.ndarray) -> np.ndarray:
    """What is smooth anyway, at the resolution that the rest is computed at."""
    return plane.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def _body(x: Plane, y: Plane, hole: bool = True) -> Mask:
    """Inside the dress without its sleeves; the hole is that of the neck."""
    across = np.abs(x - MIDDLE)
    shoulder = 78 + 0.16 * across + 0.0009 * across**2
    hem = 632 + 14 * (1 - (across / 140) ** 2)
    return (across < BODY(y)) & (y > shoulder) & (y < hem) & ~(hole & (_neck(x, y) < 1))


def _neck(x: Plane, y: Plane) -> Plane:
    return np.hypot((x - MIDDLE) / 56, (y - 72) / 62)


def _cloth(light: Linear, inside: Mask, along: Plane, around: Plane, shade: Plane) -> None:
    """Bands of lace on cloth: scalloped edges, and holes through which the cloth is seen.

    Args:
        along: pixels from where the lace begins.
        around: the angle about the body.
        shade: what folds and roundness leave of the light.
    """
    scallop = np.abs(np.sin(around * 13))
    place = along / BAND - np.floor(along / BAND)
    edge = 0.05 * scallop
    lace = (place > 0.30 - edge) & (place < 0.30 + SHARE + edge) & (along > 0)
    u, v = around * 13 / np.pi, (place - 0.30) / SHARE * 3
    petal = np.hypot(u - np.floor(u) - 0.5, v - np.floor(v) - 0.5)
    thread = 1.0 + 0.22 * np.cos(petal * 22) * (petal < 0.5) - 0.12 * (petal >= 0.5)
    rib = 1 + 0.02 * np.sin(along * 2.2)
    seam = 1 - 0.20 * np.exp(-(((np.abs(place - 0.30 - SHARE / 2) - SHARE / 2 - edge) / 0.02) ** 2))
    cloth_light, lace_light = linear(np.array([[CLOTH, LACE]], np.uint8))[0]
    hole = lace & (petal < 0.10)
    tone = np.where(lace, shade * thread, shade * rib) * seam
    color = np.where((lace & ~hole)[..., None], lace_light, np.where(hole[..., None], 0.62 * cloth_light, cloth_light))
    light[inside] = (tone[..., None] * color)[inside]


def _sleeve(light: Linear, x: Plane, y: Plane, side: int, folds: Plane) -> None:
    """A short sleeve, from the shoulder outward and down."""
    angle = np.deg2rad(27) * side
    right, down = x - MIDDLE - 84 * side, y - 116
    across = right * np.cos(angle) - down * np.sin(angle)
    along = right * np.sin(angle) + down * np.cos(angle)
    half = 38 - 0.05 * along
    beside = np.clip(across / half, -1, 1)
    end = 104 + 7 * np.sqrt(1 - beside**2)
    inside = (
        (side * right > -18)
        & (np.abs(across) < half)
        & (np.hypot(across, np.minimum(along - 12, 0)) < 38)
        & (along < end)
    )
    shade = folds * (0.98 - 0.34 * np.abs(beside) ** 3 + 0.05 * side * beside)
    _cloth(light, inside, along - 8 * np.sqrt(1 - beside**2) + 4, np.arcsin(beside) * 0.7, shade)


def _collar(light: Linear, x: Plane, y: Plane) -> None:
    distance = _neck(x, y)
    inside = (distance > 0.97) & (distance < 1.12 + 0.03 * np.abs(np.sin(np.arctan2(y - 72, x - MIDDLE) * 16)))
    inside &= _body(x, y, hole=False)
    light[inside] = linear(np.array([[LACE]], np.uint8))[0, 0] * 0.9


def _hanger(light: Linear, x: Plane, y: Plane) -> None:
    hook = (np.abs(np.hypot(x - MIDDLE, y - 26) - 13) < 2.0) & ~((x < MIDDLE) & (y > 26))
    rod = (np.abs(x - MIDDLE) < 2.0) & (y > 38) & (y < 82)
    bar = (np.abs(y - 84 - 0.17 * np.abs(x - MIDDLE)) < 4) & (np.abs(x - MIDDLE) < 50)
    light[hook | rod] = (0.10, 0.085, 0.07)
    light[bar] = (0.16, 0.10, 0.055)


def _folds() -> Plane:
    """Folds of the cloth: smooth noise, longer than it is wide."""
    noise = np.random.default_rng(0).normal(size=(HEIGHT, WIDTH))
    smooth = gaussian_filter(noise, (60, 11))
    fine = gaussian_filter(noise, (4, 14))
    return 1 + 0.07 * smooth / smooth.std() + 0.03 * fine / fine.std()


def _background(x: Plane, y: Plane) -> Linear:
    """A shop out of focus: dark and brown on the left, a bright window on the right."""
    right = 1 / (1 + np.exp(-(x - 330) / 60))
    light = (0.10 + 0.75 * right)[..., None] * np.array([1.0, 0.84, 0.60])
    random = np.random.default_rng(4)
    for _ in range(26):
        left, top, width, tall = random.uniform((-30, -30, 20, 30), (WIDTH, HEIGHT, 90, 190))
        tint = np.array([1.0, 0.80, 0.52]) ** random.uniform(0.3, 1.6)
        inside = (np.abs(x - left) < width / 2) & (np.abs(y - top) < tall / 2)
        light[inside] = light[inside] * random.uniform(0.45, 1.7) * tint
    window = (x > 372) & (y > 30) & (y < 430)
    light[window] = (1.5, 1.36, 1.08)
    light[(np.abs(x - 428) < 4) & window] = (0.7, 0.55, 0.35)
    floor = y > 560
    light[floor] *= np.array([0.75, 0.66, 0.55])
    light = gaussian_filter(light, (9, 9, 0))
    glare = np.exp(-(((x - 450) / 190) ** 2 + ((y - 190) / 260) ** 2))[..., None]
    return light + 0.35 * glare * np.array([1.0, 0.93, 0.78])
