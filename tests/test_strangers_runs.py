"""Runs and arrays from strangers: whatever their files hold, they are data, and are used or refused in words."""

from __future__ import annotations

import copy
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save, save_file

import trompe
from conftest import small
from trompe.files import append_line, expanded, read_npz
from trompe.runs.log import RunLog, read_log
from trompe.runs.predictor import condition_of
from trompe.runs.record import check_folder, still_there
from trompe.runs.run import Run

EXAMPLES = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None, database=None)
JUNK = st.sampled_from([None, True, -1, 0, 2**31 - 1, 2**63, 10**400, 1e308, float("nan"), "", "x", "-1", "digits", [],
                        [[]], [-1], [2**62, 2**62], {}, {"a": 1}, {"kind": "conv"}])  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trompe.train(small("vae", steps=2, sample_every=1), tmp_path_factory.mktemp("original")).folder


@pytest.fixture
def stranger(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "stranger")


def used(folder: Path) -> None:
    """Use a run in every way that reads one of its files; it may be refused."""
    try:
        run = trompe.load(folder)
        assert isinstance(run, Run)
        assert run.sample(2).isfinite().all()
        run.reconstruct(run.data().take(slice(0, 2)))
        assert repr(run)
        assert isinstance(run.log, list)
        assert run.finished in (True, False)
        assert len(run.sample_grids) <= 3
    except trompe.TrompeError as error:
        assert error.hint  # noqa: PT017


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[Any], Any]:
    """A function that changes one place of a JSON value."""
    depth, index, junk, remove = (draw(one) for one in (st.integers(0, 4), st.integers(0, 99), JUNK, st.booleans()))

    def changed(value: Any, depth: int = depth) -> Any:
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
        if depth == 0 or not keys:
            return junk
        key = keys[index % len(keys)]
        if depth == 1 and remove:
            del value[key]
        else:
            value[key] = changed(value[key], depth - 1)
        return value

    return lambda value: changed(copy.deepcopy(value))


@EXAMPLES
@given(mutate=mutations())
def test_a_record_that_was_tampered_with(original: Path, stranger: Path, mutate: Callable[[Any], Any]) -> None:
    record = json.loads((original / "run.json").read_text())
    (stranger / "run.json").write_text(json.dumps(mutate(record)))
    used(stranger)


@EXAMPLES
@given(mutate=mutations())
def test_metadata_that_were_tampered_with(original: Path, stranger: Path, mutate: Callable[[Any], Any]) -> None:
    path = stranger / "weights.safetensors"
    record = json.loads((original / "run.json").read_text())
    text = json.dumps(mutate({"run": record, "step": 2}))
    path.write_bytes(save(load_file(original / "weights.safetensors"), {"trompe": text}))
    used(stranger)


@EXAMPLES
@given(place=st.integers(0, 3000), content=st.binary(max_size=40), cut=st.booleans())
def test_bytes_of_weights_that_were_tampered_with(
    original: Path, stranger: Path, place: int, content: bytes, cut: bool
) -> None:
    before = (original / "weights.safetensors").read_bytes()
    after = b"" if cut else before[place + len(content) :]
    (stranger / "weights.safetensors").write_bytes(before[:place] + content + after)
    used(stranger)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, '"\\ud800"', "\xff", "", "[]", "null"])
def test_json_that_is_no_record(original: Path, stranger: Path, text: str) -> None:
    (stranger / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(trompe.TrompeError, match=r"run\.json` is not"):
        trompe.load(stranger)
    shutil.copy(original / "run.json", stranger)
    weights = load_file(original / "weights.safetensors")
    (stranger / "weights.safetensors").write_bytes(save(weights, {"trompe": text}))
    with pytest.raises(trompe.TrompeError, match="was not written by trompe, or it is damaged"):
        trompe.load(stranger)


LINES = st.one_of(JUNK, st.fixed_dictionaries({"step": JUNK, "train/loss": JUNK})).map(json.dumps).map(str.encode)


@EXAMPLES
@given(lines=st.lists(st.one_of(LINES, st.binary(max_size=30))))
def test_a_log_that_was_tampered_with(stranger: Path, lines: list[bytes]) -> None:
    (stranger / "log.jsonl").write_bytes(b"\n".join([*lines, b'{"step": 1, "train/loss": 2.5}']))
    found = read_log(stranger)
    assert found[-1] == {"step": 1, "train/loss": 2.5}
    assert all(isinstance(line["step"], int) and np.isfinite(list(line.values())).all() for line in found)


@EXAMPLES
@given(place=st.integers(0, 900), content=st.binary(max_size=20), cut=st.booleans(), compressed=st.booleans())
def test_an_npz_that_was_tampered_with(tmp_path: Path, place: int, content: bytes, cut: bool, compressed: bool) -> None:
    written, path = io.BytesIO(), tmp_path / "latents.npz"
    arrays = {"latents": np.ones((4, 2), np.float32), "names": np.array(["a", "b"])}
    (np.savez_compressed if compressed else np.savez)(written, **arrays)
    before = written.getvalue()
    path.write_bytes(before[:place] + content + (b"" if cut else before[place + len(content) :]))
    try:
        assert all(isinstance(one, np.ndarray) for one in read_npz(path).values())
    except trompe.TrompeError as error:
        assert "cannot be read as an .npz" in str(error)  # noqa: PT017


def npz(**arrays: Any) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr(name, content)
    return written.getvalue()


def encrypted() -> bytes:
    content = bytearray(npz(latents=np.ones(3)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        npz(latents=np.ones(500))[:2000],
        encrypted(),
        npz(latents=np.array([{}], dtype=object)),
        npz(latents=np.zeros(2, [("a", "i4")])),
        npz(latents=np.zeros(2, complex)),
        zipped("latents.npy", b"no array"),
        zipped("latents.npy", npz(a=np.ones(1))[:10]),
    ],
    ids=["empty", "text", "cut", "encrypted", "objects", "records", "complex", "text inside", "zip inside"],
)
def test_an_npz_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(trompe.TrompeError, match=r"cannot be read as an \.npz: .+"):
        read_npz(tmp_path / "x.npz")


def test_arrays_of_another_byte_order_are_the_same_arrays(tmp_path: Path) -> None:
    latents = np.arange(6, dtype=np.float32).reshape(3, 2)
    (tmp_path / "x.npz").write_bytes(npz(latents=latents.astype(">f4"), labels=np.array([1, 2], ">i2")))
    found = read_npz(tmp_path / "x.npz")
    assert found["latents"].dtype == np.float32
    np.testing.assert_array_equal(found["latents"], latents)
    assert torch.from_numpy(found["labels"]).tolist() == [1, 2]


# Links

NAMES = ["samples", "snapshots", "tensorboard", "figures", "log.jsonl", "measures.jsonl", ".lock", "run.json",
         "weights.safetensors", "state.safetensors", "report.html", ".measures.jsonl.lock"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dangling", [True, False])
def test_nothing_is_written_through_a_link(stranger: Path, tmp_path: Path, name: str, dangling: bool) -> None:
    place, target = stranger / name, tmp_path / "precious"
    if place.is_dir():
        shutil.rmtree(place)
        target.mkdir() if not dangling else None
    else:
        place.unlink(missing_ok=True)
        target.write_text("precious") if not dangling else None
    place.symlink_to(target)
    before = sorted(tmp_path.rglob("*"))
    for action in (lambda: trompe.load(stranger), lambda: trompe.train(small("vae", steps=4), stranger)):
        with pytest.raises(trompe.TrompeError, match=f"`{place}` is a link"):
            action()
    assert sorted(tmp_path.rglob("*")) == before
    assert target.is_dir() or dangling or target.read_text() == "precious"


def test_a_new_run_does_not_start_over_a_link(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(trompe.TrompeError, match="is a link"):
        check_folder(tmp_path / "run")


def test_an_event_file_that_is_a_link_is_left_alone(stranger: Path, tmp_path: Path) -> None:
    for name in ("events.out.tfevents.000007.trompe", "events.out.tfevents.x.trompe"):
        (stranger / "tensorboard" / name).symlink_to(tmp_path / "precious")
    RunLog(stranger, 2).close()
    assert (stranger / "tensorboard" / "events.out.tfevents.000008.trompe").is_file()
    assert not (tmp_path / "precious").exists()


def test_lines_are_appended_whole_and_never_through_a_link(tmp_path: Path) -> None:
    path = tmp_path / "measures.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": ')
    append_line(path, {"c": 3})
    assert path.read_bytes() == b'{"a": 1}\n{"b": \n{"c": 3}\n'
    append_line(tmp_path / "new" / "lines.jsonl", [1])
    assert (tmp_path / "new" / "lines.jsonl").read_bytes() == b"[1]\n"
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(trompe.TrompeError, match="cannot write"):
        append_line(tmp_path / "link.jsonl", {})
    assert not (tmp_path / "precious").exists()


def test_a_lock_empties_nothing(tmp_path: Path) -> None:
    """The floor of the dependency: older ones emptied what a link of the lock's name led to."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"), FileLock(tmp_path / ".lock", timeout=0):
        pass
    assert (tmp_path / "precious").read_text() == "precious"


# Values


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e20])
def test_latents_that_have_no_image_are_refused(vae_run: trompe.Run, wrong: float) -> None:
    with pytest.raises(trompe.TrompeError, match="have no images"):
        vae_run.decode([[0.0, 0.0], [0.5, wrong]])


@pytest.mark.parametrize("latents", [np.array([["a", "b"]]), np.array([[{}, 1]]), "text", [[1.0, 2.0], [3.0]]])
def test_latents_that_are_no_numbers_are_refused(vae_run: trompe.Run, latents: Any) -> None:
    with pytest.raises(trompe.TrompeError, match="latents of type"):
        vae_run.decode(latents)


@pytest.mark.parametrize("kind", ["complex64", "uint16", "uint32", "uint64", "int32"])
def test_images_of_other_numbers_are_refused(vae_run: trompe.Run, kind: str) -> None:
    images = np.ones((2, *vae_run.model.input_shape), kind)
    for these in (images, torch.from_numpy(images)):
        with pytest.raises(trompe.TrompeError, match="images of"):
            vae_run.encode(these)


@pytest.mark.parametrize(("level", "kind"), [(200, "float32"), (1, "int32"), (-1, "float64"), (np.nan, "float32")])
def test_conditions_are_levels_as_images_are(vae_run: trompe.Run, level: float, kind: str) -> None:
    """200 or a whole number of a level would be taken for brighter than white, or for white."""
    conditioned = copy.copy(vae_run.model)
    conditioned.condition_shape = (1, 4, 4)
    with pytest.raises(trompe.TrompeError, match="conditions of"):
        condition_of(conditioned, 2, None, np.full((2, 1, 4, 4), level, kind))


def test_latents_of_any_numbers_are_decoded(vae_run: trompe.Run) -> None:
    latents = np.array([[0.5, -1.0], [2.0, 0.25]])
    expected = vae_run.decode(latents)
    for same in (latents.tolist(), latents.astype(">f8"), latents.astype(np.float16), latents[::-1].copy()[::-1]):
        torch.testing.assert_close(vae_run.decode(same), expected)


@pytest.mark.parametrize("labels", [["0", "1"], [[0], [1]], [0.0, 1.0], [0], [0, 10], 3, [True, False]])
def test_labels_that_are_no_labels_are_refused(class_run: trompe.Run, labels: Any) -> None:
    with pytest.raises(trompe.TrompeError, match="labels of") as error:
        class_run.sample(2, labels=np.array(labels))
    assert error.value.hint


@pytest.mark.parametrize(("shape", "hint"), [((5, 8, 8), "images[:, None]"), ((1, 8, 8), "images[None]"),
                                             ((8, 8), "give (count"), ((0, 1, 8, 8), "give (count")])  # fmt: skip
def test_images_without_a_channel_are_refused_with_what_to_write(
    vae_run: trompe.Run, shape: tuple[int, ...], hint: str
) -> None:
    with pytest.raises(trompe.TrompeError, match="images of shape") as error:
        vae_run.encode(np.zeros(shape, np.uint8))
    assert hint in str(error.value.hint)


def test_weights_that_are_not_finite_are_refused_by_name(stranger: Path) -> None:
    path = stranger / "weights.safetensors"
    weights = load_file(path)
    name = sorted(weights)[0]
    weights[name].view(-1)[0] = float("nan")
    metadata = {"trompe": json.dumps({"run": json.loads((stranger / "run.json").read_text()), "step": 2})}
    save_file(weights, path, metadata)
    with pytest.raises(trompe.TrompeError, match=f"`{name}` has values that are not finite"):
        trompe.load(stranger)


def test_weights_of_another_size_than_the_recipes_are_refused_before_it_is_built(stranger: Path) -> None:
    path = stranger / "weights.safetensors"
    record = json.loads((stranger / "run.json").read_text())
    for part in ("requested", "recipe"):
        record[part]["nets"] |= {"latent": 2**31 - 1, "widths": [2**31 - 1]}  # exabytes
    path.write_bytes(save(load_file(path), {"trompe": json.dumps({"run": record, "step": 2})}))
    with pytest.raises(trompe.TrompeError, match="was not written by trompe, or it is damaged"):
        trompe.load(stranger)


def test_files_that_cannot_be_read_say_so(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("safetensors.safe_open", refused)
    with pytest.raises(trompe.TrompeError, match=r"weights.safetensors` cannot be read: Permission denied"):
        trompe.load(stranger)
    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(trompe.TrompeError, match=r"run.json` cannot be read: Permission denied"):
        trompe.load(stranger)


def test_a_home_that_is_nobodys_is_refused() -> None:
    with pytest.raises(trompe.TrompeError, match="names no user's home folder"):
        expanded("~nobody-has-this-name/run")
    with pytest.raises(trompe.TrompeError, match="names no user's home folder"):
        trompe.load("~nobody-has-this-name/run")


def test_stray_files_among_snapshots_and_samples_are_passed_over(stranger: Path) -> None:
    (stranger / "snapshots").mkdir(exist_ok=True)
    for name in ("step-abc.png", "step-.png", "step-1.5.png", "step-²²²²²².png"):
        (stranger / "samples" / name).touch()
        (stranger / "snapshots" / name.replace("png", "safetensors")).touch()
    (stranger / "samples" / "step-000009.png").mkdir()
    run = trompe.load(stranger)
    assert isinstance(run, Run)
    assert [step for step, _ in run.sample_grids] == [0, 1, 2]
    assert [one.step for one in run.at_snapshots()] == [2]
    with pytest.raises(trompe.TrompeError, match="keeps no snapshot of step 5"):
        trompe.load(stranger, snapshot=5)


def test_test_samples_that_were_tampered_with_are_refused(tmp_path: Path) -> None:
    run = trompe.train(small(steps=2), tmp_path / "run", data=trompe.load_data("digits"))
    path = run.folder / Run.TEST_SAMPLES
    good = load_file(path)
    assert len(run.data()) == len(good["images"])
    for wrong in (
        {**good, "more": torch.ones(1)},
        {**good, "labels": good["labels"] + 5},
        {**good, "labels": good["labels"][:3]},
        {**good, "images": good["images"].float()},
        {**good, "images": good["images"][..., :3].contiguous()},
        {"labels": good["labels"]},
    ):
        save_file(wrong, path)
        with pytest.raises(trompe.TrompeError, match="was not written by trompe, or it is damaged"):
            run.data()


def test_a_run_folder_that_is_gone_is_noticed(stranger: Path) -> None:
    still_there(stranger)
    moved = stranger.rename(stranger.with_name("moved"))
    with pytest.raises(trompe.TrainingStopped, match="was deleted or renamed"):
        still_there(stranger)
    still_there(moved)


def test_a_run_shows_itself_in_a_notebook(vae_run: trompe.Run, autoencoder_run: trompe.Run) -> None:
    page = vae_run._repr_html_()
    assert "&lt;Run " in page
    assert 'src="data:image/png;base64,' in page
    assert "<img" not in autoencoder_run._repr_html_()
