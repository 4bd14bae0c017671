"""Films of layers as files: GIF, PNG with all frames, animated SVG, and MP4 where ffmpeg is there."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from ..errors import TrompeError
from ..grids import Pixels
from .scene import INPUT, MADE, MAKING, WINDOW, Drawing, Film, Label, Shape

SECONDS = 0.7
HELD = 3
"""The last frame is held for so many."""
FINE = 3
"""Drawn so many times as large, and then reduced: smooth edges."""
COLOURS = 32
EXACT = (INPUT, WINDOW, MADE, MAKING)
DASH = 4.0


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def painted(film: Film, frame: Drawing) -> Image.Image:
    """One frame in pixels."""
    image = Image.new("RGB", (film.width * FINE, film.height * FINE), film.paper)
    draw = ImageDraw.Draw(image, "RGBA")
    for part in [*film.still, *frame]:
        if isinstance(part, Label):
            anchor = "mm" if part.centred else "lm"
            at = (part.at[0] * FINE, part.at[1] * FINE)
            draw.text(at, part.text, part.colour, font(round(part.size * FINE)), anchor)
        else:
            paint(draw, part)
    return image.resize((film.width, film.height), Image.Resampling.BOX)


def paint(draw: ImageDraw.ImageDraw, shape: Shape) -> None:
    points = [(x * FINE, y * FINE) for x, y in shape.points]
    if len(points) > 2 and shape.fill:
        draw.polygon(points, shape.fill)
    if not shape.edge:
        return
    ends = [*points, points[0]] if len(points) > 2 else points
    if not shape.dashed:
        draw.line(ends, shape.edge, FINE, "curve")
        return
    for one, other in pairwise(ends):
        length = float(np.hypot(other[0] - one[0], other[1] - one[1]))
        count = max(1, round(length / (DASH * FINE)))
        for dash in range(0, count, 2):
            start, stop = ((one[0] + (other[0] - one[0]) * t, one[1] + (other[1] - one[1]) * t)
                           for t in (dash / count, min(1.0, (dash + 1) / count)))  # fmt: skip
            draw.line([start, stop], shape.edge, FINE)


def gif(film: Film) -> bytes:
    """An animation that goes on for ever, in few colours and so small."""
    frames = [painted(film, frame) for frame in film.frames]
    palette = palette_of(frames, film)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    content = io.BytesIO()
    each = round(1000 * SECONDS)
    durations = [each] * (len(flat) - 1) + [each * HELD]
    flat[0].save(content, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0, optimize=True)
    return content.getvalue()


def palette_of(frames: Sequence[Image.Image], film: Film) -> Image.Image:
    """The colours that shapes have, exactly, and the most frequent ones beside them where edges are smoothed."""
    shown = Image.new("RGB", (frames[0].width, 3 * frames[0].height))
    for place, frame in enumerate((frames[0], frames[len(frames) // 2], frames[-1])):
        shown.paste(frame, (0, place * frame.height))
    found = shown.quantize(COLOURS - len(EXACT) - 1, dither=Image.Dither.NONE)
    exact = [channel for colour in (film.paper, *EXACT) for channel in ImageColor.getrgb(colour)]
    found.putpalette((found.getpalette() or [])[: 3 * (COLOURS - len(EXACT) - 1)] + exact)
    return found


def png(film: Film) -> bytes:
    """All frames beside each other."""
    return sheet([np.asarray(painted(film, frame)) for frame in film.frames], film.paper)


def sheet(pictures: Sequence[Pixels], paper: str) -> bytes:
    """Pictures of any sizes in rows, nearly square."""
    columns = int(np.ceil(np.sqrt(len(pictures))))
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    canvas = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height), paper)
    for place, picture in enumerate(pictures):
        canvas.paste(Image.fromarray(picture), (place % columns * width, place // columns * height))
    content = io.BytesIO()
    canvas.save(content, "PNG", optimize=True)
    return content.getvalue()


def svg(film: Film) -> bytes:
    """An animation that needs no script: each frame is shown in its turn."""
    whole = SECONDS * (len(film.frames) - 1 + HELD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {film.width} {film.height}" role="img" '
        f'font-family="DejaVu Sans, Verdana, sans-serif"><title>{escape(film.about)}</title>',
        f'<rect width="100%" height="100%" fill="{film.paper}"/>',
        *map(element, film.still),
    ]
    for number, frame in enumerate(film.frames):
        begin, last = SECONDS * number / whole, number == len(film.frames) - 1
        end = 1.0 if last else SECONDS * (number + 1) / whole
        times, values = (f"0;{begin:.4f};{end:.4f}", "none;inline;none")
        if last:
            times, values = f"0;{begin:.4f}", "none;inline"
        if number == 0:
            times, values = f"0;{end:.4f}", "inline;none"
        animate = (
            f'<animate attributeName="display" values="{values}" keyTimes="{times}" dur="{whole:.2f}s" '
            'calcMode="discrete" repeatCount="indefinite"/>'
        )
        moving = animate if len(film.frames) > 1 else ""
        shown = "inline" if last else "none"
        parts.append(f'<g display="{shown}">{moving}{"".join(map(element, frame))}</g>')
    return "\n".join([*parts, "</svg>", ""]).encode()


def element(part: Shape | Label) -> str:
    if isinstance(part, Label):
        anchor = ' text-anchor="middle"' if part.centred else ""
        return (
            f'<text x="{part.at[0]:.1f}" y="{part.at[1]:.1f}" font-size="{part.size:g}" fill="{part.colour}" '
            f'dominant-baseline="central"{anchor}>{escape(part.text)}</text>'
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in part.points)
    dashes = f' stroke-dasharray="{DASH:g}"' if part.dashed else ""
    return f'<polygon points="{points}" fill="{part.fill or "none"}" stroke="{part.edge or "none"}"{dashes}/>'


def mp4(film: Film) -> bytes:
    """A video.

    Raises:
        TrompeError: there is no ffmpeg, or it fails.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise TrompeError("an .mp4 needs ffmpeg, and there is none on this machine", hint="install it, or give a .gif")
    with tempfile.TemporaryDirectory() as folder:
        frames = [*film.frames, *[film.frames[-1]] * (HELD - 1)]
        for number, frame in enumerate(frames):
            painted(film, frame).save(Path(folder, f"{number:04d}.png"))
        made = Path(folder, "film.mp4")
        even = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
        command = [program, "-loglevel", "error", "-framerate", f"{1 / SECONDS:.4f}", "-i", f"{folder}/%04d.png"]
        command += ["-vf", even, "-pix_fmt", "yuv420p", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise TrompeError(f"ffmpeg failed: {done.stderr.strip()[:300]}", hint="give a .gif")
        return made.read_bytes()


WRITERS = {".gif": gif, ".svg": svg, ".png": png, ".mp4": mp4}
