"""A layer at work, as flat shapes: two planes of cells, the kernel's window on one, the cell it computes on the other.

A convolution goes from the plane below to the one above, a transposed one from the plane above to the one below, as the
convolution of the stretched input that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float
from torch import nn

from ..conv_arithmetic import BETWEEN, PADDING, Axis, Windows, windows
from ..errors import TrompeError
from .drawing import CURRENT, INPUT, OUTPUT, PALETTES, WINDOW, Animation, Drawing, Label, Palette, Point, Shape, Theme
from .layers import Layer, Numbers, each, layer_of

UNIT, USUAL = 26.0, 16
"""Width of a cell, in planes that are at most this many cells wide; it is less in wider ones."""
LEANING, FLAT = -0.42, 0.5
"""Screen steps of one row, in widths of a cell: rows come towards the reader."""
MARGIN, GAP, LINE, LETTER = 14.0, 34.0, 17.0, 6.4
MOST_CELLS, MOST_FRAMES = 80, 64
"""Of larger outputs, this many cells, evenly spread, are shown being computed."""


@dataclass(frozen=True)
class Values:
    """Values of the cells of input, kernel and output."""

    input: Float[np.ndarray, "rows columns"]
    kernel: Float[np.ndarray, "down along"]
    output: Float[np.ndarray, "out_rows out_columns"]


def animate(
    module: nn.Module | Layer,
    input_size: Numbers,
    *,
    numbers: bool = False,
    theme: Theme = "light",
    title: str = "",
    values: Values | None = None,
) -> Animation:
    """A layer at work on an input of this size.

    Args:
        module: a torch `Conv1d` or `Conv2d`, `ConvTranspose`, `MaxPool` or `AvgPool` likewise, or one from `layer`.
        input_size: one number for all axes, or one for each.
        numbers: write small whole numbers into the cells, and each sum.
        title: a line of text above the others.
        values: draw the cells as bright as these.

    Raises:
        TrompeError: it cannot be drawn, does not fit an input of this size, or has too many cells to see.
    """
    layer = module if isinstance(module, Layer) else layer_of(module)
    size = each("input", input_size, len(layer.axes))
    if len(size) > 2:
        raise TrompeError(f"a layer of {len(size)} axes", hint="lines and planes are drawn, not cubes")
    axes, sizes = (Axis(1, kind=layer.kind), *layer.axes)[-2:], (1, *size)[-2:]
    along = [length for axis, one in zip(axes, sizes, strict=True) for length in (axis.size(one), axis.length(one))]
    if (most := max(along)) > MOST_CELLS:
        hint = f"of input, padding and output, no row may have more than {MOST_CELLS}"
        raise TrompeError(f"{most:,} cells in a row are too many to see", hint=hint)
    rows, columns = (windows(axis, one) for axis, one in zip(axes, sizes, strict=True))
    seen, made = (len(rows.cells), len(columns.cells)), (len(rows.starts), len(columns.starts))
    shown = values or small_numbers(layer, rows, columns, sizes)
    text = [title] * bool(title) + described(layer, size)
    if numbers and layer.kind != "pooling":
        kernel = " / ".join(" ".join(f"{weight:g}" for weight in row) for row in shown.kernel)
        text.append(f"kernel {kernel}" + ", flipped" * (layer.kind == "transposed"))
    planes, width, foot = arranged(seen, made, layer.kind == "transposed", max(map(len, text)) * LETTER)
    inside, shaded = passed_over(shown.input, rows, columns), values is not None
    scene = Scene(layer, rows, columns, *planes, PALETTES[theme], shown, inside, numbers, shaded, text, foot)
    places = list(np.ndindex(made))
    chosen = np.unique(np.linspace(0, len(places) - 1, min(len(places), MOST_FRAMES)).astype(int))
    return Animation(
        width=round(width),
        height=round(foot + LINE * (len(text) + numbers) + MARGIN / 2),
        paper=scene.palette.paper,
        description=". ".join(text),
        background=scene.background(),
        frames=[scene.frame(places[: number + 1]) for number in chosen],
    )


def described(layer: Layer, size: Sequence[int]) -> list[str]:
    """What the layer is, and the arithmetic of its size; of a transposed one both conventions of its padding."""

    def part(name: str) -> str:
        shown = ["|".join(map(str, dict.fromkeys(np.ravel(getattr(axis, name))))) for axis in layer.axes]
        return f"{name.replace('_', ' ')} {' x '.join(shown if len(set(shown)) > 1 else shown[:1])}"

    made, pooling = layer.size(size), "average pooling" if layer.average else "max pooling"
    name = {"convolution": "convolution", "transposed": "transposed convolution", "pooling": pooling}[layer.kind]
    usual = {"dilation": 1, "output_padding": 0}
    parts = ["kernel", "stride", "padding"]
    parts += [one for one in usual if any(getattr(axis, one) != usual[one] for axis in layer.axes)]
    lines = [f"{name}, {' x '.join(map(str, size))} to {' x '.join(map(str, made))}", ", ".join(map(part, parts))]
    axis, total = layer.axes[-1], sum(layer.axes[-1].padding)
    if layer.kind != "transposed":
        return [*lines, f"floor(({size[-1]} + {total} - {axis.reach}) / {axis.stride}) + 1 = {made[-1]}"]
    extra = f" + {axis.output_padding}" if axis.output_padding else ""
    lines.append(f"{axis.stride} ({size[-1]} - 1) + {axis.reach} - {total}{extra} = {made[-1]}")
    lines.append("as in torch, the padding is that of the corresponding convolution;")
    between, (before, after) = axis.stride - 1, axis.around
    if min(before, after) < 0:
        return [*lines, f"cut off are {-min(before, after)} of the stretched input's cells on a side"]
    zeros = str(before) if before == after else f"{before} and {after}"
    return [*lines, f"drawn with {between} zero{'s' * (between != 1)} between its cells and {zeros} around it"]


# Values


def passed_over(
    given: Float[np.ndarray, "rows columns"], rows: Windows, columns: Windows
) -> Float[np.ndarray, "seen_rows seen_columns"]:
    """The input's values where windows pass over them; NaN in the padding and between."""
    outside = np.pad(given.astype(float), (0, 1), constant_values=np.nan)  # its last row and column are found by -1
    return outside[np.ix_(np.maximum(rows.cells, -1), np.maximum(columns.cells, -1))]


def small_numbers(layer: Layer, rows: Windows, columns: Windows, sizes: Sequence[int]) -> Values:
    """Whole numbers small enough for mental arithmetic, and what torch computes from them."""
    random = np.random.default_rng(1)
    given = random.integers(0, 4, tuple(sizes)).astype(float)
    kernel = random.integers(0, 3, (len(rows.taps), len(columns.taps))).astype(float)
    down, along = (np.add.outer(one.starts, one.taps) for one in (rows, columns))
    seen = passed_over(given, rows, columns)[down[:, None, :, None], along[None, :, None, :]]
    return Values(given, kernel, computed(layer, seen, weights_of(layer, kernel)))


def weights_of(layer: Layer, kernel: Float[np.ndarray, "down along"]) -> Float[np.ndarray, "down along"]:
    """What the places of a window are multiplied by."""
    return kernel[::-1, ::-1] if layer.kind == "transposed" else kernel


def computed(
    layer: Layer, seen: Float[np.ndarray, "*cells down along"], weights: Float[np.ndarray, "down along"]
) -> Float[np.ndarray, "*cells"]:
    """The output cells of these windows, as torch computes them; means to two places."""
    if layer.kind != "pooling":
        return np.nan_to_num(seen * weights).sum((-2, -1))
    if not layer.average:
        return np.nan_to_num(seen, nan=-np.inf).max((-2, -1))
    counted = weights.size if layer.count_include_pad else np.isfinite(seen).sum((-2, -1))
    return (np.nansum(seen, (-2, -1)) / (layer.divisor_override or counted)).round(2)


def written_out(layer: Layer, seen: Float[np.ndarray, "down along"], kernel: np.ndarray, total: float) -> str:
    """How an output cell is computed."""
    filled = np.nan_to_num(seen)
    if layer.kind != "pooling":
        pairs = zip(filled.flat, weights_of(layer, kernel).flat, strict=True)
        products = [f"{value:g}·{weight:g}" for value, weight in pairs if value and weight]
        return f"{' + '.join(products) or 0} = {total:g}"
    counted = filled.flat if layer.average and layer.count_include_pad else seen[np.isfinite(seen)]
    name = "max" if not layer.average else "sum" if layer.divisor_override else "mean"
    divided = f" / {layer.divisor_override}" if layer.divisor_override else ""
    return f"{name}({', '.join(f'{value:g}' for value in counted)}){divided} = {total:g}"


# Shapes


@dataclass(frozen=True)
class Plane:
    """Cells on the screen."""

    left: float
    top: float
    unit: float

    def cell(self, row: float, column: float, tall: float = 1, wide: float = 1) -> tuple[Point, ...]:
        """The corners of a cell, or of a block of them."""
        ends = (row, column), (row, column + wide), (row + tall, column + wide), (row + tall, column)
        return tuple((self.left + (c + r * LEANING) * self.unit, self.top + r * FLAT * self.unit) for r, c in ends)


def arranged(
    seen: tuple[int, int], made: tuple[int, int], downwards: bool, least: float
) -> tuple[tuple[Plane, Plane], float, float]:
    """The planes of input and output, the width of both, at least this, and where the text below begins."""
    unit = UNIT * min(1.0, USUAL / max(*seen, *made))
    width = max((max(seen[1], made[1]) - max(seen[0], made[0]) * LEANING) * unit, least) + 2 * MARGIN
    upper, lower = (seen, made) if downwards else (made, seen)
    middle = MARGIN + upper[0] * FLAT * unit + GAP
    first, second = (
        Plane((width - (cells[1] + cells[0] * LEANING) * unit) / 2, top, unit)
        for cells, top in ((upper, MARGIN), (lower, middle))
    )
    return (first, second) if downwards else (second, first), width, middle + lower[0] * FLAT * unit + 1.5 * MARGIN


@dataclass(frozen=True)
class Scene:
    """The two planes of a layer, and what is in their cells.

    Attributes:
        seen: the input's values where windows pass over them, as of `passed_over`.
        numbers: whether values are written into the cells.
        shaded: whether values are drawn as the brightness of the cells.
        text: lines below the planes, from `foot` on.
    """

    layer: Layer
    rows: Windows
    columns: Windows
    input: Plane
    output: Plane
    palette: Palette
    values: Values
    seen: Float[np.ndarray, "seen_rows seen_columns"]
    numbers: bool
    shaded: bool
    text: list[str]
    foot: float

    def background(self) -> Drawing:
        """The input with its padding, the empty cells of the output, and the text."""
        drawn = Drawing(self.line(number, text) for number, text in enumerate(self.text))
        colors, palette = self.colors(INPUT, self.seen), self.palette
        for place in np.ndindex(self.seen.shape):
            inputs = self.rows.cells[place[0]], self.columns.cells[place[1]]
            fill = None if PADDING in inputs else palette.faint if BETWEEN in inputs else colors[place]
            edge = palette.edge if fill else palette.dim
            drawn += self.cell(self.input, place, self.seen, Shape((), fill, edge, dashed=fill is None))
        made = np.ndindex(self.values.output.shape)
        return drawn + [Shape(self.output.cell(*place), None, palette.edge) for place in made]

    def frame(self, places: Sequence[tuple[int, ...]]) -> Drawing:
        """The window, the output cells that are computed, and the last of them, which is being computed."""
        current = places[-1]
        top, left = self.rows.starts[current[0]], self.columns.starts[current[1]]
        down, along = [top + tap for tap in self.rows.taps], [left + tap for tap in self.columns.taps]
        window, drawn = Shape((), None if self.shaded else WINDOW + "88", WINDOW), Drawing()
        for inside in product(down, along):
            drawn += self.cell(self.input, inside, self.seen, window)
        whole = self.input.cell(top, left, down[-1] - top + 1, along[-1] - left + 1)
        rays = zip(whole, self.output.cell(*current), strict=True)
        drawn += [Shape(ends, None, self.palette.edge) for ends in rays]
        colors = self.colors(OUTPUT, self.values.output)
        for place in places:
            shape = Shape((), CURRENT if place == current else colors[place], self.palette.edge)
            drawn += self.cell(self.output, place, self.values.output, shape)
        if self.numbers:
            seen, total = self.seen[np.ix_(down, along)], self.values.output[current]
            drawn.append(self.line(len(self.text), written_out(self.layer, seen, self.values.kernel, total)))
        return drawn

    def line(self, number: int, text: str) -> Label:
        return Label((MARGIN, self.foot + LINE * number), text, self.palette.ink, centered=False)

    def cell(self, plane: Plane, place: tuple[int, ...], values: np.ndarray, shape: Shape) -> Drawing:
        """A cell in this shape's colors, and its value in its middle, if numbers are written."""
        points, value = plane.cell(*place), values[place]
        drawn: Drawing = [shape._replace(points=points)]
        if self.numbers:
            center = (sum(x for x, _ in points) / 4, sum(y for _, y in points) / 4)
            ink = self.palette.ink if np.isnan(value) else PALETTES["light"].ink  # a fill is bright in each theme
            drawn.append(Label(center, f"{0 if np.isnan(value) else value:g}", ink, 9.0))
        return drawn

    def colors(self, color: str, values: Float[np.ndarray, "rows columns"]) -> dict[tuple[int, ...], str]:
        """Of each cell: this color, or its value as a gray between the smallest and the largest."""
        if not self.shaded:
            return dict.fromkeys(np.ndindex(values.shape), color)
        low, high = np.nanmin(values), np.nanmax(values)
        levels = np.nan_to_num(255 * (values - low) / max(high - low, 1e-12)).round().astype(int)
        return {place: "#" + 3 * f"{level:02x}" for place, level in np.ndenumerate(levels)}
