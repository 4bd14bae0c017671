"""Which samples, and what is done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import tyro
from annotated_types import Ge, Le

from .names import ColorName
from .numbers import Count, Natural, NonNegative, Positive, Probability, Share, Strict


@dataclass(frozen=True)
class PatchOptions(Strict):
    """Square patches to train on instead of whole images: each image is rotated and scaled at random, a window of it is
    cropped at random, wholly inside where it fits, and sampled at `size` x `size` points.
    """

    size: Natural = 0
    """Height and width of a patch; 0 for whole images."""
    window: Natural = 0
    """Side of the cropped window, in pixels of the scaled image; by default as `size`."""
    rotate: Annotated[float, Ge(0), Le(180)] = 0.0
    """Largest rotation either way, in degrees."""
    scale: tuple[Positive, Positive] = (1.0, 1.0)
    """Smallest and largest scale factor of the image."""
    count: Count = 100
    """Patches per image."""
    resample: bool = False
    """Crop new training patches at every step."""


@dataclass(frozen=True)
class DataOptions(Strict):
    """Which samples, and what is done to them inside the step."""

    source: Annotated[str, tyro.conf.arg(aliases=["--data"])] = "digits"
    """A named set (`trompe data` lists them), or a folder or zip of images; its training split is trained on."""
    size: Annotated[Count | tuple[Count, Count] | None, tyro.conf.arg(aliases=["--size"])] = None
    """Height and width of the images, one number for a square; by default as they are, or 64 where they differ."""
    color: ColorName = "auto"
    """Grayscale or color; by default as the images are."""
    hold_out: Literal["as-given", "classes"] = "as-given"
    """Test set: the set's own test split or a tenth of the images; or a tenth of the classes with all their images."""
    binarize: Literal["no", "dynamic"] = "no"
    """`dynamic` draws binary pixels at every step, with each gray level as the probability of a one."""
    flip: bool = False
    """Random horizontal flips, drawn at every step."""
    rotate: Annotated[float, Ge(0), Le(180)] = 0.0
    """Random rotation of up to this many degrees either way, drawn at every step."""
    scale: Share = 0.0
    """Random scaling of up to this fraction either way."""
    translate: NonNegative = 0.0
    """Random translation of up to this many pixels either way, along each axis."""
    augment_probability: Probability = 0.5
    """Probability that an image is rotated, scaled and translated; resampling blurs a little."""
    patch: PatchOptions = field(default_factory=PatchOptions)
    """Patches of the images instead of the images."""

    @property
    def moves(self) -> bool:
        """Whether images are rotated, scaled or translated in the step."""
        return bool(self.rotate or self.scale or self.translate)
