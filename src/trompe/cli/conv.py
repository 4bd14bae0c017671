"""The command `conv`: convolutions, drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import tyro

from ..errors import TrompeError
from ..files import expanded
from .flags import Data, Device, Folder, Force, open_run
from .outputs import may_write, suffix_of, write, written

if TYPE_CHECKING:
    from ..conv.drawing import Animation
    from ..conv.layers import Layer
    from ..conv.runs import TracedLayer

Each = tuple[int, ...]
Numbers = Annotated[bool, tyro.conf.arg(help="Write small whole numbers into the cells, and each sum below.")]
Theme = Annotated[Literal["light", "dark"], tyro.conf.arg(help="Colors for light or for dark pages.")]
WIDE = 160
"""Columns of a table that is not shown on a terminal."""


def conv(arguments: list[str]) -> None:
    """Draw convolutions at work: any layer, the published cases, the layers of a run."""
    tyro.extras.subcommand_cli_from_dict(SUBCOMMANDS, prog="trompe conv", args=arguments)


@dataclass(frozen=True)
class LayerFlags:
    """A layer and the size of its input."""

    input: Each
    """Cells of the input: one number for a square, or rows and columns."""
    kernel: Each = (3,)
    """Cells of the kernel: like all sizes, one number, or one for rows and one for columns."""
    stride: Each = (1,)
    """Cells from one window to the next; if transposed, in the corresponding convolution."""
    padding: tuple[str, ...] = ("0",)
    """Zeros around the input, or `valid`, `same`, `half`, `full`; if transposed, cells cut off, as in torch."""
    dilation: Each = (1,)
    """Cells from one tap of the kernel to the next."""
    output_padding: Each = (0,)
    """Further rows and columns at the end of a transposed convolution's output."""
    transposed: bool = False
    """Draw the transposed convolution."""
    pooling: Literal["max", "average"] | None = None
    """Draw a pooling."""

    def layer(self) -> Layer:
        from ..conv.layers import layer
        from ..conv_arithmetic import Kind, NamedPadding

        if self.transposed and self.pooling:
            raise TrompeError("a pooling is not transposed", hint="leave one of `--transposed` and `--pooling` out")
        kind: Kind = "transposed" if self.transposed else "pooling" if self.pooling else "convolution"
        padding: Any = " ".join(self.padding)
        known = get_args(NamedPadding)
        try:
            padding = padding if padding in known else [int(one) for one in self.padding]
        except ValueError as error:
            names = ", ".join(known)
            raise TrompeError(f"no padding is named `{padding}`", hint=f"give numbers, or {names}") from error
        sizes = self.kernel, self.stride, padding, self.dilation, self.output_padding
        return layer(*sizes, kind, average=self.pooling == "average")


def draw(
    flags: Annotated[LayerFlags, tyro.conf.arg(name="")],
    numbers: Numbers = False,
    checkerboard: bool = False,
    theme: Theme = "light",
    out: Path | None = None,
    force: Force = False,
) -> None:
    """Draw any convolution, transposed convolution or pooling at work.

    Args:
        checkerboard: Draw instead how often each output cell of a transposed convolution is written to.
        out: A `.gif`, `.svg`, `.mp4` (with ffmpeg), or a `.png` of all frames; by default `conv.gif`.
    """
    from ..conv import animate
    from ..conv.layers import each

    layer, size = flags.layer(), each("input", flags.input, 2)
    path = out or Path("checkerboard.png" if checkerboard else "conv.gif")
    may_write(path, force=force)
    if checkerboard:
        draw_checkerboard([layer], size, path)
    else:
        save(animate(layer, size, numbers=numbers, theme=theme), path)


def case(
    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")],
    numbers: Numbers = False,
    theme: Theme = "light",
    out: Path = Path(),
    force: Force = False,
) -> None:
    """Draw a published case (Dumoulin & Visin 2016) by its name.

    Args:
        name: no_padding_no_strides, arbitrary_..., half_... or full_padding_no_strides, no_padding_strides,
            padding_strides, padding_strides_odd, each also with _transposed; or dilation.
        out: A file as of `trompe conv draw`, or a folder for `NAME.gif`.
    """
    from .. import conv

    known = conv.case(name)
    path = out if out.suffix else out / f"{name}.gif"
    may_write(path, force=force)
    save(conv.animate(known.layer, known.size, numbers=numbers, theme=theme), path)


def cases(out: Path = Path("gifs"), numbers: Numbers = False, theme: Theme = "light", force: Force = False) -> None:
    """Draw all published cases, and a sheet of them.

    Args:
        out: The folder.
    """
    from ..conv import CASES, animate
    from ..conv.drawing import painted, sheet

    suffix_of(out, "")
    for name in (*(f"{name}.gif" for name in CASES), "all.png"):
        may_write(out / name, force=force)
    middles = []
    for name, known in CASES.items():
        made = animate(known.layer, known.size, numbers=numbers, theme=theme, title=name)
        middles += painted(made, [made.frames[len(made.frames) // 2]])
        save(made, out / f"{name}.gif")
    write(out / "all.png", sheet(middles, made.paper))


def layer(
    run: Folder,
    number: Annotated[int, tyro.conf.Positional, tyro.conf.arg(metavar="NUMBER")],
    theme: Theme = "light",
    data: Data = None,
    out: Path = Path("layer.gif"),
    force: Force = False,
    device: Device = None,
) -> None:
    """Draw a layer of a run at work, with its weights, on the first image of the data.

    Args:
        number: The layer's number in `trompe conv table RUN`.
        out: A file as of `trompe conv draw`.
    """
    from ..conv.runs import animation_of

    may_write(out, (run, data), force)
    save(animation_of(traced(run, data, device), number, theme), out)


def table(run: Folder, data: Data = None, device: Device = None) -> None:
    """List every layer of a run: its sizes, parameters, multiplications and receptive field."""
    from rich.console import Console
    from rich.table import Table

    layers, made = traced(run, data, device), Table(box=None)
    for heading in ("layer", "network", "name", "kind", "from", "to", "parameters", "multiplications", "field"):
        made.add_column(heading, justify="left" if heading in ("network", "name", "kind") else "right", no_wrap=True)
    for one in layers:
        sizes = ("x".join(map(str, part.shape[1:])) for part in (one.input, one.output))
        costs = f"{one.parameters:,}", f"{one.multiplications:,}", str(one.receptive_field or "-")
        made.add_row(str(one.number), one.network, one.name, one.kind, *sizes, *costs)
    totals = sum(one.parameters for one in layers), sum(one.multiplications for one in layers)
    made.add_row(*[""] * 6, *(f"{total:,}" for total in totals))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(made)


def checkerboard(
    run: Folder,
    data: Data = None,
    out: Path = Path("checkerboard.png"),
    force: Force = False,
    device: Device = None,
) -> None:
    """Draw how often each cell is written to by the transposed convolutions of a run's decoder.

    Args:
        out: A `.png`, `.pdf` or `.svg`.
    """
    from ..conv.layers import layer_of
    from ..conv.runs import WINDOWED

    may_write(out, (run, data), force)
    layers = [one for one in traced(run, data, device) if one.network == "decoder" and isinstance(one.module, WINDOWED)]
    if not layers:
        raise TrompeError("this run's decoder has no convolutions", hint="give a run of convolutional networks")
    draw_checkerboard([layer_of(one.module) for one in layers], layers[0].input.shape[2:], out)


def page(out: Path = Path("conv.html"), force: Force = False) -> None:
    """Write a page on which any layer can be tried: one HTML file that opens in any browser.

    Args:
        out: The file.
    """
    from ..web.assets import conv_page

    suffix_of(out, ".html")
    may_write(out, force=force)
    write(out, conv_page())


SUBCOMMANDS: dict[str, Callable[..., None]] = {
    function.__name__: function for function in (draw, case, cases, layer, table, checkerboard, page)
}


def traced(folder: Path, data: str | None, device: str | None) -> list[TracedLayer]:
    """The layers of a run, with what the first image of the data makes of them."""
    from ..conv.runs import trace

    run = open_run(folder, device)
    return trace(run.predictor, run.data(data).take(slice(0, 1)))


def save(animation: Animation, out: Path) -> None:
    """Write an animation in the format of the file's suffix, and print the path."""
    animation.save(expanded(out))
    written(out)


def draw_checkerboard(stack: Sequence[Layer], size: Sequence[int], out: Path) -> None:
    from ..conv.checkerboard import checkerboard
    from ..figures.table import STATIC

    suffix_of(out, *STATIC)
    write(out, checkerboard(stack, size))
