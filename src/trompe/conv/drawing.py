"""Flat shapes in frames, and their files: GIF, PNG of all frames, animated SVG, and MP4 where ffmpeg is installed."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from ..display.video import mp4
from ..errors import TrompeError
from ..files import write_bytes

Point = tuple[float, float]
Theme = Literal["light", "dark"]

SECONDS, HOLD = 0.7, 3
"""Duration of a frame; the last one is held this many times as long."""
SUPERSAMPLING = 3
DASH = 4.0
COLORS = 32
"""Colors of a GIF."""
ALIKE = 8
"""Pillow may take one of two colors this close for the other."""
INPUT, WINDOW, OUTPUT, CURRENT = "#56b4e9", "#0072b2", "#9fd8c6", "#e69f00"
"""Fills of cells (Okabe & Ito's colors): of the input, under the window, of the output, and of its current cell."""


class Palette(NamedTuple):
    """Colors of a theme; `faint` fills the zeros between cells, `dim` is the edge of the padding."""

    paper: str
    ink: str
    edge: str
    faint: str
    dim: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette("#ffffff", "#22252a", "#4a4f57", "#e6e8eb", "#b4bac2"),
    "dark": Palette("#17191d", "#e7e9ec", "#aab0b8", "#3a3f47", "#5c636d"),
}


class Shape(NamedTuple):
    """A polygon, or a line where it has two points."""

    points: tuple[Point, ...]
    fill: str | None = None
    edge: str | None = None
    dashed: bool = False


class Label(NamedTuple):
    """A line of text, centered on its place or beginning there."""

    at: Point
    text: str
    color: str
    size: float = 11.0
    centered: bool = True


Drawing = list[Shape | Label]


@dataclass(frozen=True)
class Animation:
    """A layer at work, in pixels: frames, and the background that each is drawn on. A notebook shows it."""

    width: int
    height: int
    paper: str
    description: str
    background: Drawing = field(repr=False)
    frames: list[Drawing] = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write a `.gif`, an animated `.svg`, a `.png` of all frames, or an `.mp4` (with ffmpeg).

        Raises:
            TrompeError: the suffix is none of these, or ffmpeg is missing or fails.
        """
        path = Path(path)
        if (writer := WRITERS.get(path.suffix.lower())) is None:
            raise TrompeError(f"`{path}` has an unknown suffix", hint=f"use one of {', '.join(WRITERS)}")
        write_bytes(path, writer(self))
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": svg(self).decode(), "text/plain": self.description}


def painted(animation: Animation, frames: Sequence[Drawing] | None = None) -> list[Image.Image]:
    """Frames in pixels, by default all, with smooth edges."""
    width, height = animation.width, animation.height
    blank = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), animation.paper)
    behind = paint(blank, animation.background)
    chosen = animation.frames if frames is None else frames
    return [paint(behind.copy(), frame).resize((width, height), Image.Resampling.BOX) for frame in chosen]


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def paint(image: Image.Image, drawing: Drawing) -> Image.Image:
    draw = ImageDraw.Draw(image, "RGBA")
    for part in drawing:
        if isinstance(part, Label):
            at = (part.at[0] * SUPERSAMPLING, part.at[1] * SUPERSAMPLING)
            anchor = "mm" if part.centered else "lm"
            draw.text(at, part.text, part.color, font(round(part.size * SUPERSAMPLING)), anchor)
            continue
        points = [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in part.points]
        closed = points + points[:1] * (len(points) > 2)
        if part.fill:
            draw.polygon(points, part.fill)
        if part.edge and not part.dashed:
            draw.line(closed, part.edge, SUPERSAMPLING, "curve")
        for (x, y), (to_x, to_y) in pairwise(closed) if part.dashed else ():
            steps = 2 * max(1, round(math.hypot(to_x - x, to_y - y) / (2 * DASH * SUPERSAMPLING)))
            places = [(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps) for step in range(steps)]
            for start, stop in zip(places[::2], places[1::2], strict=True):
                draw.line([start, stop], part.edge, SUPERSAMPLING)
    return image


def gif(animation: Animation) -> bytes:
    """An endless animation of few colors: the fills exactly, and the most frequent ones of smoothed edges."""
    frames = painted(animation)
    fills = np.array([ImageColor.getrgb(color) for color in (animation.paper, INPUT, WINDOW, OUTPUT, CURRENT)])
    shown = np.concatenate([np.asarray(frames[place]) for place in (0, len(frames) // 2, -1)])
    palette = Image.fromarray(shown).quantize(COLORS - len(fills), dither=Image.Dither.NONE)
    frequent = np.reshape(palette.getpalette() or [], (-1, 3))[: COLORS - len(fills)]
    distinct = np.abs(frequent[:, None] - fills).max(2).min(1) > ALIKE
    palette.putpalette(np.concatenate([fills, frequent[distinct]]).ravel().tolist())
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000 * SECONDS)] * (len(flat) - 1) + [round(1000 * SECONDS * HOLD)]
    content = io.BytesIO()
    flat[0].save(content, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=True)
    return content.getvalue()


def png(animation: Animation) -> bytes:
    """All frames beside each other."""
    return sheet(painted(animation), animation.paper)


def sheet(images: Sequence[Image.Image], paper: str) -> bytes:
    """Images of any sizes in rows, nearly square."""
    columns = math.ceil(math.sqrt(len(images)))
    width, height = (max(sizes) for sizes in zip(*(image.size for image in images), strict=True))
    canvas = Image.new("RGB", (columns * width, math.ceil(len(images) / columns) * height), paper)
    for place, image in enumerate(images):
        canvas.paste(image, (place % columns * width, place // columns * height))
    content = io.BytesIO()
    canvas.save(content, "PNG", optimize=True)
    return content.getvalue()


def svg(animation: Animation) -> bytes:
    """An animation that needs no script: each frame is shown in its turn."""
    last = len(animation.frames) - 1
    total = SECONDS * (last + HOLD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {animation.width} {animation.height}" role="img" '
        f'font-family="DejaVu Sans, Verdana, sans-serif"><title>{escape(animation.description)}</title>',
        f'<rect width="100%" height="100%" fill="{animation.paper}"/>',
        *map(element, animation.background),
    ]
    for number, frame in enumerate(animation.frames):
        turn = slice(number == 0, 2 if number == last else 3)  # the first begins at 0, the last stays to the end
        times = ["0", f"{SECONDS * number / total:.4f}", f"{SECONDS * (number + 1) / total:.4f}"][turn]
        moving = (
            f'<animate attributeName="display" values="{";".join(["none", "inline", "none"][turn])}" '
            f'keyTimes="{";".join(times)}" dur="{total:.2f}s" calcMode="discrete" repeatCount="indefinite"/>'
        ) * (last > 0)
        shown = "inline" if number == last else "none"
        parts.append(f'<g display="{shown}">{moving}{"".join(map(element, frame))}</g>')
    return "\n".join([*parts, "</svg>", ""]).encode()


def element(part: Shape | Label) -> str:
    if isinstance(part, Label):
        anchor = ' text-anchor="middle"' * part.centered
        return (
            f'<text x="{part.at[0]:.1f}" y="{part.at[1]:.1f}" font-size="{part.size:g}" fill="{part.color}" '
            f'dominant-baseline="central"{anchor}>{escape(part.text)}</text>'
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in part.points)
    dashes = f' stroke-dasharray="{DASH:g}"' * part.dashed
    return f'<polygon points="{points}" fill="{part.fill or "none"}" stroke="{part.edge or "none"}"{dashes}/>'


def video(animation: Animation) -> bytes:
    """A video, the last frame held."""
    frames = [np.asarray(image) for image in painted(animation)]
    return mp4(frames + frames[-1:] * (HOLD - 1), SECONDS)


WRITERS = {".gif": gif, ".svg": svg, ".png": png, ".mp4": video}
