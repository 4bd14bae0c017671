"""Illusions of color constancy: the claims are counted, the estimates have closed forms."""

from __future__ import annotations

import io
import json
import math
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from skimage.color import rgb2xyz, xyz2rgb
from skimage.data import astronaut, chelsea, coffee

from trompe.errors import TrompeError
from trompe.illusions import (
    ESTIMATES,
    angular_error,
    corrected,
    dress,
    estimate,
    gray_edge,
    gray_world,
    is_red,
    linear,
    no_red_figure,
    readings,
    relit,
    shades_of_gray,
    still_life,
    stored,
    white_patch,
    without_red,
)
from trompe.illusions.drawn_dress import CLOTH, LACE
from trompe.illusions.no_red import STRONGEST

DATA = Path(os.environ.get("TROMPE_DATA", "nowhere"))
LIGHT = np.array([1.3, 0.9, 0.5])
images = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12).map(lambda shape: (*shape, 3)))


def scene(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.01, 0.7, (24, 31, 3))


def has_no_red(image: np.ndarray) -> bool:
    """In plain comparisons, not by the function that is tested."""
    red, green, blue = (image[..., channel].astype(int) for channel in range(3))
    return not ((red > green) & (red > blue)).any()


# Light


def test_every_byte_comes_back() -> None:
    levels = np.arange(256, dtype=np.uint8)
    image = np.stack([levels, levels[::-1], levels], axis=1)[None]
    assert (stored(linear(image)) == image).all()


def test_the_transfer_function_is_that_of_srgb() -> None:
    """scikit-image's path to XYZ and back goes through linear light: its matrix undone, the two must agree."""
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    to_xyz = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
    np.testing.assert_allclose(linear(image) @ to_xyz.T, rgb2xyz(image), atol=1e-6)
    np.testing.assert_allclose(stored(linear(image)) / 255, xyz2rgb(rgb2xyz(image)), atol=0.5 / 255)


@pytest.mark.parametrize("illuminant", [LIGHT, np.ones(3), np.array([0.2, 4.0, 1.0])])
def test_von_kries_there_and_back(illuminant: np.ndarray) -> None:
    np.testing.assert_allclose(corrected(relit(scene(), illuminant), illuminant), scene(), rtol=1e-12)


@pytest.mark.parametrize("method", ESTIMATES.values(), ids=list(ESTIMATES))
def test_the_light_on_a_gray_scene_is_found_exactly(method) -> None:  # type: ignore[no-untyped-def]
    gray = np.repeat(scene()[..., :1], 3, axis=2)
    found = method(relit(gray, LIGHT))
    np.testing.assert_allclose(found, LIGHT * math.sqrt(3) / np.linalg.norm(LIGHT), rtol=1e-10)
    assert angular_error(found, LIGHT) < 1e-8


@pytest.mark.parametrize("method", ESTIMATES.values(), ids=list(ESTIMATES))
def test_a_black_or_an_even_image_tells_of_no_light_or_its_own(method) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(method(np.zeros((5, 4, 3))), np.ones(3))
    even = np.broadcast_to(0.5 * LIGHT, (5, 4, 3)).copy()
    expected = np.ones(3) if method is gray_edge else LIGHT
    assert angular_error(method(even), expected) < 1e-6


def test_the_norms_at_both_ends() -> None:
    light = scene()
    np.testing.assert_allclose(shades_of_gray(light, norm=1), gray_world(light))
    np.testing.assert_allclose(estimate(light, norm=math.inf), white_patch(light))
    assert angular_error(gray_world(light), light.mean(axis=(0, 1))) < 1e-6
    assert angular_error(white_patch(light), light.max(axis=(0, 1))) < 1e-6
    assert angular_error(shades_of_gray(light, norm=2000), white_patch(light)) < 0.2
    assert angular_error(shades_of_gray(light, norm=3), np.cbrt((light**3).mean(axis=(0, 1)))) < 1e-6


def test_the_gray_edge_of_a_step_is_its_height() -> None:
    light = np.zeros((9, 40, 3))
    light[:, :20], light[:, 20:] = [0.1, 0.1, 0.4], [0.5, 0.3, 0.5]
    assert angular_error(gray_edge(light), np.array([0.4, 0.2, 0.1])) < 1e-6
    assert angular_error(gray_edge(light, norm=math.inf, sigma=2), np.array([0.4, 0.2, 0.1])) < 1e-6


def test_the_angle_between_lights() -> None:
    assert angular_error(np.array([1.0, 0, 0]), np.array([0, 2.0, 0])) == pytest.approx(90)
    assert angular_error(np.array([1.0, 0, 0]), np.array([3.0, 3.0, 0])) == pytest.approx(45)
    assert angular_error(LIGHT, 5 * LIGHT) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("arguments", [{"order": 2}, {"norm": 0.5}, {"sigma": -1}, {"order": 1, "sigma": 0}])
def test_an_estimate_that_is_none(arguments: dict[str, float]) -> None:
    with pytest.raises(TrompeError):
        estimate(scene(), **arguments)


# No red


@settings(max_examples=300, deadline=None)
@given(images)
def test_no_image_keeps_a_red_pixel(image: np.ndarray) -> None:
    made = without_red(image)
    assert has_no_red(made.image)
    assert made.red_after == 0
    assert made.red_before == int(is_red(image).sum())
    assert made.image.shape == image.shape
    assert STRONGEST <= made.illuminant[0] <= 1
    if made.red_before:
        assert (made.image[..., 0] <= made.image[..., 1:].min(axis=2)).all()
    else:
        assert (made.image == image).all()
        assert not made.patches


def test_every_pixel_of_the_cube_loses_its_red() -> None:
    levels = np.linspace(0, 255, 32).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(32, -1, 3)
    assert has_no_red(without_red(cube).image)


@pytest.mark.parametrize("image", [astronaut(), coffee(), chelsea()], ids=["astronaut", "coffee", "chelsea"])
def test_photographs_have_red_before_and_none_after(image: np.ndarray) -> None:
    made = without_red(image)
    assert made.red_before > 0.1 * image.shape[0] * image.shape[1]
    assert has_no_red(made.image)


@pytest.mark.skipif(not (DATA / "tiny-imagenet").is_dir(), reason="needs Tiny ImageNet under TROMPE_DATA")
def test_photographs_of_tiny_imagenet() -> None:
    with zipfile.ZipFile(next((DATA / "tiny-imagenet").glob("*.zip"))) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".JPEG"))[::1000]
        photographs = [np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in names]
    made = [without_red(image) for image in photographs]
    assert sum(one.red_before for one in made) > 10_000
    assert all(has_no_red(one.image) for one in made)


@pytest.mark.skipif(not (DATA / "cifar-10").is_dir(), reason="needs CIFAR-10 under TROMPE_DATA")
def test_photographs_of_cifar() -> None:
    with tarfile.open(next((DATA / "cifar-10").glob("*binary.tar.*")), "r|*") as file:
        batch = next(file.extractfile(member).read(300 * 3073) for member in file if member.name.endswith(".bin"))  # type: ignore[union-attr]
    rows = np.frombuffer(batch, np.uint8).reshape(300, 3073)[:, 1:]
    made = [without_red(image) for image in rows.reshape(300, 3, 32, 32).transpose(0, 2, 3, 1)]
    assert sum(one.red_before for one in made) > 10_000
    assert all(has_no_red(one.image) for one in made)


def test_red_becomes_gray_among_cyan() -> None:
    """What the illusion needs: red things gray, white things as cyan as the light, and the light found in the image."""
    image = np.full((40, 40, 3), 230, np.uint8)
    image[10:20, 10:20] = (200, 30, 40)
    made = without_red(image)
    red, green, blue = made.image[15, 15].tolist()
    assert red == green == blue or red <= min(green, blue) <= red + 10
    assert angular_error(white_patch(linear(made.image)), made.illuminant) < 3
    assert len(made.patches) == 1
    assert (made.patches[0].of(image) == (200, 30, 40)).all()


def test_a_faint_red_needs_a_faint_light() -> None:
    image = np.full((8, 8, 3), 150, np.uint8)
    image[2:6, 2:6] = (150, 120, 120)
    assert without_red(image).illuminant[0] > 0.55


def test_patches_lie_where_the_image_is_most_red_and_apart() -> None:
    made = without_red(still_life())
    assert len(made.patches) == 4
    for patch in made.patches:
        red, green, blue = patch.color(made.original)
        assert red > 150 > 60 > max(green, blue)
        red, green, blue = patch.color(made.image)
        assert red <= min(green, blue) <= max(green, blue) <= red + 12
    for one in made.patches:
        for other in made.patches:
            assert one is other or max(abs(one.top - other.top), abs(one.left - other.left)) >= one.side


@pytest.mark.parametrize(
    "image",
    [
        np.array([[[255, 0, 0]]], np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((2, 300, 3), (200, 10, 10), np.uint8),
        np.full((300, 2, 3), 90, np.uint8),
    ],
    ids=["one red pixel", "one black pixel", "a red line", "a gray column"],
)
def test_a_figure_of_any_image(image: np.ndarray) -> None:
    made = no_red_figure(image)
    made.figure.savefig(io.BytesIO(), format="png", dpi=40)
    assert made.numbers["red_after"] == 0
    json.dumps(made.numbers)


# The dress


def test_the_dress_has_the_colors_that_it_claims() -> None:
    """Most of its pixels in the middle are cloth, and then lace, in about these colors."""
    middle = dress()[160:600, 180:290].reshape(-1, 3).astype(float)
    apart = [np.abs(middle - color).max(axis=1) for color in (CLOTH, LACE)]
    cloth, lace = (distance < 30 for distance in apart)
    assert cloth.mean() > 0.4
    assert lace.mean() > 0.25
    np.testing.assert_allclose(np.median(middle[cloth], axis=0), CLOTH, atol=10)
    np.testing.assert_allclose(np.median(middle[lace], axis=0), LACE, atol=10)


def test_one_dress_has_two_readings() -> None:
    shadow, warm = readings()
    white, gold, blue, black = (np.array(one.color(pixel)) for one in (shadow, warm) for pixel in (CLOTH, LACE))
    assert np.ptp(white) <= 1
    assert white.min() > 220
    assert gold[0] > gold[1] + 40 > gold[2] + 80
    assert blue[2] > 1.5 * max(blue[:2])
    assert np.ptp(black) <= 1
    assert black.max() < 60
    assert shadow.illuminant.argmax() == 2
    assert warm.illuminant.argmax() == 0
    assert warm.illuminant.min() > shadow.illuminant.max()


# The command line


def test_no_red_from_the_command_line(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    photograph, out = tmp_path / "in.png", tmp_path / "out.png"
    image = np.zeros((20, 30, 4), np.uint8)
    image[..., 3], image[5:15, 5:15] = 255, (220, 20, 20, 255)
    image[:, 20:] = (255, 0, 0, 0)  # transparent, so white
    Image.fromarray(image).save(photograph)
    printed, _ = run_command("illusion", "no-red", photograph, "--out", out, "--json")
    numbers = json.loads(printed)
    assert (numbers["red_before"], numbers["red_after"], numbers["pixels"]) == (100, 0, 600)
    assert has_no_red(np.asarray(Image.open(out)))
    assert (tmp_path / "out-explained.png").exists()
    printed, _ = run_command("illusion", "no-red", photograph, "--out", out)
    assert "red pixels: 100 before, 0 after, of 600" in printed
    Image.fromarray(np.full((6, 5), 99, np.uint8)).save(photograph)
    printed, _ = run_command("illusion", "no-red", photograph, "--out", out)
    assert "it has no red, so nothing will be seen as red" in printed
    assert (np.asarray(Image.open(out)) == 99).all()


def test_an_image_of_a_set_by_its_number(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "images"
    folder.mkdir()
    for place, color in enumerate([(9, 9, 9), (200, 9, 9), (9, 200, 9)]):
        Image.new("RGB", (4, 4), color).save(folder / f"{place}.png")
    for index, red in ((1, 16), (2, 0)):
        words = ("illusion", "no-red", folder, "--index", index, "--out", tmp_path / "out.png", "--json")
        assert json.loads(run_command(*words)[0])["red_before"] == red
    _, error = run_command("illusion", "no-red", folder, "--index", 3, "--out", tmp_path / "out.png", code=2)
    assert "has 3 images, and no number 3" in error


def test_the_others_from_the_command_line(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    printed, _ = run_command("illusion", "dress", "--out", tmp_path / "dress.webp", "--figure", tmp_path / "both.svg")
    assert "in a bluish shadow: white" in printed
    assert (np.asarray(Image.open(tmp_path / "dress.webp")) == dress()).all()
    printed, _ = run_command("illusion", "illuminants", "--out", tmp_path / "lights.png", "--json")
    assert list(json.loads(printed)["illuminants"]) == list(ESTIMATES)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("no-red", "nothing.png"), "there is nothing at `nothing.png`"),
        (("no-red", "--out", "a.jpg"), "has an unknown suffix"),
        (("no-red", "--index", 2), "`--index` was given without a set"),
        (("no-red", "--out", "a.png", "--figure", "a.png"), "would be both the image and the figure"),
        (("rainbow",), "has no command `rainbow`"),
    ],
)
def test_a_wrong_command_names_what_is_wrong(  # type: ignore[no-untyped-def]
    words: tuple[object, ...], wrong: str, run_command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wrong in run_command("illusion", *words, code=2)[1]
    assert not list(tmp_path.iterdir())
