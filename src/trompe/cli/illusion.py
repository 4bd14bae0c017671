"""The command `illusion`: color constancy, in images of your own."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from ..errors import TrompeError
from ..files import expanded
from ..text import printable_lines
from .flags import Force, Json
from .outputs import may_write, suffix_of, write

if TYPE_CHECKING:
    from ..illusions.drawing import Illusion
    from ..illusions.light import Stored

Source = Annotated[
    str | None,
    tyro.conf.Positional,
    tyro.conf.arg(
        metavar="IMAGE",
        help="An image, or a folder, a zip or a named set such as `cifar-10:test`; by default a drawn still life.",
    ),
]
Index = Annotated[int, tyro.conf.arg(help="Which image of a folder, a zip or a set, from 0.")]
Explained = Annotated[
    Path | None,
    tyro.conf.arg(help="The figure that explains the image; by default beside it, as `NAME-explained.png`."),
]
LOSSLESS = (".png", ".webp")
"""A JPEG would not hold the pixels that are counted."""


def illusion(arguments: list[str]) -> None:
    """Make an illusion of color constancy: red without red pixels, from any image; a dress in two lights."""
    tyro.extras.subcommand_cli_from_dict(SUBCOMMANDS, prog="trompe illusion", args=arguments)


def no_red(
    image: Source = None,
    index: Index = 0,
    out: Path = Path("no-red.png"),
    figure: Explained = None,
    json: Json = False,
    force: Force = False,
) -> None:
    """Make an image without a single red pixel that is still seen as red, and count its pixels.

    Args:
        out: The image, a `.png` or a `.webp`.
    """
    explained = check(out, figure, image, force)
    from ..illusions import no_red_figure

    made = no_red_figure(image_of(image, index))
    save(made, out, explained, json)
    numbers = made.numbers
    if json:
        return
    print(f"red pixels: {numbers['red_before']:,} before, {numbers['red_after']:,} after, of {numbers['pixels']:,}")
    for patch in numbers["patches"]:
        print(f"{patch['before']} became {patch['after']}, at row {patch['top']}, column {patch['left']}")
    if not numbers["red_before"]:
        print("the image is as it was: it has no red, so nothing will be seen as red")


def dress(out: Path = Path("dress.png"), figure: Explained = None, json: Json = False, force: Force = False) -> None:
    """Draw the dress that is white and gold in one light, and blue and black in another.

    Args:
        out: The image, a `.png` or a `.webp`.
    """
    explained = check(out, figure, None, force)
    from ..illusions import dress_figure

    made = dress_figure()
    save(made, out, explained, json)
    if not json:
        for reading in made.numbers["readings"]:
            seen = ", ".join(f"{name} {color}" for name, color in reading["seen"].items())
            print(f"in {reading['light']}: {seen}")


def illuminants(
    image: Source = None,
    index: Index = 0,
    out: Path = Path("illuminants.png"),
    json: Json = False,
    force: Force = False,
) -> None:
    """Estimate an image's illuminant by the classical methods, and draw the image with each discounted.

    Args:
        out: The figure, a `.png`, `.pdf` or `.svg`.
    """
    from ..figures.table import STATIC

    suffix_of(out, *STATIC)
    may_write(out, (image,), force)
    from ..illusions import illuminants_figure

    made = illuminants_figure(image_of(image, index))
    write(out, made.figure, quiet=json)
    if json:
        print(json_format.dumps(made.numbers))
        return
    for name, values in made.numbers["illuminants"].items():
        print(f"{name}: " + " ".join(f"{value:.3f}" for value in values))


SUBCOMMANDS: dict[str, Callable[..., None]] = {"no-red": no_red, "dress": dress, "illuminants": illuminants}


def check(out: Path, figure: Path | None, image: str | None, force: bool) -> Path:
    """The file of the figure, once both files may be written."""
    from ..figures.table import STATIC

    suffix_of(out, *LOSSLESS)
    explained = figure or out.with_name(f"{out.stem}-explained.png")
    suffix_of(explained, *STATIC, flag="--figure")
    if expanded(explained) == expanded(out):
        raise TrompeError(f"`{out}` would be both the image and the figure", hint="give `--figure` another name")
    for path in (out, explained):
        may_write(path, (image,), force)
    return explained


def save(made: Illusion, out: Path, explained: Path, json: bool) -> None:
    from .outputs import picture

    write(out, picture(made.image, out.suffix.lower()), quiet=json)
    write(explained, made.figure, quiet=json)
    if json:
        print(json_format.dumps(made.numbers))


def image_of(source: str | None, index: int) -> Stored | None:
    """The pixels of an image file, or of an image of a set; `None` for none.

    Raises:
        TrompeError: it cannot be read, or the set has no such image.
    """
    from ..data.load import load_whole
    from ..data.sources.decoding import Form, read_image
    from ..data.sources.files import SUFFIXES
    from ..display.grid import to_bytes

    if source is None:
        if index:
            raise TrompeError("`--index` was given without a set to take the image from", hint="give the set first")
        return None
    path = expanded(source)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        pixels = read_image(lambda name: open(name, "rb"), str(path), Form(None, 3))
        if isinstance(pixels, str):
            raise TrompeError(
                printable_lines(f"`{source}` cannot be read as an image: {pixels}"), hint="is it an image?"
            )
        if index:
            raise TrompeError(f"`{source}` is one image, and has no number {index}", hint="leave `--index` out")
        return pixels.transpose(1, 2, 0)
    samples = load_whole(source, color="rgb")
    if samples.kind != "image" or samples.image_shape[0] != 3:
        raise TrompeError(f"`{source}` holds no images of red, green and blue", hint="give images")
    if not 0 <= index < len(samples):
        raise TrompeError(f"`{source}` has {len(samples):,} images, and no number {index}", hint="they count from 0")
    return to_bytes(samples.take(slice(index, index + 1)).images_as_floats()[0]).transpose(1, 2, 0)
