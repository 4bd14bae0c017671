"""Which pictures, and what is done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro
from annotated_types import Ge, Le

from .numbers import Count, Natural, NonNegative, Positive, Share, Strict


@dataclass(frozen=True)
class PatchOptions(Strict):
    """Square patches to train on instead of whole pictures: each picture is turned and enlarged at random, a window of
    it is cut out at random, wholly inside where it fits, and sampled at `size` x `size` points.
    """

    size: Natural = 0
    """Height and width of a patch; 0 for whole pictures."""
    window: Natural = 0
    """Side of the window in pixels of the enlarged picture; by default as `size`."""
    turn: Annotated[float, Ge(0), Le(180)] = 0.0
    """Largest angle either way, in degrees."""
    enlarge: tuple[Positive, Positive] = (1.0, 1.0)
    """Least and most that the picture is enlarged by."""
    count: Count = 100
    """Patches of each picture."""
    fresh: bool = False
    """Cut the patches to train on anew at each step."""


@dataclass(frozen=True)
class DataOptions(Strict):
    """Which pictures, and what is done to them inside the step."""

    source: Annotated[str, tyro.conf.arg(aliases=["--data"])] = "digits"
    """A named set (`trompe data` lists them), or a folder or a zip of pictures; its training split is trained on."""
    size: Annotated[Count | tuple[Count, Count] | None, tyro.conf.arg(aliases=["--size"])] = None
    """Height and width of the pictures, one number for a square; by default as they are, or 64 where they differ."""
    colour: Literal["auto", "grey", "rgb"] = "auto"
    """Grey or colour; by default as the pictures are."""
    hold_out: Literal["as-given", "classes"] = "as-given"
    """What is tested on: the test split that there is, or a tenth of the pictures; or whole classes, a tenth of them
    and all their pictures, where classes are people, say."""
    binarise: Literal["no", "dynamic"] = "no"
    """`dynamic`: each grey level is the chance of a one, drawn anew at each step."""
    flip: bool = False
    """Mirror half of the pictures left to right, drawn anew at each step."""
    turn: Annotated[float, Ge(0), Le(180)] = 0.0
    """Turn the pictures by up to so many degrees either way, drawn anew at each step."""
    zoom: Share = 0.0
    """Scale them by up to this share either way."""
    shift: NonNegative = 0.0
    """Shift them by up to so many pixels either way, along each axis."""
    still: Share = 0.5
    """Share of the pictures that is left where it is: moving blurs a little."""
    patch: PatchOptions = field(default_factory=PatchOptions)
    """Patches of the pictures instead of the pictures."""

    @property
    def moves(self) -> bool:
        """Whether pictures are moved in the step."""
        return bool(self.turn or self.zoom or self.shift)
