"""A layer at work, as flat shapes: two planes of cells, the kernel's window on one, the cell being made on the other.

A convolution goes from the plane below to the one above, a transposed one from the plane above to the one below, as the
convolution of the stretched input that it is. Colours are Okabe & Ito's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..conv_arithmetic import Axis, stretched
from ..errors import TrompeError
from .layers import Layer

Point = tuple[float, float]
Theme = Literal["light", "dark"]

UNIT, USUAL = 26.0, 16
"""Width of a cell, of a plane that is up to so many cells wide."""
LEANING, FLAT = -0.42, 0.5
"""Screen steps of one row, in widths of a cell: rows come towards the reader."""
MARGIN, GAP, LINE = 14.0, 34.0, 17.0
MOST_FRAMES = 64
"""Of larger outputs so many cells, evenly spread, are shown being made."""
MOST_CELLS = 80
INPUT, WINDOW, MADE, MAKING = "#56b4e9", "#0072b2", "#9fd8c6", "#e69f00"


@dataclass(frozen=True)
class Palette:
    paper: str
    ink: str
    edge: str
    faint: str
    """Of the zeros between."""
    dim: str
    """Of the padding's edges."""


PALETTES: dict[Theme, Palette] = {
    "light": Palette("#ffffff", "#22252a", "#4a4f57", "#e6e8eb", "#b4bac2"),
    "dark": Palette("#17191d", "#e7e9ec", "#aab0b8", "#3a3f47", "#5c636d"),
}


@dataclass(frozen=True)
class Shape:
    """A polygon, or a line where it has two points."""

    points: tuple[Point, ...]
    fill: str | None = None
    edge: str | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """A line of text, centred on its place or beginning there."""

    at: Point
    text: str
    colour: str
    size: float = 11.0
    centred: bool = True


Drawing = list[Shape | Label]


@dataclass(frozen=True)
class Film:
    """What is there throughout, and what each frame adds."""

    width: int
    height: int
    paper: str
    still: Drawing
    frames: list[Drawing]
    about: str


@dataclass(frozen=True)
class Values:
    """What is in the cells: of the input, the kernel's (one for a pooling), and the output."""

    given: Float[np.ndarray, "rows columns"]
    kernel: Float[np.ndarray, "rows columns"]
    made: Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Seen:
    """Along one axis, what the window passes over: for each cell its number in the input, or -1 in the padding and -2
    between; and where the window of each output cell begins.
    """

    cells: tuple[int, ...]
    starts: tuple[int, ...]
    taps: tuple[int, ...]


def seen(axis: Axis, size: int) -> Seen:
    taps = tuple(axis.dilation * tap for tap in range(axis.kernel))
    if axis.kind != "transposed":
        cells = [-1] * axis.padding[0] + list(range(size)) + [-1] * axis.padding[1]
        return Seen(tuple(cells), tuple(axis.stride * place for place in range(axis.size(size))), taps)
    equal = stretched(axis)
    cells = []
    for number in range(size):
        cells += [number] + [-2] * (equal.between if number < size - 1 else 0)
    before, after = equal.padding
    cells = [-1] * before + cells[max(0, -before) :]
    cells = cells[: len(cells) + min(0, after)] + [-1] * max(0, after)
    return Seen(tuple(cells), tuple(range(axis.size(size))), taps)


def film(
    layer: Layer,
    size: Sequence[int],
    *,
    numbers: bool = False,
    theme: Theme = "light",
    values: Values | None = None,
    title: str = "",
) -> Film:
    """The layer at work on an input of this size.

    Args:
        numbers: write the values into the cells, and the sum below; without `values` they are small whole numbers.
        values: draw cells as bright as these.
        title: a line of text above the others.

    Raises:
        TrompeError: the layer has three axes, does not fit the input, or there are too many cells to see.
    """
    if len(layer.axes) > 2 or len(layer.axes) != len(size):
        raise TrompeError(
            f"a layer of {len(layer.axes)} axes on an input of {len(size)}",
            hint="lines and planes are drawn, not cubes",
        )
    axes = (Axis(1, kind=layer.kind), *layer.axes) if len(size) == 1 else layer.axes
    sizes = (1, *size) if len(size) == 1 else tuple(size)
    made = tuple(axis.size(one) for axis, one in zip(axes, sizes, strict=True))
    rows, columns = (seen(axis, one) for axis, one in zip(axes, sizes, strict=True))
    if max(len(rows.cells), len(columns.cells), *made) > MOST_CELLS:
        raise TrompeError(
            f"{max(len(rows.cells), len(columns.cells), *made)} cells in a row are too many to see",
            hint=f"give an input of which no row has more than {MOST_CELLS}",
        )
    shades = values is not None
    if numbers and values is None:
        values = small_numbers(layer, rows, columns, sizes)
    return Stage(layer, rows, columns, sizes, made, PALETTES[theme], values, numbers, shades, title).film()


def small_numbers(layer: Layer, rows: Seen, columns: Seen, sizes: Sequence[int]) -> Values:
    """Whole numbers that can be reckoned with by head."""
    random = np.random.default_rng(1)
    given = random.integers(0, 4, tuple(sizes)).astype(float)
    kernel = random.integers(0, 3, (len(rows.taps), len(columns.taps))).astype(float)
    made = np.zeros((len(rows.starts), len(columns.starts)))
    for place in np.ndindex(made.shape):
        terms = window(layer, rows, columns, given, kernel, place)
        made[place] = pooled(layer, terms) if layer.kind == "pooling" else sum(v * w for v, w in terms)
    return Values(given, kernel, made)


def pooled(layer: Layer, terms: list[tuple[float, float]]) -> float:
    """The maximum or the mean, to two places."""
    values = [value for value, _ in terms]
    return round(sum(values) / len(values), 2) if layer.average else max(values)


def window(
    layer: Layer, rows: Seen, columns: Seen, given: np.ndarray, kernel: np.ndarray, place: tuple[int, ...]
) -> list[tuple[float, float]]:
    """The value of each cell in an output cell's window and the weight it meets; a pooling passes over padding."""
    weights = kernel[::-1, ::-1] if layer.kind == "transposed" else kernel
    found = []
    for i, down in enumerate(rows.taps):
        for j, along in enumerate(columns.taps):
            row, column = rows.cells[rows.starts[place[0]] + down], columns.cells[columns.starts[place[1]] + along]
            inside = row >= 0 and column >= 0
            if inside or layer.kind != "pooling":
                found.append((float(given[row, column]) if inside else 0.0, float(weights[i, j])))
    return found


@dataclass(frozen=True)
class Stage:
    """Where the planes stand."""

    layer: Layer
    rows: Seen
    columns: Seen
    sizes: tuple[int, ...]
    made: tuple[int, ...]
    palette: Palette
    values: Values | None
    numbers: bool
    shades: bool
    title: str

    def film(self) -> Film:
        heights = [rows * FLAT * self.unit for rows in (len(self.rows.cells), self.made[0])]
        lower, upper = heights if self.upwards else heights[::-1]
        most_rows = max(len(self.rows.cells), self.made[0])
        across = (max(len(self.columns.cells), self.made[1]) - most_rows * LEANING) * self.unit
        text = [self.title] * bool(self.title) + words(self.layer, self.sizes, self.made)
        if self.numbers and self.values is not None and self.layer.kind != "pooling":
            rows = " / ".join(" ".join(f"{weight:g}" for weight in row) for row in self.values.kernel)
            text.append(f"kernel {rows}" + (", turned around" if self.layer.kind == "transposed" else ""))
        width = max(across, max(len(line) for line in text) * 6.4) + 2 * MARGIN
        foot = MARGIN + upper + GAP + lower
        height = foot + LINE * (len(text) + self.numbers) + 2 * MARGIN
        still = [*self.input_plane(width), *self.output_plane(width)]
        for number, line in enumerate(text):
            colour = self.palette.ink
            still.append(Label((MARGIN, foot + 1.5 * MARGIN + LINE * number), line, colour, centred=False))
        below = foot + 1.5 * MARGIN + LINE * len(text)
        places = list(np.ndindex(self.made))
        count = min(len(places), MOST_FRAMES)
        chosen = np.unique(np.linspace(0, len(places) - 1, count).astype(int))
        frames = [self.frame(width, below, places, int(number)) for number in chosen]
        return Film(round(width), round(height), self.palette.paper, still, frames, ". ".join(text))

    @property
    def unit(self) -> float:
        most = max(len(self.rows.cells), len(self.columns.cells), *self.made)
        return UNIT * min(1.0, USUAL / most)

    @property
    def upwards(self) -> bool:
        return self.layer.kind != "transposed"

    def corner(self, width: float, rows: int, columns: int, above: bool) -> Point:
        """Of a plane's first cell on the screen."""
        upper = (self.made[0] if self.upwards else len(self.rows.cells)) * FLAT * self.unit
        left = (width - (columns + rows * LEANING) * self.unit) / 2
        return left, MARGIN if above else MARGIN + upper + GAP

    def cell(self, origin: Point, row: float, column: float, tall: float = 1, wide: float = 1) -> tuple[Point, ...]:
        def at(r: float, c: float) -> Point:
            return origin[0] + (c + r * LEANING) * self.unit, origin[1] + r * FLAT * self.unit

        return at(row, column), at(row, column + wide), at(row + tall, column + wide), at(row + tall, column)

    def input_origin(self, width: float) -> Point:
        return self.corner(width, len(self.rows.cells), len(self.columns.cells), not self.upwards)

    def output_origin(self, width: float) -> Point:
        return self.corner(width, self.made[0], self.made[1], self.upwards)

    def input_plane(self, width: float) -> Drawing:
        origin, drawn = self.input_origin(width), Drawing()
        for r, row in enumerate(self.rows.cells):
            for c, column in enumerate(self.columns.cells):
                kind = -1 if -1 in (row, column) else min(row, column)
                points = self.cell(origin, r, c)
                if kind == -1:
                    drawn.append(Shape(points, None, self.palette.dim, dashed=True))
                elif kind == -2:
                    drawn.append(Shape(points, self.palette.faint, self.palette.edge))
                else:
                    drawn.append(Shape(points, self.shade(INPUT, "given", row, column), self.palette.edge))
                inside = kind >= 0
                drawn += self.number(points, self.value("given", row, column) if inside else 0.0, inside)
        return drawn

    def output_plane(self, width: float) -> Drawing:
        origin = self.output_origin(width)
        return [Shape(self.cell(origin, r, c), None, self.palette.edge) for r, c in np.ndindex(self.made)]

    def frame(self, width: float, below: float, places: Sequence[tuple[int, ...]], number: int) -> Drawing:
        """The window, the cells that are made, and the one that is being made."""
        origin, target = self.input_origin(width), self.output_origin(width)
        row, column = places[number]
        top, left = self.rows.starts[row], self.columns.starts[column]
        drawn = Drawing()
        for down in self.rows.taps:
            for along in self.columns.taps:
                points = self.cell(origin, top + down, left + along)
                drawn.append(Shape(points, None if self.shades else WINDOW + "88", WINDOW))
                cells = self.rows.cells[top + down], self.columns.cells[left + along]
                drawn += self.number(points, self.value("given", *cells) if min(cells) >= 0 else 0.0, True)
        whole = self.cell(origin, top, left, self.rows.taps[-1] + 1, self.columns.taps[-1] + 1)
        making = self.cell(target, row, column)
        drawn += [Shape((one, other), None, self.palette.edge) for one, other in zip(whole, making, strict=True)]
        for r, c in places[: number + 1]:
            fill = MAKING if (r, c) == (row, column) else self.shade(MADE, "made", r, c)
            points = self.cell(target, r, c)
            drawn.append(Shape(points, fill, self.palette.edge))
            drawn += self.number(points, self.value("made", r, c), True)
        if self.numbers and self.values is not None:
            terms = window(self.layer, self.rows, self.columns, self.values.given, self.values.kernel, (row, column))
            drawn.append(Label((MARGIN, below), self.sum_of(terms, row, column), self.palette.ink, centred=False))
        return drawn

    def sum_of(self, terms: list[tuple[float, float]], row: int, column: int) -> str:
        total = self.value("made", row, column)
        if self.layer.kind == "pooling":
            values = ", ".join(f"{value:g}" for value, _ in terms)
            return f"{'mean' if self.layer.average else 'max'}({values}) = {total:g}"
        products = [f"{value:g}·{weight:g}" for value, weight in terms if value and weight]
        return f"{' + '.join(products) or 0} = {total:g}"

    def value(self, which: Literal["given", "made"], row: int, column: int) -> float:
        return 0.0 if self.values is None else float(getattr(self.values, which)[row, column])

    def number(self, points: tuple[Point, ...], value: float, coloured: bool) -> Drawing:
        if not self.numbers:
            return []
        centre = (sum(x for x, _ in points) / 4, sum(y for _, y in points) / 4)
        return [Label(centre, f"{value:g}", PALETTES["light"].ink if coloured else self.palette.ink, 9.0)]

    def shade(self, colour: str, which: Literal["given", "made"], row: int, column: int) -> str:
        """The cell's value as a grey between the smallest and the largest, where real values are drawn."""
        if not self.shades or self.values is None:
            return colour
        values = getattr(self.values, which)
        low, high = float(values.min()), float(values.max())
        level = round(255 * (self.value(which, row, column) - low) / max(high - low, 1e-12))
        return f"#{level:02x}{level:02x}{level:02x}"


def words(layer: Layer, sizes: Sequence[int], made: Sequence[int]) -> list[str]:
    """What the layer is, and the arithmetic of its size; of a transposed one both conventions of its padding."""

    def shown(numbers: Sequence[object]) -> str:
        return str(numbers[0]) if len(set(numbers)) == 1 else " x ".join(map(str, numbers))

    axes = layer.axes
    paddings = [
        axis.padding[0] if len(set(axis.padding)) == 1 else f"{axis.padding[0]}|{axis.padding[1]}" for axis in axes
    ]
    parts = [f"kernel {shown([axis.kernel for axis in axes])}", f"stride {shown([axis.stride for axis in axes])}"]
    parts.append(f"padding {shown(paddings)}")
    if any(axis.dilation > 1 for axis in axes):
        parts.append(f"dilation {shown([axis.dilation for axis in axes])}")
    if any(axis.output_padding for axis in axes):
        parts.append(f"output padding {shown([axis.output_padding for axis in axes])}")
    sizes, made = sizes[-len(axes) :], made[-len(axes) :]
    pooling = "average pooling" if layer.average else "max pooling"
    name = {"convolution": "convolution", "transposed": "transposed convolution", "pooling": pooling}[layer.kind]
    lines = [f"{name}, {' x '.join(map(str, sizes))} to {' x '.join(map(str, made))}", ", ".join(parts)]
    axis, size = axes[-1], sizes[-1]
    total = sum(axis.padding)
    if layer.kind != "transposed":
        return [*lines, f"floor(({size} + {total} - {axis.reach}) / {axis.stride}) + 1 = {made[-1]}"]
    extra = f" + {axis.output_padding}" if axis.output_padding else ""
    lines.append(f"{axis.stride} ({size} - 1) + {axis.reach} - {total}{extra} = {made[-1]}")
    around = stretched(axis).padding
    zeros = str(around[0]) if around[0] == around[1] else f"{around[0]} and {around[1]}"
    between = axis.stride - 1
    lines.append(f"padding {paddings[-1]} is the undone convolution's, as in torch;")
    if min(around) < 0:
        lines.append(f"cut off are {-min(around)} of the stretched input's cells on a side")
        return lines
    lines.append(f"drawn with {between} zero{'' if between == 1 else 's'} between its cells and {zeros} around it")
    return lines
