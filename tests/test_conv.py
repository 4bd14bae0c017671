"""Convolutions, drawn: what is on the stage, in the files, and of a trained run."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import trompe
import trompe.conv
from conftest import small
from trompe.conv.cases import CASES, Case, case
from trompe.conv.checkerboard import checkerboard
from trompe.conv.drawing import CURRENT, PALETTES, WINDOW, Label, Shape
from trompe.conv.layers import Layer, layer, layer_of
from trompe.conv.runs import TracedLayer, animation_of, trace
from trompe.conv.scene import animate, small_numbers
from trompe.conv_arithmetic import Axis, windows

PUBLISHED = {
    "no_padding_no_strides": (4, 3, 1, 0, 2),
    "arbitrary_padding_no_strides": (5, 4, 1, 2, 6),
    "half_padding_no_strides": (5, 3, 1, 1, 5),
    "full_padding_no_strides": (5, 3, 1, 2, 7),
    "no_padding_strides": (5, 3, 2, 0, 2),
    "padding_strides": (5, 3, 2, 1, 3),
    "padding_strides_odd": (6, 3, 2, 1, 3),
}
"""Input, kernel, stride, padding, output of each (Dumoulin & Visin 2016)."""
TRANSPOSED = {
    "no_padding_no_strides": (2, 0, 2, 0, 4),
    "arbitrary_padding_no_strides": (6, 0, 1, 0, 5),
    "half_padding_no_strides": (5, 0, 1, 0, 5),
    "full_padding_no_strides": (7, 0, 0, 0, 5),
    "no_padding_strides": (2, 1, 2, 0, 5),
    "padding_strides": (3, 1, 1, 0, 5),
    "padding_strides_odd": (3, 1, 1, 1, 6),
}
"""Of their transposed convolutions: input, zeros between and around, extra row, output."""


class Own(nn.Conv2d):
    """A layer of a user's own, whose name says nothing of its axes."""


every_case = pytest.mark.parametrize("name", CASES)


def test_the_cases_are_the_published_fifteen() -> None:
    assert len(CASES) == 15
    for name, (size, kernel, stride, padding, made) in PUBLISHED.items():
        known = CASES[name]
        assert known.size == (size, size)
        assert known.layer.axes == (Axis(kernel, stride, (padding, padding)),) * 2
        assert known.layer.size(known.size) == (made, made)
    for name, (size, between, around, extra, made) in TRANSPOSED.items():
        known = CASES[f"{name}_transposed"]
        cells = windows(known.layer.axes[0], size).cells
        assert known.size == (size, size)
        assert cells.count(-2) == between * (size - 1)
        assert cells.count(-1) == 2 * around + extra
        assert known.layer.size(known.size) == (made, made)
    assert CASES["dilation"].layer.axes[0] == Axis(3, 1, (0, 0), 2)
    assert case("Same padding no strides") == CASES["half_padding_no_strides"]
    with pytest.raises(trompe.TrompeError, match="did you mean `padding_strides`"):
        case("paddings_strides")


@every_case
def test_an_animation_shows_every_output_cell_being_made_once(name: str) -> None:
    known = CASES[name]
    made = animate(known.layer, known.size)
    rows, columns = known.layer.size(known.size)
    assert len(made.frames) == rows * columns
    places = []
    for frame in made.frames:
        current = [part for part in frame if isinstance(part, Shape) and part.fill == CURRENT]
        windows = [part for part in frame if isinstance(part, Shape) and part.edge == WINDOW]
        assert len(current) == 1
        assert len(windows) == known.layer.axes[0].kernel ** 2
        places.append(current[0].points[0])
        for part in frame + made.background:
            points = [part.at] if isinstance(part, Label) else part.points
            assert all(0 <= x <= made.width and 0 <= y <= made.height for x, y in points)
    assert len(set(places)) == len(places)


def test_windows_move_by_the_stride() -> None:
    def corners(known: Case) -> list[float]:
        made = animate(known.layer, known.size)
        return [next(part for part in frame if isinstance(part, Shape)).points[0][0] for frame in made.frames[:3]]

    steps = [later - earlier for earlier, later in pairwise(corners(CASES["padding_strides"]))]
    single = [later - earlier for earlier, later in pairwise(corners(CASES["half_padding_no_strides"]))]
    assert steps == pytest.approx([2 * single[0]] * 2)
    transposed = [later - earlier for earlier, later in pairwise(corners(CASES["padding_strides_transposed"]))]
    assert transposed == pytest.approx(single)


@pytest.mark.parametrize("kind", ["convolution", "transposed", "pooling"])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_numbers_are_torchs(kind: str, stride: int) -> None:
    chosen = layer(3, stride, 1, 1, kind=kind)  # type: ignore[arg-type]
    rows, columns = (windows(axis, size) for axis, size in zip(chosen.axes, (4, 5), strict=True))
    values = small_numbers(chosen, rows, columns, (4, 5))
    given, kernel = (torch.from_numpy(part)[None, None] for part in (values.input, values.kernel))
    if kind == "transposed":
        expected = F.conv_transpose2d(given, kernel, stride=stride, padding=1)
    elif kind == "pooling":
        expected = F.max_pool2d(given, 3, stride, 1)
    else:
        expected = F.conv2d(given, kernel, stride=stride, padding=1)
    np.testing.assert_array_equal(values.output, expected[0, 0].numpy())


@pytest.mark.parametrize(
    "options",
    [{}, {"count_include_pad": False}, {"divisor_override": 3}, {"divisor_override": 3, "count_include_pad": False}],
    ids=str,
)
@pytest.mark.parametrize("stride", [1, 2])
def test_average_pooling_counts_padding_as_torch_does(options: dict[str, int], stride: int) -> None:
    module = nn.AvgPool2d(3, stride, 1, **options)
    chosen, size = layer_of(module), (4, 5)
    values = small_numbers(chosen, *map(windows, chosen.axes, size), size)
    np.testing.assert_allclose(values.output, module(torch.from_numpy(values.input)[None])[0].numpy(), atol=0.005)
    for frame in trompe.conv.animate(module, size, numbers=True).frames:
        counted, total = frame[-1].text.split(" = ")  # type: ignore[union-attr]
        numbers = [int(number) for number in re.search(r"\((.*)\)", counted)[1].split(", ")]  # type: ignore[index]
        divisor = options.get("divisor_override", len(numbers))
        assert sum(numbers) / divisor == pytest.approx(float(total), abs=0.0051)


def test_a_maximum_of_padding_alone_is_torchs() -> None:
    module = nn.MaxPool2d(2, 1, 1, 2)
    chosen, size = layer_of(module), (1, 1)
    values = small_numbers(chosen, *map(windows, chosen.axes, size), size)
    np.testing.assert_array_equal(values.output, module(torch.from_numpy(values.input)[None])[0].numpy())


def test_average_pooling_of_lines_is_torchs() -> None:
    for include in (True, False):
        module = nn.AvgPool1d(3, 2, 1, count_include_pad=include)
        chosen = layer_of(module)
        values = small_numbers(chosen, windows(Axis(1, kind="pooling"), 1), windows(chosen.axes[0], 7), (1, 7))
        np.testing.assert_allclose(values.output, module(torch.from_numpy(values.input)).numpy(), atol=0.005)


def test_sums_are_written_out() -> None:
    known = CASES["padding_strides"]
    made = animate(known.layer, known.size, numbers=True)
    for frame in made.frames:
        left, right = frame[-1].text.split(" = ")  # type: ignore[union-attr]
        products = [part.split("·") for part in left.split(" + ")] if "·" in left else []
        assert sum(int(value) * int(weight) for value, weight in products) == int(right)
    pooled = animate(layer_of(nn.MaxPool2d(2)), (4, 4), numbers=True)
    assert pooled.frames[0][-1].text.startswith("max(")  # type: ignore[union-attr]
    averaged = animate(layer_of(nn.AvgPool2d(2)), (4, 4), numbers=True)
    assert averaged.frames[0][-1].text.startswith("mean(")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("module", "size"),
    [
        (nn.Conv2d(3, 8, (3, 5), (1, 2), (0, 2), (2, 1)), (9, 12)),
        (nn.Conv2d(1, 1, 4, padding="same"), (6, 6)),
        (nn.Conv2d(1, 1, 4, padding="valid"), (6, 7)),
        (nn.ConvTranspose2d(2, 4, 4, 3, 1, 2), (3, 4)),
        (nn.Conv1d(1, 1, 3, 2), (9,)),
        (nn.ConvTranspose1d(1, 1, 2, 2, 1), (4,)),
        (nn.MaxPool2d(3, 2, 1), (7, 7)),
        (nn.AvgPool2d((2, 3)), (6, 9)),
        (Own(1, 1, 3), (5, 5)),
        (nn.Conv2d(1, 1, 3), (np.int64(5), np.int32(6))),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_a_torch_module_makes_what_is_drawn(module: nn.Module, size: tuple[int, ...]) -> None:
    channels = getattr(module, "in_channels", 1)
    expected = module(torch.zeros(1, channels, *size)).shape[2:]
    assert layer_of(module).size(size) == tuple(expected)
    shown = trompe.conv.animate(module, size)
    assert len(shown.frames) == min(64, expected.numel())
    assert "<svg" in shown._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.parametrize(
    ("module", "size", "message"),
    [
        (nn.Linear(3, 3), 3, "is no convolution"),
        (nn.Conv3d(1, 1, 3), 5, "lines and planes are drawn"),
        (nn.MaxPool2d(2, ceil_mode=True), 5, "ceil_mode"),
        (nn.Conv2d(1, 1, 7), 5, "does not fit"),
        (nn.Conv2d(1, 1, 3), 200, "too many to see"),
        (nn.Conv2d(1, 1, 3), (5, 5, 5), "3 numbers for the input"),
        (nn.Conv2d(1, 1, 3), "x", "the input is 'x'"),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), 5, "is not drawn"),
        ("conv", 5, "is no convolution"),
    ],
)
def test_what_cannot_be_drawn_is_explained(module: nn.Module, size: int, message: str) -> None:
    with pytest.raises(trompe.TrompeError, match=message):
        trompe.conv.animate(module, size)


@pytest.mark.parametrize(
    ("module", "size"),
    [
        (nn.Conv3d(4, 4, (1, 2, 3), 2, 1, groups=2), (5, 6, 7)),
        (nn.ConvTranspose3d(2, 2, 3, (1, 2, 3), 1, (0, 1, 2), groups=2), (2, 3, 4)),
        (nn.MaxPool3d(2), (4, 5, 6)),
        (nn.AvgPool1d(3, 2, 1), (9,)),
    ],
    ids=str,
)
def test_sizes_in_one_to_three_dimensions(module: nn.Module, size: tuple[int, ...]) -> None:
    expected = module(torch.zeros(1, getattr(module, "in_channels", 1), *size)).shape[2:]
    assert layer_of(module).size(size) == tuple(expected)


def test_sizes_are_integers_of_any_kind() -> None:
    assert len(trompe.conv.animate(nn.Conv2d(1, 1, 3), np.int64(5)).frames) == 9
    assert len(trompe.conv.animate(nn.Conv2d(1, 1, 3), np.array([4, 5])).frames) == 6
    with pytest.raises(trompe.TrompeError, match=r"the input is 5\.0"):
        trompe.conv.animate(nn.Conv2d(1, 1, 3), 5.0)  # type: ignore[arg-type]


# Files


@every_case
def test_a_gif_is_small_and_whole(name: str, tmp_path: Path) -> None:
    known = CASES[name]
    path = trompe.conv.animate(known.layer, known.size, numbers=True).save(tmp_path / "a.gif")
    assert path.stat().st_size < 200_000
    with Image.open(path) as gif:
        frames = []
        for number in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(number)
            frames.append(np.asarray(gif.convert("RGB")).astype(int))
    rows, columns = known.layer.size(known.size)
    assert len(frames) == rows * columns
    assert all(np.abs(one - other).max() > 40 for one, other in pairwise(frames))
    assert all((frame[2, 2] == 255).all() for frame in frames)  # on white
    for frame in frames:  # the cell that is being made is what the eye must find
        assert (np.abs(frame - np.array([0xE6, 0x9F, 0x00])).max(2) < 4).sum() > 60


def test_the_cell_being_made_is_orange_in_every_frame_also_of_many_cells(tmp_path: Path) -> None:
    path = trompe.conv.animate(nn.Conv2d(1, 1, 3), 40).save(tmp_path / "a.gif")
    with Image.open(path) as gif:
        for number in range(0, gif.n_frames, 9):  # type: ignore[attr-defined]
            gif.seek(number)
            frame = np.asarray(gif.convert("RGB")).astype(int)
            assert (np.abs(frame - np.array([0xE6, 0x9F, 0x00])).max(2) < 4).any()


def test_zeros_between_are_gray_and_padding_is_not() -> None:
    known = CASES["padding_strides_odd_transposed"]
    made = animate(known.layer, known.size)
    gray = [part for part in made.background if isinstance(part, Shape) and part.fill == PALETTES["light"].faint]
    dashed = [part for part in made.background if isinstance(part, Shape) and part.dashed]
    assert len(gray) == 5 * 5 - 3 * 3
    assert len(dashed) == 8 * 8 - 5 * 5


def test_an_svg_is_well_formed_and_shows_one_frame_at_a_time(tmp_path: Path) -> None:
    known = CASES["padding_strides_odd_transposed"]
    path = trompe.conv.animate(known.layer, known.size, theme="dark").save(tmp_path / "a.svg")
    root = ElementTree.parse(path).getroot()
    groups = root.findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == 36
    ends = [0.0]
    for group in groups:
        (moving,) = group.findall("{http://www.w3.org/2000/svg}animate")
        times, values = moving.attrib["keyTimes"].split(";"), moving.attrib["values"].split(";")
        shown = values.index("inline")
        assert float(times[shown]) == pytest.approx(ends[-1], abs=1e-3)
        ends.append(float(times[shown + 1]) if shown + 1 < len(times) else 1.0)
    assert ends[-1] == 1
    assert PALETTES["dark"].paper in path.read_text()


def test_a_video_needs_ffmpeg(tmp_path: Path) -> None:
    made = trompe.conv.animate(nn.Conv2d(1, 1, 3), 4)
    if shutil.which("ffmpeg") is None:
        with pytest.raises(trompe.TrompeError, match="needs ffmpeg"):
            made.save(tmp_path / "a.mp4")
    else:
        assert made.save(tmp_path / "a.mp4").stat().st_size > 1000
    with pytest.raises(trompe.TrompeError, match="has an unknown suffix"):
        made.save(tmp_path / "a.avi")


# The command


def test_the_command_draws_and_refuses(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    draw = ("conv", "draw", "--input")
    out = tmp_path / "conv.gif"
    run_command(*draw, 5, "--kernel", 3, "--stride", 2, "--padding", 1, "--out", out)
    with Image.open(out) as gif:
        assert gif.n_frames == 9  # type: ignore[attr-defined]
    up = ("conv", "draw", "--transposed", "--input", 3, 4, "--kernel", 3, "--stride", 2, "--output-padding", 1)
    run_command(*up, "--out", tmp_path / "up.svg")
    assert "transposed convolution, 3 x 4 to 8 x 10" in (tmp_path / "up.svg").read_text()
    run_command(*draw, 7, "--kernel", 2, 3, "--dilation", 3, 2, "--out", tmp_path / "dilated.svg")
    assert "convolution, 7 x 7 to 4 x 3" in (tmp_path / "dilated.svg").read_text()
    run_command(*draw, 5, "--padding", "same", "--numbers", "--theme", "dark", "--out", tmp_path / "a.png")
    run_command(*draw, 4, "--kernel", 2, "--pooling", "average", "--out", tmp_path / "mean.svg")
    assert "average pooling, 4 x 4 to 3 x 3" in (tmp_path / "mean.svg").read_text()
    run_command("conv", "cases", "--out", tmp_path / "gifs")
    assert len(list((tmp_path / "gifs").glob("*.gif"))) == 15
    assert (tmp_path / "gifs" / "all.png").exists()
    run_command("conv", "case", "padding_strides", "--out", tmp_path / "gifs" / "one.gif")
    run_command("conv", "case", "padding_strides", "--out", tmp_path / "folder")
    assert (tmp_path / "gifs" / "one.gif").read_bytes() == (tmp_path / "folder" / "padding_strides.gif").read_bytes()
    run_command(*draw, 4, "--transposed", "--stride", 2, "--checkerboard", "--out", tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 5000
    run_command("conv", "page", "--out", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    for arguments, message in (
        (("--input", 3, "--kernel", 5), "does not fit an input of 3"),
        (("--input", 3, "--transposed", "--output-padding", 1), "an output padding of 1"),
        (("--input", 3, "--padding", "-1"), "a padding of -1"),
        (("--input", 0), "an input of 0"),
        (("--input", 3, "--padding", "much"), "no padding is named `much`"),
        (("--input", 3, "--padding"), "0 numbers for the padding"),
        (("--input", 3, "--transposed", "--padding", "same"), "has no padding `same`"),
        (("--input", 3, "--transposed", "--pooling", "max"), "a pooling is not transposed"),
        (("--input", 3, "--checkerboard"), "no layer here is a transposed convolution"),
        (("--transposed", "--input", 2**63 - 1), "an input of 9223372036854775807"),
        (("--input", 2**31 - 1), "2,147,483,647 cells in a row are too many to see"),
        (("--input", 3, "--kernel", 10**9, "--padding", 10**9), "too many to see"),
        (("--transposed", "--input", 3, "--stride", 10**6), "too many to see"),
        (("--transposed", "--input", 10**6, "--checkerboard"), "too many to count"),
        (("--transposed", "--input", 1, "--kernel", 10**6, "--checkerboard"), "too many to count"),
    ):
        _, error = run_command("conv", "draw", *arguments, "--out", tmp_path / "bad.png", code=2)
        assert message in error
        assert "hint:" in error
    _, error = run_command("conv", "draw", "--out", tmp_path / "bad.png", code=2)
    assert "--input" in error
    _, error = run_command("conv", "case", "dilation", "--input", 3, "--out", tmp_path / "bad.png", code=2)
    assert "`trompe conv case` has no flag `--input`" in error
    _, error = run_command("conv", code=2)
    assert "`trompe conv` needs a command" in error
    assert not (tmp_path / "bad.png").exists()


def test_a_file_of_the_users_is_not_overwritten(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    own = tmp_path / "own.gif"
    for arguments in (("draw", "--input", 4), ("case", "dilation")):
        own.write_bytes(b"mine")
        _, error = run_command("conv", *arguments, "--out", own, code=2)
        assert "--force" in error
        assert own.read_bytes() == b"mine"
        run_command("conv", *arguments, "--out", own, "--force")
        run_command("conv", *arguments, "--out", own)  # what trompe wrote it may write again
        assert own.stat().st_size > 1000


def test_the_titles_of_a_checkerboard_do_not_overlap() -> None:
    made = checkerboard([layer(4, 2, 1, kind="transposed")] * 4, (4, 4))
    made.draw_without_rendering()
    titles = [panel._left_title.get_window_extent() for panel in made.axes]  # type: ignore[attr-defined]
    assert all(left.x1 < right.x0 for left, right in pairwise(titles))


# Of a run


@pytest.fixture(scope="module")
def conv_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("gan-mnist", steps=2)
    return trompe.train(replace(recipe, nets=replace(recipe.nets, widths=(4, 6))), tmp_path_factory.mktemp("conv"))


def traced(run: trompe.Run) -> list[TracedLayer]:
    return trace(run.predictor, run.data().take(slice(0, 1)))


def test_the_layers_of_a_run_and_what_they_cost(conv_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    layers = traced(conv_run)
    model = conv_run.model
    assert sum(one.parameters for one in layers) == sum(parameter.numel() for parameter in model.parameters())
    convolutions = [one for one in layers if one.network == "discriminator" and isinstance(one.module, nn.Conv2d)]
    assert [one.receptive_field for one in convolutions] == [5, 13]
    first, second = convolutions
    assert first.multiplications == 4 * 4 * 4 * 1 * 25
    assert second.multiplications == 2 * 2 * 6 * 4 * 25
    upward = next(one for one in layers if isinstance(one.module, nn.ConvTranspose2d))
    assert upward.multiplications == 2 * 2 * 6 * 4 * 25
    out, _ = run_command("conv", "table", conv_run.folder)
    assert "discriminator" in out
    assert f"{sum(one.multiplications for one in layers):,}" in out


def test_a_layer_of_a_run_is_drawn_with_its_own_values(conv_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    layers = traced(conv_run)
    number = next(one.number for one in layers if isinstance(one.module, nn.Conv2d))
    made = animation_of(layers, number)
    grays = {part.fill for part in made.background if isinstance(part, Shape) and part.fill}
    assert "#000000" in grays
    assert "#ffffff" in grays  # the darkest and the brightest of the image
    assert "discriminator, layer" in made.description
    run_command("conv", "layer", conv_run.folder, number, "--out", tmp_path / "layer.gif")
    run_command("conv", "checkerboard", conv_run.folder, "--out", tmp_path / "board.png")
    for arguments, message in (
        ((99,), "there is no layer 99"),
        ((0,), "has no window"),
        ((), "NUMBER"),
    ):
        _, error = run_command("conv", "layer", conv_run.folder, *arguments, code=2)
        assert message in error


def test_a_layer_of_lines_is_drawn_and_one_of_groups_is_not() -> None:
    def of(module: nn.Module) -> list[TracedLayer]:
        signal = torch.randn(1, 2, 9)
        return [TracedLayer(0, "encoder", "0", module, signal, module(signal).detach(), 3)]

    assert len(animation_of(of(nn.Conv1d(2, 3, 3)), 0).frames) == 7
    assert len(animation_of(of(nn.ConvTranspose1d(2, 3, 3, 2)), 0).frames) == 19
    with pytest.raises(trompe.TrompeError, match="layer 0 has 2 groups"):
        animation_of(of(nn.Conv1d(2, 2, 3, groups=2)), 0)


def test_a_run_of_dense_layers_has_no_checkerboard(vae_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("conv", "checkerboard", vae_run.folder, code=2)
    assert "has no convolutions" in error


@pytest.mark.parametrize("name", ["vae", "cgan", "gan-cifar10", "bigan-mnist", "aae-mnist", "sdae-mnist"])
def test_every_parameter_is_of_one_layer(name: str, tmp_path: Path) -> None:
    """Those of normalized and class-conditional layers, residual blocks, and a likelihood's scale among them."""
    recipe = small(name, steps=1)
    if name == "sdae-mnist":
        recipe = replace(recipe, family=replace(recipe.family, layer_steps=()))  # type: ignore[type-var]
    run = trompe.train(recipe, tmp_path / "run")
    layers = traced(run)
    assert [one.number for one in layers] == list(range(len(layers)))
    assert sum(one.parameters for one in layers) == sum(parameter.numel() for parameter in run.model.parameters())


def test_the_layer_that_the_guide_names_can_be_drawn(tmp_path: Path) -> None:
    guide = (Path(__file__).parent.parent / "docs" / "convolutions.md").read_text()
    numbers = re.findall(r"trompe conv layer runs/holiday (\d+)", guide)
    photographs = np.random.default_rng(0).integers(0, 256, (30, 3, 64, 64), dtype=np.uint8)
    recipe = trompe.recipe("vae")  # what the guides train into that folder
    train = replace(recipe.train, steps=1, batch=2, evaluate_every=0, sample_every=0)
    layers = traced(trompe.train(replace(recipe, train=train), tmp_path / "holiday", data=photographs))
    assert numbers
    for number in numbers:
        assert animation_of(layers, int(number)).frames


def test_layers_are_of_one_number_or_one_per_axis() -> None:
    assert layer((3, 5), padding="half") == Layer((Axis(3, 1, (1, 1)), Axis(5, 1, (2, 2))))
    assert layer(np.int64(3), np.array([1, 2])) == layer(3, (1, 2))
    with pytest.raises(trompe.TrompeError, match="3 numbers for the kernel of 2 axes"):
        layer((3, 3, 3))
    with pytest.raises(trompe.TrompeError, match=r"the stride is 1\.5"):
        layer(3, 1.5)  # type: ignore[arg-type]


# The page

PROBE = """<script>
window.onerror = message => { document.title = "error: " + message; };
window.onload = () => {
  const found = [];
  for (const kind of ["convolution", "transposed", "pooling"])
    for (let input = 1; input <= 7; input++) for (let kernel = 1; kernel <= 4; kernel++)
      for (let stride = 1; stride <= 3; stride++) for (let padding = 0; padding <= 2; padding++)
        for (let dilation = 1; dilation <= 2; dilation++) for (let extra = 0; extra <= 1; extra++) {
          if (kind !== "transposed" && extra) continue;
          const axis = { input, kernel, stride, padding, dilation, output_padding: extra };
          let size = 0, cells = 0;
          try { const there = windows(kind, axis); size = there.size; cells = there.cells.length; } catch (message) {}
          found.push([size, cells]);
        }
  choose("padding_strides_odd_transposed");
  byId("numbers").click();
  const shown = byId("formula").textContent, made = byId("stage").querySelectorAll("polygon").length;
  const slider = document.querySelector('[data-name="kernel"]');
  slider.value = 7; slider.dispatchEvent(new Event("input"));
  choose("no_padding_no_strides");
  const kernel = document.querySelector('[data-name="kernel"]');
  kernel.value = 7; kernel.dispatchEvent(new Event("input"));
  const refused = byId("error").textContent;
  choose("padding_strides");
  document.title = JSON.stringify({ found, shown, made, refused, call: byId("call").textContent });
};
</script></body>"""


@pytest.mark.browser
def test_the_page_has_the_arithmetic_of_the_library(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    """Every size that the page's sliders can set, in a real browser, against the arithmetic that torch has checked."""
    import html
    import itertools
    import json

    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert browser, "install Chromium, or leave the tests marked `browser` out"
    page = tmp_path / "conv.html"
    run_command("conv", "page", "--out", page)
    assert "http" not in page.read_text().replace("http://www.w3.org", "")  # nothing is fetched
    page.write_text(page.read_text().replace("</body>", PROBE))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None, done.stderr
    reported = json.loads(html.unescape(title[1]))
    expected = []
    kinds = ("convolution", "transposed", "pooling")
    ranges = (range(1, 8), range(1, 5), range(1, 4), range(3), range(1, 3), range(2))
    for kind, (size, kernel, stride, padding, dilation, extra) in itertools.product(kinds, itertools.product(*ranges)):
        if kind != "transposed" and extra:
            continue
        try:
            axis = Axis(kernel, stride, (padding, padding), dilation, kind, extra)  # type: ignore[arg-type]
            expected.append([axis.size(size), len(windows(axis, size).cells)])
        except trompe.TrompeError:
            expected.append([0, 0])
    assert reported["found"] == expected
    assert "2 (3 - 1) + 3 - 2 + 1 = 6" in reported["shown"]
    assert reported["made"] > 49 + 36
    assert "does not fit an input of 4" in reported["refused"]
    assert reported["call"] == "torch.nn.Conv2d(1, 1, 3, stride=2, padding=1)"
