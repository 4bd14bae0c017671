"""Convolutions, drawn: any layer at work, as an animation.

import torch, trompe.conv
trompe.conv.animate(torch.nn.ConvTranspose2d(1, 1, 3, stride=2), 3)     # in a notebook: the picture
trompe.conv.animate(torch.nn.Conv2d(3, 8, 5, padding="same"), (9, 12)).save("same.gif")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from ..errors import TrompeError
from ..files import write_bytes
from . import drawing, scene
from .cases import CASES, Case, case
from .layers import Layer, each, layer, layer_of
from .scene import Theme

__all__ = ["CASES", "Animation", "Case", "Layer", "animate", "case", "layer", "layer_of"]


@dataclass(frozen=True)
class Animation:
    """A layer at work. A notebook shows it, and `save` writes it by the suffix: .gif, .svg, .png or .mp4."""

    film: scene.Film = field(repr=False)

    def save(self, path: str | Path) -> Path:
        path = Path(path)
        if path.suffix.lower() not in drawing.WRITERS:
            known = ", ".join(drawing.WRITERS)
            raise TrompeError(f"`{path}` is of no known kind", hint=f"known are {known}")
        write_bytes(path, drawing.WRITERS[path.suffix.lower()](self.film))
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, bytes | str]:
        return {"image/svg+xml": drawing.svg(self.film).decode(), "text/plain": self.film.about}


def animate(
    module: nn.Module | Layer,
    input_size: int | Sequence[int],
    *,
    numbers: bool = False,
    theme: Theme = "light",
    title: str = "",
) -> Animation:
    """A torch layer, or one from `layer`, at work on an input of this size.

    Args:
        module: `Conv1d` or `Conv2d`, `ConvTranspose`, `MaxPool` or `AvgPool` likewise.
        input_size: one number for all axes, or one for each.
        numbers: write small whole numbers into the cells, and each sum.
        title: a line of text above the others.

    Raises:
        TrompeError: it cannot be drawn, or does not fit an input of this size.
    """
    chosen = module if isinstance(module, Layer) else layer_of(module)
    size = each("input", input_size, len(chosen.axes))
    return Animation(scene.film(chosen, size, numbers=numbers, theme=theme, title=title))
