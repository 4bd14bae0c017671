"""The command `conv`: convolutions, drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from ..errors import TrompeError
from .outputs import kind_of

if TYPE_CHECKING:
    from ..conv.layers import Layer
    from ..conv.runs import Placed
    from ..run import Run

Each = tuple[int, ...]
WIDE = 160
"""Columns of a table that is not shown on a terminal."""


def conv(
    size: Annotated[Each, tyro.conf.arg(name="input")] = (),
    kernel: Each = (3,),
    stride: Each = (1,),
    padding: tuple[str, ...] = ("0",),
    dilation: Each = (1,),
    output_padding: Each = (0,),
    transposed: bool = False,
    pooling: Literal["max", "average"] | None = None,
    numbers: bool = False,
    case: str | None = None,
    every: Annotated[bool, tyro.conf.arg(name="all")] = False,
    run: Path | None = None,
    layer: int | None = None,
    table: Path | None = None,
    checkerboard: bool = False,
    page: bool = False,
    theme: Literal["light", "dark"] = "light",
    data: str | None = None,
    out: Path | None = None,
    device: str | None = None,
) -> None:
    """Draw a convolution at work: any layer, a case by name, or a layer of a run.

    Each of input, kernel, stride, padding, dilation and output padding is one number, or one an axis, rows first. An
    input of one number is a square.

    Args:
        size: cells of the input.
        kernel: cells of the kernel.
        stride: cells that the window moves on; of a transposed convolution, those of the convolution that it undoes.
        padding: zeros around the input, in numbers; or `valid`, `same`, `half`, `full`. Of a transposed convolution, as
            in torch, that of the convolution that it undoes: what is cut off.
        dilation: cells from one tap of the kernel to the next.
        output_padding: of a transposed convolution, further rows and columns at the end.
        transposed: draw the transposed convolution.
        pooling: draw a pooling.
        numbers: write small whole numbers into the cells, and each sum below.
        case: a case by its name: no_padding_no_strides, arbitrary_..., half_... or full_padding_no_strides,
            no_padding_strides, padding_strides, padding_strides_odd, each also with _transposed, and dilation.
        every: all published cases, into the folder `--out`, with a sheet of them.
        run: a run folder, of which `--layer` is drawn with its real weights, on a real picture; or `--checkerboard`.
        layer: a layer of the run by its number in `--table`.
        table: a run folder of which every layer is listed with its size, parameters, multiplications and receptive
            field.
        checkerboard: draw how often each output cell is written to, of the layer or of the run's decoder.
        page: write the page on which all this can be tried, one HTML file that opens in any browser.
        theme: of the drawing.
        data: pictures to take the run's first from, as in `mnist:test`; by default what it was trained to test on.
        out: a `.gif`, `.svg`, `.mp4` (with ffmpeg), or a `.png` of all frames; a folder for several. By default
            `conv.gif`.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    asked = [
        name
        for name, given in (
            ("--input", size), ("--case", case), ("--all", every), ("--run", run), ("--table", table), ("--page", page)
        )
        if given
    ]  # fmt: skip
    if len(asked) != 1:
        shown = " and ".join(asked) or "nothing"
        raise TrompeError(
            f"one thing is drawn at a time, and {shown} was asked for",
            hint="give one of `--input 5 --kernel 3`, `--case NAME`, `--all`, `--run RUN --layer N`, `--table RUN`, "
            "`--page`",
        )
    if page:
        from ..conv.page import write_page

        kind_of(out or Path("conv.html"), ".html")
        print(write_page(out or Path("conv.html")))
        return
    if table is not None:
        show_table(layers_of(table, device, data))
        return
    if run is not None:
        if numbers:
            raise TrompeError("the cells of a run's layer are as bright as its numbers", hint="leave `--numbers` out")
        draw_of_run(layers_of(run, device, data), layer, checkerboard, theme, out)
        return
    if every:
        draw_all(out or Path("gifs"), numbers, theme)
        return
    from ..conv import animate
    from ..conv.cases import case as named_case
    from ..conv.layers import each

    if case is not None:
        known = named_case(case)
        chosen, sizes = known.layer, known.size
        path = out or Path(f"{case}.gif")
        path = path if path.suffix else path / f"{case}.gif"
    else:
        chosen = made_of(kernel, stride, padding, dilation, output_padding, transposed, pooling)
        sizes = each("input", size, 2)
        path = out or Path("conv.gif")
    if checkerboard:
        draw_checkerboard([chosen], sizes, out)
        return
    print(animate(chosen, sizes, numbers=numbers, theme=theme).save(path))


def made_of(
    kernel: Each,
    stride: Each,
    padding: tuple[str, ...],
    dilation: Each,
    output_padding: Each,
    transposed: bool,
    pooling: Literal["max", "average"] | None,
) -> Layer:
    """The layer that the flags describe."""
    from typing import get_args

    from ..conv.layers import layer
    from ..conv_arithmetic import Kind, NamedPadding

    if transposed and pooling:
        raise TrompeError("a pooling is not transposed", hint="leave one of `--transposed` and `--pooling` out")
    kind: Kind = "transposed" if transposed else "pooling" if pooling else "convolution"
    average = pooling == "average"
    named = get_args(NamedPadding)
    if len(padding) == 1 and padding[0] in named:
        return layer(kernel, stride, padding[0], dilation, output_padding, kind, average=average)  # type: ignore[arg-type]
    if not all(one.lstrip("-").isdigit() for one in padding):
        raise TrompeError(f"no padding is named `{' '.join(padding)}`", hint=f"give numbers, or {', '.join(named)}")
    return layer(kernel, stride, [int(one) for one in padding], dilation, output_padding, kind, average=average)


def draw_all(folder: Path, numbers: bool, theme: Literal["light", "dark"]) -> None:
    import numpy as np

    from ..conv import CASES, animate
    from ..conv.drawing import painted, sheet
    from ..files import write_bytes

    kind_of(folder, "")
    films = {
        name: animate(case.layer, case.size, numbers=numbers, theme=theme, title=name) for name, case in CASES.items()
    }
    for name, made in films.items():
        print(made.save(folder / f"{name}.gif"))
    middle = [painted(made.film, made.film.frames[len(made.film.frames) // 2]) for made in films.values()]
    paper = next(iter(films.values())).film.paper
    write_bytes(folder / "all.png", sheet([np.asarray(picture) for picture in middle], paper))
    print(folder / "all.png")


def layers_of(folder: Path, device: str | None, data: str | None) -> list[Placed]:
    import torch

    from ..conv.runs import placed
    from .inputs import open_run

    run: Run = open_run(folder, device)
    one = run.data(data).take(slice(0, 1))
    labels = None if one.labels is None else torch.from_numpy(one.labels)
    return placed(run, one.images_as_floats(), labels)


def draw_of_run(
    layers: list[Placed],
    number: int | None,
    checkerboard: bool,
    theme: Literal["light", "dark"],
    out: Path | None,
) -> None:
    from ..conv import Animation
    from ..conv.layers import CONVOLUTIONS, TRANSPOSED, layer_of
    from ..conv.runs import film_of

    if checkerboard:
        decoder = [
            one for one in layers if one.network == "decoder" and isinstance(one.module, (*CONVOLUTIONS, *TRANSPOSED))
        ]
        if not decoder:
            raise TrompeError("this run's decoder has no convolutions", hint="give a run of convolutional networks")
        draw_checkerboard([layer_of(one.module) for one in decoder], decoder[0].given.shape[2:], out)
        return
    if number is None:
        raise TrompeError("which layer of the run?", hint="give `--layer N`; `--table RUN` lists them")
    print(Animation(film_of(layers, number, theme)).save(out or Path("layer.gif")))


def draw_checkerboard(stack: list[Layer], sizes: tuple[int, ...], out: Path | None) -> None:
    from ..figures.checkerboard import checkerboard
    from ..figures.style import figure_png
    from ..files import write_bytes

    path = out or Path("checkerboard.png")
    kind_of(path, ".png")
    write_bytes(path, figure_png(checkerboard(stack, sizes)))
    print(path)


def show_table(layers: list[Placed]) -> None:
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None)
    for heading in ("layer", "network", "name", "kind", "from", "to", "parameters", "multiplications", "field"):
        made.add_column(heading, justify="left" if heading in ("network", "name", "kind") else "right", no_wrap=True)
    for one in layers:
        made.add_row(
            str(one.number), one.network, one.name, one.kind, shape(one.given.shape), shape(one.made.shape),
            f"{one.parameters:,}", f"{one.multiplications:,}", "-" if one.field is None else str(one.field),
        )  # fmt: skip
    total = ("", "", "", "", "", "", f"{sum(one.parameters for one in layers):,}")
    made.add_row(*total, f"{sum(one.multiplications for one in layers):,}", "")
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(made)


def shape(sizes: tuple[int, ...]) -> str:
    """Of one picture: channels and cells."""
    return "x".join(map(str, sizes[1:]))
