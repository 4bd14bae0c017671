"""Feature spaces: networks from files, filters, and the cache of what is slow."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from PIL import Image
from torch import Tensor, nn

import trompe
from trompe import Samples, TrompeError
from trompe.data.sources.named import Remote
from trompe.measures import features as features_module
from trompe.measures import networks
from trompe.measures.features import PixelFeatures, extract
from trompe.measures.networks import Inception, opened
from trompe.measures.resizing import antialiased, bilinear, tensorflow

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


def scripted(module: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.script(module.eval()), str(path))
    return path


@pytest.fixture
def images() -> Samples:
    return trompe.load_data("digits:test").take(slice(0, 23))


class Small(nn.Module):
    """Features, and logits of three classes."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv2d(channels, 6, 3)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.convolution(images).relu().mean((2, 3))
        return features, features[:, :3]


# Filters


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (600, 400)])
def test_the_antialiased_filter_is_pillows(size: tuple[int, int]) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (3, *size)).astype(np.float32)
    expected = [np.asarray(Image.fromarray(one).resize((299, 299), Image.Resampling.BICUBIC)) for one in levels]
    ours = antialiased(torch.from_numpy(levels)[None], 299)[0]
    np.testing.assert_allclose(ours, np.stack(expected), atol=0.02)  # of 255 levels


def test_the_original_filter_lays_the_grid_against_the_corner() -> None:
    """Against its definition; the last rows repeat the border."""
    image = torch.rand(1, 2, 5, 7)
    ours = tensorflow(image, 11)
    for row, column in ((0, 0), (3, 9), (10, 10), (6, 2)):
        y, x = row * 5 / 11, column * 7 / 11
        top, left, dy, dx = int(y), int(x), y % 1, x % 1
        below, right = min(top + 1, 4), min(left + 1, 6)
        corners = image[0, :, [top, top, below, below], [left, right, left, right]]
        weights = torch.tensor([(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx])
        torch.testing.assert_close(ours[0, :, row, column], corners @ weights)


def test_the_bilinear_filter_keeps_the_centers() -> None:
    image = torch.rand(1, 1, 3, 3)
    torch.testing.assert_close(bilinear(image, 9)[..., 1::3, 1::3], image)


# Networks from files


def test_a_networks_features_are_its_own(images: Samples, tmp_path: Path) -> None:
    network = Small()
    found = extract(opened(str(scripted(network, tmp_path / "net.pt")), trust=True), images)
    features, logits = network(images.images_as_floats())
    np.testing.assert_allclose(found.vectors, features.detach(), rtol=1e-5, atol=1e-6)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, logits.softmax(1).detach(), rtol=1e-5, atol=1e-6)


def test_gray_images_are_shown_in_color_to_a_network_that_needs_it(images: Samples, tmp_path: Path) -> None:
    network = Small(3)
    space = opened(str(scripted(network, tmp_path / "net.pt")), side=12, trust=True)
    inputs = F.interpolate(images.images_as_floats(), (12, 12), mode="bilinear").expand(-1, 3, 12, 12)
    np.testing.assert_allclose(extract(space, images).vectors, network(inputs)[0].detach(), rtol=1e-5, atol=1e-6)
    assert space.protocol["side"] == 12


def onnx_file(path: Path, batch: int | str, size: int | str) -> tuple[Path, np.ndarray]:
    """A network that flattens and multiplies."""
    weights = np.random.default_rng(0).standard_normal((3 * 10 * 10, 5)).astype(np.float32)
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["y"])]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, size, size])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])
    graph = helper.make_graph(nodes, "net", [given], [made], [onnx.numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path, weights


@pytest.mark.parametrize(("batch", "size", "side"), [(1, 10, None), ("n", 10, None), ("n", "s", 10)])
def test_an_onnx_network_is_given_what_it_takes(
    images: Samples, tmp_path: Path, batch: int | str, size: int | str, side: int | None
) -> None:
    path, weights = onnx_file(tmp_path / "net.onnx", batch, size)
    space = opened(str(path), side=side)
    inputs = F.interpolate(images.images_as_floats(), (10, 10), mode="bilinear").expand(-1, 3, 10, 10)
    found = extract(space, images)
    np.testing.assert_allclose(found.vectors, inputs.flatten(1).numpy() @ weights, rtol=1e-4, atol=1e-4)
    assert found.probabilities is None
    assert space.protocol["side"] == 10


def test_what_is_no_network_is_refused_in_words(images: Samples, tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_text("nonsense")
    (tmp_path / "bad.onnx").write_text("nonsense")
    path, _ = onnx_file(tmp_path / "net.onnx", "n", "s")
    for name, message in (
        ("bad.pt", "cannot be read as TorchScript"),
        ("bad.onnx", "cannot be read as ONNX"),
        ("none.pt", "there is no network at"),
        ("incepton", "no features are named"),
    ):
        with pytest.raises(TrompeError, match=message) as error:
            opened(str(tmp_path / name) if "." in name else name, trust=True)
        assert error.value.hint
    with pytest.raises(TrompeError, match=r"cannot take images of shape \(1, 8, 8\)"):
        extract(opened(str(path)), images)


def test_a_runs_latents_are_features(vae_run: trompe.Run, autoencoder_run: trompe.Run, images: Samples) -> None:
    space = opened(str(vae_run.folder))
    np.testing.assert_allclose(extract(space, images).vectors, vae_run.encode(images), rtol=1e-5, atol=1e-6)
    assert extract(space, images).probabilities is None
    assert space.protocol["features"] == "vae-digits"
    assert space.protocol["weights"] != opened(str(autoencoder_run.folder)).protocol["weights"]


# The FID network, by a stand-in of its shape


class Standin(nn.Module):
    """As the official file is built: `layers`, then `output`."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 9, stride=50), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.output = nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.layers(images).flatten(1))


class Wrapped(nn.Module):
    """As the package's file is: another module around, and no output."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Module()
        self.net.layers = Standin().layers

    def forward(self, images: Tensor) -> Tensor:
        return self.net.layers(images)


@pytest.fixture
def standins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with the three files the network may be in, their hashes known."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("TROMPE_DATA", str(root))
    scripted(Standin(), root / networks.OFFICIAL.name)
    scripted(Wrapped(), root / networks.EXTRACTED.name)
    with zipfile.ZipFile(root / networks.WHEEL.name, "w") as wheel:
        wheel.write(root / networks.EXTRACTED.name, networks.MEMBER)
    for name in ("OFFICIAL", "EXTRACTED", "WHEEL"):
        remote = getattr(networks, name)
        known = f"sha256:{networks.sha256(root / remote.name)}"
        monkeypatch.setattr(networks, name, Remote(remote.name, known, ()))
    return root


def test_each_form_of_the_network_gives_the_same_features(
    standins: Path, images: Samples, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMPE_CACHE", str(standins.parent / "cache"))
    network = Standin()
    levels = F.interpolate(images.images_as_floats() * 255, (299, 299), mode="bilinear").expand(-1, 3, -1, -1)
    expected = network.layers((levels - 128) / 128).flatten(1).detach()
    found = extract(Inception("bilinear", torch.device("cpu")), images)
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-4, atol=1e-5)
    flux = replace(images, images=images.images.astype(np.float32) * 2, value_range=(0.0, 510.0))
    as_floats = extract(Inception("bilinear", torch.device("cpu")), flux)
    np.testing.assert_allclose(as_floats.vectors, expected, rtol=1e-4, atol=1e-5)
    assert found.probabilities is not None
    np.testing.assert_allclose(
        found.probabilities, (expected @ network.output.weight.T).softmax(1).detach(), rtol=1e-4, atol=1e-5
    )
    for name in (networks.OFFICIAL.name, networks.EXTRACTED.name):
        (standins / name).unlink()
        other = extract(Inception("bilinear", torch.device("cpu")), images)
        np.testing.assert_allclose(other.vectors, found.vectors, rtol=1e-5, atol=1e-6)
        assert other.probabilities is None


def test_another_file_under_its_name_is_not_run(standins: Path) -> None:
    scripted(Small(3), standins / networks.OFFICIAL.name)
    with pytest.raises(TrompeError, match="is not the FID network"):
        Inception("bilinear", torch.device("cpu")).ready()


# The cache, and independence of what is beside


def test_what_is_slow_is_drawn_once_and_goes_on_where_it_stopped(
    images: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(features_module, "CHUNK", 8)
    space = opened(str(scripted(Small(), tmp_path / "net.pt")), trust=True)
    passed: list[int] = []
    inner = type(space).__call__
    monkeypatch.setattr(type(space), "__call__", lambda self, images: passed.append(len(images)) or inner(self, images))
    first = extract(space, images.take(slice(0, 16)), keep=True)
    assert sum(passed) == 16
    whole = extract(space, images, keep=True)
    assert sum(passed) == 24  # 23, the last batch filled up
    again = extract(space, images, keep=True)
    assert sum(passed) == 24
    np.testing.assert_array_equal(whole.vectors, again.vectors)
    np.testing.assert_array_equal(whole.vectors[:16], first.vectors)
    monkeypatch.setattr(features_module, "CODE", features_module.CODE + 1)  # as when the resizing is mended
    extract(space, images)
    assert sum(passed) == 48
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_an_images_features_do_not_depend_on_those_beside_it(images: Samples, tmp_path: Path) -> None:
    space = opened(str(scripted(Small(), tmp_path / "net.pt")), trust=True)
    whole = extract(space, images).vectors
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(extract(space, images.take(order)).vectors, whole[order])
    np.testing.assert_array_equal(extract(space, images.take(slice(0, 1))).vectors, whole[:1])


def test_features_of_float_samples_are_those_of_their_images(images: Samples, tmp_path: Path) -> None:
    flux = replace(images, images=images.images.astype(np.float32) * 4 - 20, value_range=(-20.0, 1000.0))
    for space in (PixelFeatures(), opened(str(scripted(Small(), tmp_path / "net.pt")), trust=True)):
        expected = extract(space, images).vectors
        np.testing.assert_allclose(extract(space, flux).vectors, expected, rtol=1e-4, atol=1e-6)


def test_a_long_extraction_says_so_beforehand(
    images: Samples, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(features_module, "WORTH_SAYING", 0)
    monkeypatch.setattr(PixelFeatures, "batch", 2)
    extract(PixelFeatures(), images)
    assert "23 images of digits:test go through pixels: about 0 s at" in capsys.readouterr().err
