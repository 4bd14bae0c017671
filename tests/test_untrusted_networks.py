"""Networks from strangers: a file that is code runs only where it is trusted, and whatever it gives is checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

import trompe
from trompe import Samples, TrompeError
from trompe.data.sources.named import Remote
from trompe.measures import networks
from trompe.measures.features import extract
from trompe.measures.networks import Inception, opened

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


@pytest.fixture
def images() -> Samples:
    return trompe.load_data("digits:test").take(slice(0, 9))


class Writer(nn.Module):
    """Code that leaves a file behind when it runs."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)

    def forward(self, images: Tensor) -> Tensor:
        torch.save(images, self.path)  # TorchScript may write any file
        return images.flatten(1)


def scripted(module: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.script(module.eval()), str(path))
    return path


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ts"])
def test_torchscript_is_not_even_loaded_unless_it_is_trusted(
    suffix: str, images: Samples, tmp_path: Path, run_command, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    path = scripted(Writer(tmp_path / "left"), tmp_path / f"net{suffix}")
    command = (
        "--images",
        "digits:test",
        "--data",
        "digits:test",
        "--features",
        path,
        "--measures",
        "fid",
        "--limit",
        9,
    )
    with monkeypatch.context() as patch:
        patch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("it was loaded"))
        with pytest.raises(TrompeError, match="is TorchScript, which can run any code") as error:
            opened(str(path))
        _, errors = run_command("evaluate", *command, code=2)
    assert ".onnx" in str(error.value.hint)
    assert "--trust" in str(error.value.hint)
    assert "is TorchScript, which can run any code" in errors
    assert not (tmp_path / "left").exists()
    extract(opened(str(path), trust=True), images)
    assert (tmp_path / "left").exists()  # which is why


def test_the_fid_network_is_known_by_its_hash_wherever_it_lies(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Standin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(3, 8, 9, stride=50), nn.AdaptiveAvgPool2d(1))

        def forward(self, images: Tensor) -> Tensor:
            return self.layers(images)

    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "cache"))
    path = scripted(Standin(), tmp_path / "renamed.pt")
    monkeypatch.setattr(networks, "OFFICIAL", Remote("inception.pt", f"sha256:{networks.sha256(path)}", ()))
    space = opened(str(path))
    assert isinstance(space, Inception)
    assert space.protocol["features"] == "inception"
    space.ready()
    kept = tmp_path / "cache" / "downloads" / networks.FOLDER / "inception.pt"
    kept.parent.mkdir(parents=True)
    shutil.copy(path, kept)
    opened("inception").ready()
    scripted(Writer(tmp_path / "left"), kept)  # another file under its name, in the cache
    with pytest.raises(TrompeError, match="is not the FID network"):
        opened("inception").ready()


def onnx_file(path: Path, nodes: list[onnx.NodeProto], output: onnx.ValueInfoProto, **weights: np.ndarray) -> Path:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])
    kept = [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "net", [given], [output], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def flattening(path: Path) -> Path:
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 64])
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Add", ["f", "w"], ["y"])]
    return onnx_file(path, nodes, made, w=np.ones((1, 64), np.float32))


def test_onnx_needs_no_trust_and_reads_no_other_file(images: Samples, tmp_path: Path) -> None:
    path = flattening(tmp_path / "net.onnx")
    found = extract(opened(str(path)), images)
    np.testing.assert_allclose(found.vectors, images.images_as_floats().flatten(1) + 1, rtol=1e-6)
    model = onnx.load(str(path))
    onnx.save_model(
        model, str(tmp_path / "spread.onnx"), save_as_external_data=True, location="other.bin", size_threshold=0
    )
    assert (tmp_path / "other.bin").exists()
    with pytest.raises(TrompeError, match="keeps its weights in other files") as error:
        opened(str(tmp_path / "spread.onnx"))
    assert "save_as_external_data=False" in str(error.value.hint)


class Named(nn.Module):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"features": images.flatten(1)}


class Text(nn.Module):
    def forward(self, images: Tensor) -> str:
        return "features"


class None_(nn.Module):
    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        return images.flatten(1), [images]


class Empty(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, :0]


class Fewer(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[1:]


class Logits(nn.Module):
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images.flatten(1), images


class Complex(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.fft.fft(images.flatten(1))


class Dark(nn.Module):
    """Not a number for images that begin with a bright pixel."""

    def forward(self, images: Tensor) -> Tensor:
        flat = images.flatten(1)
        return flat / (images[:, 0, 2, 2:3] < 0.5).float() * 0 + flat


class Varying(nn.Module):
    """As many features as the first image has bright pixels."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, : int((images[0] > 0.5).sum())]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Named(), "gives a dict"),
        (Text(), "gives a str"),
        (None_(), r"gives 2 outputs \(Tensor, list\)"),
        (Empty(), r"gives \(4, 0\) for 4 inputs"),
        (Fewer(), r"gives \(3, 64\) for 4 inputs"),
        (Logits(), r"gives \(4, 1, 8, 8\) for 4 inputs"),
        (Complex(), r"gives complex \(4, 64\) for 4 inputs"),
        (Dark(), r"gives features that are not finite for \d of the 9 images of `digits:test`"),
        (Varying(), "gives features of several widths"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_a_network_gives_is_checked(network: nn.Module, message: str, images: Samples, tmp_path: Path) -> None:
    space = opened(str(scripted(network, tmp_path / "net.pt")), device="cpu", trust=True)
    with pytest.raises(TrompeError, match=message) as error:
        extract(space, images)
    assert error.value.hint


def test_what_an_onnx_network_gives_is_checked(images: Samples, tmp_path: Path) -> None:
    made = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    path = onnx_file(tmp_path / "net.onnx", [helper.make_node("SequenceConstruct", ["x"], ["y"])], made)
    with pytest.raises(TrompeError, match=r"gives 1 outputs \(list\)"):
        extract(opened(str(path)), images)


def test_a_run_of_another_size_speaks_of_the_images_as_given(vae_run: trompe.Run) -> None:
    two = Samples(np.zeros((2, 1, 12, 10), np.uint8), "two")
    with pytest.raises(TrompeError, match=r"images of shape \(1, 12, 10\) for the features of `vae-digits`"):
        extract(opened(str(vae_run.folder)), two)


def test_a_measure_that_needs_classes_fetches_no_network(  # type: ignore[no-untyped-def]
    run_command, class_run: trompe.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "weights", lambda: pytest.fail("it was fetched"))
    _, errors = run_command("evaluate", class_run.folder, "--measures", "class-accuracy", "--samples", 20, code=2)
    assert "`--features` does not tell these classes apart" in errors
