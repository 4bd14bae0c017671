"""Which samples, and what is done to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import tyro
from annotated_types import Ge, Le
from pydantic import PlainValidator

from ..errors import TrompeError
from .names import ColorName, FitName
from .numbers import Count, Natural, NonNegative, Positive, Probability, Share, Strict

MOST_PIXELS = 100_000_000
"""Of an image that is asked for."""
SIZE_HINT = "give one number for a square, or height and width, as in `--size 64` or `--size 48x64`"


def whole_size(size: Any) -> int | tuple[int, int] | None:
    """Height and width, or one number where they are equal.

    Raises:
        TrompeError: they are something else, below 1, or of too many pixels.
    """
    if size is None:
        return None
    sides = tuple(size) if isinstance(size, list | tuple) else (size,)
    if len(sides) not in (1, 2) or any(isinstance(side, bool) or not hasattr(side, "__index__") for side in sides):
        raise TrompeError(f"{size!r} is no size of images", hint=SIZE_HINT)
    height, width = (int(side) for side in (sides[0], sides[-1]))
    if min(height, width) < 1 or height * width > MOST_PIXELS:
        wrong = "have no pixels" if min(height, width) < 1 else "are too large"
        hint = f"sizes start at 1, and an image has at most {MOST_PIXELS:,} pixels"
        raise TrompeError(f"images of {height}x{width} {wrong}", hint=hint)
    return height if height == width else (height, width)


def size_from_words(words: list[str]) -> int | tuple[int, int] | None:
    """A size on a command line: `64`, `48x64` or `48 64`; `None` for none.

    Raises:
        TrompeError: it is something else.
    """
    if words == ["None"]:
        return None
    text = " ".join(words)
    match = re.fullmatch(r"\s*(-?\d+)(?:\s*[x, ]\s*(-?\d+))?\s*", text, re.IGNORECASE | re.ASCII)
    if not match:
        raise TrompeError(f"`--size {text}` is no size of images", hint=f"{SIZE_HINT}; what else there is goes first")
    return whole_size(int(match[1]) if match[2] is None else (int(match[1]), int(match[2])))


def split_source(source: str) -> tuple[str, str | None]:
    """`mnist:test` as its name and split; any other colon belongs to the name."""
    match = re.fullmatch(r"(.+):(train|test)", source, re.DOTALL)
    return (match[1], match[2]) if match else (source, None)


def words_of_size(size: int | tuple[int, int] | None) -> list[str]:
    return ["x".join(map(str, size)) if isinstance(size, tuple) else str(size)]


Size = Annotated[
    int | tuple[int, int] | None,
    PlainValidator(whole_size),
    tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="INT|HEIGHTxWIDTH",
        instance_from_str=size_from_words,
        is_instance=lambda size: size is None or isinstance(size, int | tuple),
        str_from_instance=words_of_size,
    ),
]
"""A size of images, of which both recipes and commands take any spelling."""


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
    """A named set (`trompe data` lists them), a folder or zip of images, or an array (.npz, .npy, IDX); its training
    split is trained on."""
    size: Annotated[Size, tyro.conf.arg(aliases=["--size"])] = None
    """Height and width of the images, one number for a square; by default as they are, or 64 where they differ."""
    fit: Annotated[FitName, tyro.conf.arg(aliases=["--fit"])] = "crop"
    """How an image of another shape is brought to the size: `crop` its borders, `letterbox` it, or `stretch` it."""
    color: ColorName = "auto"
    """Grayscale or color; by default as the images are."""
    value_range: Annotated[tuple[float, float] | None, tyro.conf.arg(aliases=["--value-range"])] = None
    """Levels of black and white in images of more than 8 bits, and the least and largest value in arrays; by default
    what their type, or all of the values, say."""
    hold_out: Literal["as-given", "classes"] = "as-given"
    """Test set: the set's own test split, or about a tenth of the images, each decided by its name (in arrays, by what
    it holds); or about a tenth of the classes with all their images."""
    limit: Count | None = None
    """Train on at most this many images, drawn at random from the training split, always the same ones; those of a
    smaller limit are among those of a larger. The test split stays whole."""
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
