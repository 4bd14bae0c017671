"""The static page as files; what a browser makes of them is tested in `browser/`."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import onnxruntime
import pooch
import pytest
import torch
from contract.test_contract import shrunk, toy_images

import trompe
from trompe.core.model import Model
from trompe.display.grid import to_bytes
from trompe.explorer import onnxruntime_web
from trompe.explorer.about import Shown
from trompe.explorer.onnxruntime_web import ARCHIVE, MEMBERS, NAME, runtime_files
from trompe.explorer.runs import Runs
from trompe.explorer.site import files_of, site
from trompe.explorer.verbs import SERVED
from trompe.recipes.build import build_model

Site = dict[str, bytes]


@pytest.fixture(autouse=True, scope="module")
def runtime(own_cache: Path) -> Iterator[Path]:
    """A small package in the cache, in place of the runtime."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for source in (source for files in MEMBERS.values() for source in files.values()):
            entry = tarfile.TarInfo(f"package/dist/{source}")
            entry.size = len(source)
            archive.addfile(entry, io.BytesIO(source.encode()))
    path = own_cache / "downloads" / NAME / ARCHIVE.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        digest = hashlib.sha256(content.getvalue()).hexdigest()
        patch.setattr(onnxruntime_web, "ARCHIVE", replace(ARCHIVE, hash=f"sha256:{digest}"))
        yield path
    shutil.rmtree(path.parent)


@pytest.fixture(scope="module")
def point_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = trompe.recipe("gan-2d")
    train = replace(recipe.train, steps=6, sample_every=0, snapshots=(3,))
    return trompe.train(replace(recipe, train=train), tmp_path_factory.mktemp("points"), quiet=True)


@pytest.fixture(scope="module")
def runs(vae_run: trompe.Run, gan_run: trompe.Run, autoencoder_run: trompe.Run, point_run: trompe.Run) -> list[Shown]:
    found = Runs([run.folder for run in (vae_run, gan_run, autoencoder_run, point_run)], device="cpu")
    return [found.at(name) for name in found.folders()]


@pytest.fixture(scope="module")
def exported(runs: list[Shown]) -> Site:
    return site(Runs([shown.run.folder for shown in runs], device="cpu"))


@pytest.fixture
def without_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where graphs do not matter: they take seconds."""
    monkeypatch.setattr("trompe.explorer.site.graphs_of", lambda shown: {})


def about_of(content: Site, shown: Shown) -> dict[str, Any]:
    return json.loads(content[f"runs/{shown.name}/about.json"])


def test_a_page_has_all_that_it_asks_for(exported: Site) -> None:
    page = exported["index.html"].decode()
    for name in re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page):
        assert name in exported
    for path, content in exported.items():
        if path.endswith(".js") and not path.startswith("vendor/"):
            for name in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', content.decode()):
                assert os.path.normpath(PurePosixPath(path).parent / name) in exported, f"{path} imports {name}"
    for name, source in MEMBERS["wasm"].items():
        assert exported[f"vendor/wasm/{name}"] == source.encode()
    assert b"MIT License" in exported["vendor/onnxruntime-LICENSE"]


def test_a_page_knows_that_it_is_static_and_asks_no_other_host(exported: Site) -> None:
    page = exported["index.html"].decode()
    assert page.count('name="engine" content="static"') == 1
    assert 'content="served"' not in page
    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert "default-src 'self'" in policy
    assert "'wasm-unsafe-eval'" in policy
    assert "frame-ancestors" not in policy  # browsers report it in a page as an error
    assert "http" not in policy
    assert f'content="trompe {trompe.__version__}"' in page


def test_every_run_is_listed_by_what_made_it(exported: Site, runs: list[Shown]) -> None:
    lines = json.loads(exported["runs/index.json"])
    assert [line["name"] for line in lines] == [shown.name for shown in runs]
    for line, shown in zip(lines, runs, strict=True):
        about = about_of(exported, shown)
        assert (line["recipe"], line["step"]) == (about["recipe"], about["step"]) == (
            shown.run.record.recipe.name, shown.run.step,
        )  # fmt: skip
        assert (about["engine"], about["trompe"]) == ("static", trompe.__version__)


def test_what_a_page_can_do_it_has_files_for(exported: Site, runs: list[Shown]) -> None:
    for shown in runs:
        about, files = about_of(exported, shown), files_beside(exported, shown)
        graphs = {name.removesuffix(".onnx") for name in files if name.endswith(".onnx")}
        assert graphs == set(about["static"]["graphs"])
        needs = {verb: {verb} for verb in SERVED} | {"sample": {"decode"}, "reconstruct": {"encode", "decode"}}
        able = {verb for verb in needs if verb in about["verbs"]}
        assert able
        assert all(needs[verb] <= graphs for verb in able)
        assert not able & {"gradient", "invert"}
        for name, file in (("layers", "layers.json"), ("fields", "fields")):
            assert (name in about["verbs"]) == (file in files)
        steps = {int(name[9:-4]) for name in files if name.startswith("progress-")}
        assert steps == ({*about["snapshots"], about["step"]} if "progress" in about["verbs"] else set())
    points = about_of(exported, runs[-1])["verbs"]
    assert "fields" in points
    assert not {"layers", "progress"} & set(points)


def files_beside(content: Site, shown: Shown) -> set[str]:
    folder = f"runs/{shown.name}/"
    return {path.removeprefix(folder) for path in content if path.startswith(folder)}


def test_images_and_latents_are_those_that_are_served(exported: Site, runs: list[Shown]) -> None:
    for shown in runs:
        folder = f"runs/{shown.name}"
        assert exported[f"{folder}/images.bin"] == shown.images.tobytes()
        latents = exported.get(f"{folder}/latents.bin")
        assert (latents is None) == (shown.latents is None)
        if latents is not None:
            found = np.frombuffer(latents, "<f4").reshape(len(shown.images), -1)
            np.testing.assert_array_equal(found, shown.latents)


def test_progress_is_one_noise_or_the_same_images_at_each_step(exported: Site, runs: list[Shown]) -> None:
    _, gan, autoencoder, _ = runs
    early = trompe.Run(gan.run.folder, device="cpu", snapshot=10)
    assert exported[f"runs/{gan.name}/progress-10.bin"] == to_bytes(early.sample(36)).tobytes()
    assert exported[f"runs/{gan.name}/progress-30.bin"] == to_bytes(gan.run.sample(36)).tobytes()
    images = torch.from_numpy(autoencoder.images[:36])
    expected = to_bytes(autoencoder.run.reconstruct(images)).tobytes()
    assert exported[f"runs/{autoencoder.name}/progress-{autoencoder.run.step}.bin"] == expected


def test_noise_of_a_normal_prior_is_decoded_as_it_is(exported: Site, runs: list[Shown]) -> None:
    shown = runs[0]
    session = onnxruntime.InferenceSession(exported[f"runs/{shown.name}/decode.onnx"])
    noise = shown.run.predictor.noise(5)
    (found,) = session.run(None, {session.get_inputs()[0].name: noise.numpy()})
    np.testing.assert_allclose(found, shown.run.sample(5).numpy(), atol=1e-5)


def test_noise_of_a_uniform_prior_has_a_graph_of_its_own(tmp_path: Path) -> None:
    run = trompe.train(shrunk("bigan-mnist"), tmp_path, data=toy_images((1, 8, 8)), quiet=True)
    about = json.loads(files_of(Shown(run, "run"))["about.json"])
    assert about["prior"] == "uniform"
    assert set(about["static"]["graphs"]) == {"sample", "decode", "encode"}


@pytest.mark.usefixtures("without_graphs")
def test_the_page_of_an_earlier_step_ends_there(gan_run: trompe.Run) -> None:
    content = site(Runs([gan_run.folder], device="cpu"), snapshot=10)
    (line,) = json.loads(content["runs/index.json"])
    assert line["step"] == 10
    progress = [path for path in content if "progress-" in path]
    assert progress == [f"runs/{line['name']}/progress-10.bin"]


def test_what_is_no_flat_image_has_a_page_too(tmp_path: Path) -> None:
    run = trompe.train(shrunk("vae-mnist"), tmp_path, data=toy_images((1, 6, 8, 7)), quiet=True)
    files = files_of(Shown(run, "run"))
    assert json.loads(files["about.json"])["verbs"] == ["decode", "sample", "encode", "reconstruct"]
    assert "decode.onnx" in files


def test_a_model_conditioned_on_images_is_refused(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def conditioned(*given: Any) -> Model:
        model = build_model(*given)
        model.condition_shape = (1, 6, 6)
        return model

    monkeypatch.setattr("trompe.runs.predictor.build_model", conditioned)
    with pytest.raises(trompe.TrompeError, match="conditioned on images"):
        site(Runs([vae_run.folder], device="cpu"))


@pytest.mark.usefixtures("without_graphs")
def test_a_gpu_is_used_where_a_network_is_large(gan_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for least, large in ((1, True), (10**15, False)):
        monkeypatch.setattr("trompe.explorer.site.WEBGPU_FROM", least)
        content = site(Runs([gan_run.folder], device="cpu"))
        (about,) = (json.loads(file) for path, file in content.items() if path.endswith("about.json"))
        assert about["static"]["webgpu"] == large
        assert ("vendor/webgpu/ort.js" in content) == large


def test_a_runtime_that_is_not_the_published_one_is_refused(runtime: Path) -> None:
    content = runtime.read_bytes()
    try:
        runtime.write_bytes(content + b"\0")
        with pytest.raises(trompe.TrompeError, match="not the package as it was published") as error:
            runtime_files(webgpu=False)
        assert str(runtime) in str(error.value.args[0])
    finally:
        runtime.write_bytes(content)


def test_without_network_it_is_said_which_file_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(trompe.TrompeError, match=re.escape(ARCHIVE.name)) as error:
        runtime_files(webgpu=False)
    assert str(tmp_path / "downloads" / NAME) in str(error.value.hint)


@pytest.mark.usefixtures("without_graphs")
def test_the_command_puts_one_page_in_place_of_another(
    tmp_path: Path, run_command: Any, gan_run: trompe.Run, vae_run: trompe.Run
) -> None:
    folder = tmp_path / "site"
    out, said = run_command("export", gan_run.folder, vae_run.folder, "--web", folder)
    assert out.split() == [str(folder)]
    assert "http.server" in said
    assert len(json.loads((folder / "runs" / "index.json").read_text())) == 2
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    run_command("export", vae_run.folder, "--web", folder)
    (line,) = json.loads((folder / "runs" / "index.json").read_text())
    assert {path.name for path in (folder / "runs").iterdir()} == {line["name"], "index.json"}
    assert (folder / ".git" / "HEAD").exists()


@pytest.mark.usefixtures("without_graphs")
def test_the_command_overwrites_nothing_else(tmp_path: Path, run_command: Any, gan_run: trompe.Run) -> None:
    export = ("export", gan_run.folder, "--web")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert "not empty" in run_command(*export, tmp_path / "mine", code=2)[1]
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    run_command(*export, tmp_path / "site")
    for name in ("index.html", "runs/notes.txt"):
        before = (tmp_path / "site" / name).read_bytes() if name == "index.html" else None
        (tmp_path / "site" / name).write_text("mine")
        assert "not what trompe" in run_command(*export, tmp_path / "site", code=2)[1]
        assert (tmp_path / "site" / name).read_text() == "mine"
        if before:
            (tmp_path / "site" / name).write_bytes(before)
    run_command(*export, tmp_path / "site", "--force")
    assert (tmp_path / "site" / "runs" / "notes.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    assert "is a file" in run_command(*export, tmp_path / "file", code=2)[1]


def test_several_runs_are_for_a_page_alone(tmp_path: Path, run_command: Any, gan_run: trompe.Run) -> None:
    both = ("export", gan_run.folder, gan_run.folder, "--onnx", tmp_path / "onnx")
    assert "2 runs were given" in run_command(*both, "--web", tmp_path / "site", code=2)[1]
    assert not (tmp_path / "onnx").exists()
