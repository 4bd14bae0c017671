"""Windows onto images, against numpy's and scipy's own rotations and crops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

import trompe
from trompe.data.batches import Batches
from trompe.data.load import in_patches
from trompe.data.samples import Splits
from trompe.data.windows import Windows, moved, patch_windows, patches_of, random_patches
from trompe.options.data import DataOptions, PatchOptions
from trompe.rng import Draws

CPU = torch.device("cpu")
FACES = PatchOptions(size=25, window=57, rotate=90, scale=(1.4, 1.8), count=3)


def window(x: float, y: float, pitch: float = 1.0, angle: float = 0.0) -> Windows:
    return Windows(torch.tensor([[float(x), float(y)]]), torch.tensor([pitch]), torch.tensor([angle]))


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(1, 2, 20, 30, generator=torch.Generator().manual_seed(0))


def test_the_whole_image_comes_back(image: torch.Tensor) -> None:
    torch.testing.assert_close(window(15, 10).view(image, (20, 30)), image)


def test_a_window_without_rotation_is_a_crop(image: torch.Tensor) -> None:
    torch.testing.assert_close(window(11, 8).view(image, (6, 4)), image[:, :, 5:11, 9:13])


def test_a_quarter_turn_is_numpys(image: torch.Tensor) -> None:
    square = image[..., :20]
    turned = window(10, 10, angle=math.pi / 2).view(square, (20, 20))
    torch.testing.assert_close(turned, torch.rot90(square, 1, (2, 3)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("angle", [0.3, -1.2])
def test_any_rotation_is_scipys(image: torch.Tensor, angle: float) -> None:
    inner = window(10, 10, angle=angle).view(image[..., :20], (8, 8))
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, sin], [-sin, cos]])  # rows, columns
    offset = np.array([9.5, 9.5]) - matrix @ np.array([3.5, 3.5])
    theirs = ndimage.affine_transform(image[0, 0, :, :20].numpy(), matrix, offset, (8, 8), order=1)
    np.testing.assert_allclose(inner[0, 0].numpy(), theirs, atol=1e-5)


def test_beyond_the_border_the_border_is_repeated(image: torch.Tensor) -> None:
    seen = window(-20, 10).view(image, (20, 4))
    torch.testing.assert_close(seen, image[..., :1].expand(-1, -1, -1, 4))


def test_patches_lie_wholly_inside_where_they_fit() -> None:
    uniform = torch.rand(5000, 4, generator=torch.Generator().manual_seed(0))
    windows = patch_windows(uniform, (64, 64), FACES)
    side = windows.pitch * 25
    assert float(side.min()) > 57 / 1.8 - 0.01
    assert float(side.max()) < 57 / 1.4 + 0.01
    corners = torch.tensor([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    cos, sin = windows.angle.cos(), windows.angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    places = windows.center[:, None] + side[:, None, None] * (corners @ turn.transpose(1, 2))
    assert ((places > -1e-3) & (places < 64 + 1e-3)).all()
    assert float(places.min()) < 1
    assert float(places.max()) > 63
    middle = patch_windows(uniform, (20, 64), FACES).center[:, 1]
    torch.testing.assert_close(middle, torch.full_like(middle, 10))


def test_patches_are_a_function_of_the_images_and_carry_their_labels() -> None:
    data = trompe.load_data("digits", size=64).take(slice(0, 7))
    patches = patches_of(data, FACES)
    assert patches.images.shape == (21, 1, 25, 25)
    assert data.labels is not None
    assert patches.labels is not None
    np.testing.assert_array_equal(patches.labels, np.repeat(data.labels, 3))
    assert patches_of(data, FACES).fingerprint == patches.fingerprint
    assert len({row.tobytes() for row in patches.images}) == 21


def test_resampled_patches_differ_from_step_to_step_and_tests_do_not() -> None:
    options = DataOptions(patch=replace(FACES, resample=True))
    data = trompe.load_data("digits", size=64).take(slice(0, 30))
    loaded = in_patches(Splits(data, data.take(slice(0, 5))), options.patch)
    assert loaded.whole is data
    assert loaded.train.image_shape == loaded.test.image_shape == (1, 25, 25)
    batches = Batches(loaded.whole, CPU, options)
    draws = Draws(1, CPU, 4)
    first, second = (batches.prepared(np.arange(4), draws).images for _ in range(2))
    assert first.shape == (4, 1, 25, 25)
    assert not torch.equal(first, second)
    assert torch.equal(first, random_patches(data.take(slice(0, 4)).images_as_floats(), FACES, Draws(1, CPU, 4)))


def test_patches_of_floats_are_not_quantized(random: np.random.Generator) -> None:
    levels = random.random((3, 1, 20, 20), dtype=np.float32)
    data = trompe.Samples(levels, "flux", value_range=(0, 1))
    options = PatchOptions(size=20, count=2)
    patches = patches_of(data, options)
    assert (patches.images.dtype, patches.value_range) == (np.float32, (0, 1))
    np.testing.assert_allclose(patches.images, np.repeat(levels, 2, axis=0), atol=1e-5)


def test_images_move_no_further_than_they_may() -> None:
    dot = torch.zeros(500, 1, 21, 21)
    dot[:, :, 10, 10] = 1
    draws = Draws(0, CPU, 500)
    places = moved(dot, DataOptions(translate=3, augment_probability=1), draws).flatten(1).argmax(1)
    across, down = places % 21 - 10, places // 21 - 10
    assert across.abs().max() == down.abs().max() == 3
    corner = torch.zeros(500, 1, 21, 21)
    corner[:, :, 10, 16] = 1
    places = moved(corner, DataOptions(rotate=45, scale=0.5, augment_probability=1), draws).flatten(1).argmax(1)
    across, down = (places % 21 - 10).float(), (places // 21 - 10).float()
    angle, distance = torch.atan2(down, across).abs(), torch.hypot(across, down)
    assert 0.7 < float(angle.max()) < 0.9  # 45 degrees is 0.785
    assert 3 < float(distance.min()) < 4.6  # 6 / 1.5 is 4
    assert float(distance.max()) > 9  # 6 / 0.5 would be 12, outside the image
    stayed = (moved(dot, DataOptions(translate=3), draws) == dot).flatten(1).all(1).float().mean()
    assert float(stayed) == pytest.approx(0.5, abs=0.08)


def test_what_has_no_plane_has_no_patches() -> None:
    voxels = trompe.Samples(np.zeros((2, 1, 4, 4, 4), np.uint8), "voxels")
    with pytest.raises(trompe.TrompeError, match="not from videos or voxels"):
        patches_of(voxels, PatchOptions(size=2))
    flat = trompe.Samples(np.zeros((2, 1, 4, 4), np.uint8), "flat")
    with pytest.raises(trompe.TrompeError, match="too many to keep"):
        patches_of(flat, PatchOptions(size=1000, window=4, count=3000))
    with pytest.raises(trompe.TrompeError, match="a window of 5 pixels is larger than images of 4x4"):
        patches_of(flat, PatchOptions(size=10, scale=(1, 2)))
