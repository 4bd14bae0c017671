"""Models exported: graphs that compute what the model does, weights that open anywhere."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from contract.test_contract import every_recipe, shrunk, toy_images
from PIL import Image

import trompe
from trompe.core.model import Model
from trompe.export import VERBS, export_graphs, export_weights, graphs
from trompe.export.graphs import TOLERANCE
from trompe.export.verbs import Verb
from trompe.runs import hub

EXAMPLE = Path(__file__).parent.parent / "examples" / "onnx_samples.py"


def toy_run(name: str, folder: Path) -> trompe.Run:
    return trompe.train(shrunk(name), folder, data=toy_images((1, 8, 8)), quiet=True)


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("cvae-mnist", {"sample", "decode", "encode", "reconstruct"}),
        ("gan-mnist", {"sample", "decode", "discriminate"}),
        ("autoencoder", {"decode", "encode", "reconstruct"}),
    ],
)
def test_every_verb_is_a_graph_that_computes_the_same(name: str, verbs: set[str], tmp_path: Path) -> None:
    run = toy_run(name, tmp_path / "run")
    export_graphs(run.predictor, tmp_path / "onnx")
    assert_same(run, tmp_path / "onnx", verbs)


@pytest.mark.slow
@every_recipe
def test_every_recipe_can_be_exported(name: str, tmp_path: Path) -> None:
    run = toy_run(name, tmp_path / "run")
    export_graphs(run.predictor, tmp_path / "onnx")
    assert_same(run, tmp_path / "onnx", {key for key, verb in VERBS.items() if verb.lacks(run.predictor) is None})


def assert_same(run: trompe.Run, folder: Path, verbs: set[str]) -> None:
    """The graphs are of these verbs, and give what the model gives for other batches than they were checked with."""
    described = json.loads((folder / "model.json").read_text())["verbs"]
    assert described.keys() == verbs
    assert {path.stem for path in folder.glob("*.onnx")} == verbs
    labels = run.predictor.condition(5).labels
    for key, about in described.items():
        verb, path = VERBS[key], folder / about["file"]
        onnx.checker.check_model(path)
        x = torch.rand(5, *verb.input_shape(run.model))
        inputs = {verb.takes: x.numpy()} | ({} if labels is None else {"labels": labels.numpy()})
        assert inputs.keys() == about["inputs"].keys()
        (found,) = onnxruntime.InferenceSession(path).run([about["output"]], inputs)
        with torch.no_grad():
            expected = verb.run(run.model, x, run.predictor.condition(5)).numpy()
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)
        assert about["largest_difference"] <= TOLERANCE


def test_a_graph_that_differs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = toy_run("autoencoder-mnist", tmp_path / "run")
    faithful = graphs.exported

    def unfaithful(model: Model, key: str, verb: Verb) -> bytes:
        other = copy.deepcopy(model)
        for weight in other.parameters():
            weight.data.add_(0.01)
        return faithful(other, key, verb)

    monkeypatch.setattr(graphs, "exported", unfaithful)
    with pytest.raises(trompe.TrompeError, match="differs from the model by"):
        export_graphs(run.predictor, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()


def test_exported_weights_open_as_the_model(tmp_path: Path) -> None:
    run = toy_run("vae", tmp_path / "run")
    export_weights(run.predictor, tmp_path / "out")
    again = trompe.load(tmp_path / "out")
    assert isinstance(again, trompe.Predictor)
    assert torch.equal(again.sample(3), run.sample(3))
    assert json.loads((tmp_path / "out" / "config.json").read_text())["step"] == 6
    assert "trompe.load" in (tmp_path / "out" / "README.md").read_text()


def test_the_command_writes_both_and_overwrites_nothing(
    tmp_path: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = toy_run("vae-digits", tmp_path / "run")
    both = ("export", run.folder, "--onnx", tmp_path / "onnx", "--safetensors", tmp_path / "out")
    assert str(tmp_path / "onnx" / "sample.onnx") in run_command(*both)[0].split()
    run_command(*both)  # trompe's own files may be written again
    (tmp_path / "out" / "README.md").write_text("mine")
    run_command(*both, code=2)
    assert (tmp_path / "out" / "README.md").read_text() == "mine"
    assert "--onnx FOLDER" in run_command("export", run.folder, code=2)[1]

    def absent(*arguments: object, **options: object) -> None:
        raise ModuleNotFoundError("No module named 'onnxscript'")

    monkeypatch.setattr(torch.onnx, "export", absent)
    assert "trompe[onnx]" in run_command("export", run.folder, "--onnx", tmp_path / "other", code=2)[1]


def test_the_example_samples_without_torch(tmp_path: Path) -> None:
    run = toy_run("cvae-mnist", tmp_path / "run")
    export_graphs(run.predictor, tmp_path / "onnx")
    block = "import sys; sys.modules['torch'] = sys.modules['trompe'] = None\n"
    script = tmp_path / "script.py"
    script.write_text(block + EXAMPLE.read_text())
    subprocess.run([sys.executable, script, tmp_path / "onnx", tmp_path / "samples.png"], check=True)
    with Image.open(tmp_path / "samples.png") as image:
        assert image.size == (64, 64)


def test_a_model_is_published_and_fetched_by_name(
    tmp_path: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the Hub's client is asked for; the Hub itself is not reached."""
    run = toy_run("vae-digits", tmp_path / "run")
    shelf: dict[str, Path] = {}

    class Api:
        def create_repo(self, name: str, *, private: bool, exist_ok: bool) -> str:
            assert exist_ok
            return f"https://hub/{name}{'?private' * private}"

        def upload_folder(self, *, repo_id: str, folder_path: Path, allow_patterns: list[str]) -> None:
            shelf[repo_id] = tmp_path / "shelf"
            shelf[repo_id].mkdir()
            for path in Path(folder_path).iterdir():
                assert path.name in allow_patterns
                (shelf[repo_id] / path.name).write_bytes(path.read_bytes())

    def snapshot_download(name: str, *, allow_patterns: list[str]) -> str:
        assert not any(pattern.endswith((".py", ".pt", ".bin")) for pattern in allow_patterns)
        return str(shelf[name])

    client: Any = ModuleType("huggingface_hub")
    client.HfApi, client.snapshot_download = Api, snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    run_command("push", run.folder, "ada/digits")
    assert torch.equal(trompe.load("hf:ada/digits").sample(2), run.sample(2))
    with pytest.raises(trompe.TrompeError, match="`hf:ada/other` cannot be fetched"):
        trompe.load("hf:ada/other")
    with pytest.raises(trompe.TrompeError, match="no name of a model on the Hub"):
        trompe.load("hf:../../etc")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(trompe.TrompeError, match="client is not installed"):
        hub.fetched("ada/digits")
