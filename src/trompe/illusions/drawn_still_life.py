"""A still life with strawberries, drawn: the image that comes with trompe, with red things among neutral ones."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from .light import Linear, Stored, stored

HEIGHT, WIDTH = 540, 720
SCALE = 2
"""Pixels are computed this much finer and averaged, so that edges are smooth."""
TOWARDS_LIGHT = np.array([-0.45, -0.62, 0.64])
RED = np.array([0.62, 0.018, 0.030])
PALE = np.array([0.75, 0.20, 0.12])
SEED = np.array([0.80, 0.52, 0.13])
LEAF = np.array([0.085, 0.27, 0.035])
LEMON = np.array([0.86, 0.62, 0.045])
WHITE = np.array([0.79, 0.81, 0.82])

Plane = Float[np.ndarray, "_height _width"]
Mask = Bool[np.ndarray, "_height _width"]
Colors = Float[np.ndarray, "*_places 3"]

HEAP = [
    (292, 232, 54, 150), (428, 232, 54, -146), (358, 204, 58, 176), (248, 268, 50, 112), (468, 268, 50, -108),
    (318, 258, 58, -160), (402, 262, 58, 158), (286, 304, 50, 24), (432, 304, 50, -34), (358, 298, 58, 6),
]  # fmt: skip
"""Strawberries in the bowl, from the back: center and half width in pixels, and turn of the tip in degrees."""
FRONT = [(150, 446, 54, 74), (236, 474, 48, -42), (604, 470, 55, -68)]
"""Strawberries on the table."""


@cache
def still_life() -> Stored:
    """Strawberries in a white bowl, a lemon, a white wall and a gray table; 540 x 720 pixels, the same each time."""
    y, x = (np.mgrid[: HEIGHT * SCALE, : WIDTH * SCALE] + 0.5) / SCALE
    light = _room(x, y)
    for left, top, radius in ((360, 446, 170), (566, 432, 84), (164, 480, 62), (250, 502, 50), (614, 508, 58)):
        _shade(light, np.exp(-(((x - left - 16) / radius) ** 2 + ((y - top) / (0.22 * radius)) ** 2) * 1.6), 0.62)
    _lemon(light, x, y)
    _bowl_inside(light, x, y)
    for berry in HEAP:
        _strawberry(light, x, y, *berry)
    _bowl_outside(light, x, y)
    for berry in FRONT:
        _strawberry(light, x, y, *berry)
    image = np.asarray(Image.fromarray(stored(light)).reduce(SCALE)).copy()
    image.flags.writeable = False
    return image


def _room(x: Plane, y: Plane) -> Linear:
    """A wall, brighter where the light comes from, and a table."""
    glow = np.exp(-(((x - 150) / 520) ** 2 + ((y - 60) / 420) ** 2))
    wall = (0.30 + 0.42 * glow)[..., None] * np.array([0.975, 0.99, 1.0])
    near = np.clip((y - 370) / 170, 0, 1)
    grain = 0.012 * np.sin(y * 0.9 + 2 * np.sin(x / 140)) * np.sin(x / 37 + y / 9)
    table = (0.33 + 0.16 * near - 0.10 * x / WIDTH + grain)[..., None] * np.array([0.97, 0.985, 1.0])
    edge = np.clip((y - 368) / 3, 0, 1)[..., None]
    return wall * (1 - edge) + table * edge


def _around(left: float, top: float, reach: float, *planes: np.ndarray) -> list[np.ndarray]:
    """The part of each plane around a place, in pixels of the image; painting it paints the whole."""
    rows, columns = (
        slice(max(0, int((one - reach) * SCALE)), max(0, int((one + reach) * SCALE))) for one in (top, left)
    )
    return [plane[rows, columns] for plane in planes]


def _shade(light: Linear, amount: Plane, depth: float) -> None:
    light *= 1 - depth * amount[..., None]


def _paint(light: Linear, color: Colors, inside: Mask) -> None:
    light[inside] = np.broadcast_to(color, light.shape)[inside]


def _lit(normal: Linear, albedo: Colors, gloss: float, shine: float = 40) -> Linear:
    """A surface by its normals: Lambert's law and an ambient light, and a highlight in the light's color (Blinn)."""
    toward = TOWARDS_LIGHT / np.linalg.norm(TOWARDS_LIGHT)
    half = toward + np.array([0.0, 0.0, 1.0])
    lambert = np.clip(normal @ toward, 0, None)[..., None]
    highlight = np.clip(normal @ (half / np.linalg.norm(half)), 0, None)[..., None] ** shine
    return albedo * (0.22 + 0.95 * lambert) + gloss * highlight


def _strawberry(light: Linear, x: Plane, y: Plane, left: float, top: float, radius: float, turn: float) -> None:
    """A body of revolution about its own axis, from the leaves at t = 0 to the tip at t = 1."""
    light, x, y = _around(left, top, 2 * radius, light, x, y)
    angle = np.deg2rad(turn)
    across = ((x - left) * np.cos(angle) + (y - top) * np.sin(angle)) / radius
    t = (-(x - left) * np.sin(angle) + (y - top) * np.cos(angle)) / (2.35 * radius) + 0.42
    inside_t = np.clip(t, 1e-3, 1 - 1e-3)
    profile = 1.62 * inside_t**0.42 * (1 - inside_t) ** 0.62
    slope = profile * (0.42 / inside_t - 0.62 / (1 - inside_t)) / 2.35
    beside = np.clip(across / profile, -1, 1)
    front = np.sqrt(1 - beside**2)
    shape = (np.abs(across) < profile) & (t > 0) & (t < 1)
    around = np.arcsin(beside)
    row = t * 8.5
    column = around * 2.3 + 0.5 * (np.floor(row) % 2)
    u, v = column - np.floor(column) - 0.5, row - np.floor(row) - 0.5
    seed = (u / 0.11) ** 2 + (v / 0.23) ** 2
    dimple = np.exp(-((u / 0.30) ** 2 + (v / 0.42) ** 2) * 1.5) * front
    normal = np.stack([beside + 0.5 * u * dimple, -slope + 0.5 * v * dimple, front], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    normal = normal @ np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    pale = np.clip(1 - t / 0.16, 0, 1)[..., None] * 0.6
    albedo = (RED * (1 - pale) + PALE * pale) * (1 - 0.35 * dimple[..., None])
    albedo = np.where((seed < 1)[..., None], SEED, albedo)
    halo = np.exp(-(np.clip(np.hypot(across, (t - 0.42) * 2.35) - 0.8, 0, None) ** 2) * 14)
    _shade(light, halo * ~shape, 0.45)
    _paint(light, _lit(normal, albedo, 0.55), shape)
    _leaves(light, across, t * 2.35, angle)


def _leaves(light: Linear, across: Plane, along: Plane, angle: float) -> None:
    """The green leaves on top of a strawberry, in units of its half width."""
    for place, (direction, length) in enumerate(
        zip((-80, 82, -48, 50, -16, 20), (0.9, 0.86, 0.8, 0.84, 0.66, 0.7), strict=True)
    ):
        turn = np.deg2rad(direction)
        forth = across * np.sin(turn) + (along - 0.02) * np.cos(turn)
        side = across * np.cos(turn) - (along - 0.02) * np.sin(turn)
        s = np.clip(forth / length, 1e-3, 1 - 1e-3)
        width = 0.44 * np.sqrt(s) * (1 - s) ** 0.8
        inside = (np.abs(side) < width) & (forth > 0) & (forth < length)
        rib = 0.65 + 0.35 * np.abs(side) / np.maximum(width, 1e-6)
        tone = (0.75 + 0.12 * (place % 3) - 0.25 * np.sin(turn + angle)) * rib * (0.75 + 0.6 * s)
        _paint(light, tone[..., None] * LEAF, inside)
    stem = (np.abs(across + 0.12 * along) < 0.055) & (along < 0.05) & (along > -0.42)
    _paint(light, LEAF * 1.2, stem)


def _lemon(light: Linear, x: Plane, y: Plane) -> None:
    light, x, y = _around(566, 380, 110, light, x, y)
    across, along = (x - 566) / 82, (y - 380) / 60
    along = along + 0.18 * across
    radius = np.hypot(across, along) - 0.16 * np.exp(-((np.abs(across) - 1) ** 2 + along**2 * 3) * 9)
    front = np.sqrt(np.clip(1 - radius**2, 0, 1))
    pores = 0.05 * np.sin(x * 1.1 + 2 * np.sin(y * 0.31)) * np.sin(y * 1.2 + 2 * np.sin(x * 0.27))
    normal = np.stack([across + pores, along + pores, front], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    _paint(light, _lit(normal, LEMON, 0.35, 25), (radius < 1))


def _bowl_inside(light: Linear, x: Plane, y: Plane) -> None:
    light, x, y = _around(358, 360, 170, light, x, y)
    across, along = (x - 358) / 158, (y - 300) / 52
    inside = np.hypot(across, along) < 1
    tone = 0.34 + 0.26 * across - 0.1 * along
    _paint(light, np.clip(tone, 0.1, 1)[..., None] * WHITE, inside)


def _bowl_outside(light: Linear, x: Plane, y: Plane) -> None:
    """The wall of the bowl below its rim, a band of blue on it, and the rim."""
    light, x, y = _around(358, 360, 170, light, x, y)
    across, down = (x - 358) / 158, (y - 300) / 148
    rim = 52 / 148 * np.sqrt(np.clip(1 - across**2, 0, 1))
    half = np.sqrt(np.clip(1 - np.clip(down, 0, 1) ** 2.4, 0, 1))
    foot = 0.94
    inside = (
        (np.abs(across) < np.maximum(half, 0.30))
        & (down > rim)
        & (down < foot + 0.06 * np.sqrt(np.clip(1 - (across / 0.42) ** 2, 0, 1)))
    )
    beside = np.clip(across / np.maximum(half, 0.3), -1, 1)
    normal = np.stack([beside, 0.15 + 0.5 * down, np.sqrt(1 - beside**2) + 0.05], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    band = np.abs(down - rim * 0.9 - 0.16) < 0.035
    albedo = np.where(band[..., None], np.array([0.05, 0.12, 0.42]), WHITE)
    _paint(light, _lit(normal, albedo, 0.5, 60), inside)
    ring = (np.abs(np.hypot(across, (y - 300) / 52) - 0.99) < 0.022) & (y > 300)
    _paint(light, WHITE * (1.02 - 0.22 * across[..., None]), ring)
