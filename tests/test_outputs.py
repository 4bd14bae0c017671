"""What commands write: nothing that they read, and nothing that trompe did not write, is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trompe
from trompe.cli import outputs
from trompe.display.grid import to_bytes
from trompe.errors import TrompeError

DIGITS = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a user's own images."""
    made = tmp_path / "own"
    made.mkdir()
    for number, pixels in enumerate(trompe.load_data("digits:test").images[:DIGITS, 0]):
        Image.fromarray(pixels).save(made / f"{number}.png")
    return made


@pytest.fixture
def latents(run_command, vae_run, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    run_command("encode", vae_run.folder, "--data", "digits:test", "-n", 3, "--out", tmp_path / "latents.npz")
    return tmp_path / "latents.npz"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


WRITERS = [
    "sample {run} -n 2 --out {out}.png",
    "sample {run} -n 1 --out {out}.jpg",
    "sample {run} -n 2 --out {out}.npz",
    "reconstruct {run} {images} --out {out}.webp",
    "encode {run} {images} --out {out}.csv",
    "encode {run} {images} --out {out}.npz",
    "decode {run} {latents} --out {out}.png",
    "interpolate {run} 1 2 --steps 3 --out {out}.gif",
    "arithmetic {run} --take 1 --minus 2 --plus 3 --out {out}.png",
    "invert {run} {images} --steps 1 --starts 1 --out {out}.npz",
]


@pytest.mark.parametrize("command", WRITERS)
def test_only_what_trompe_wrote_is_overwritten(run_command, vae_run, folder, latents, tmp_path, command) -> None:  # type: ignore[no-untyped-def]
    places = {"run": vae_run.folder, "out": tmp_path / "result", "latents": latents, "images": folder / "0.png"}
    words = [word.format(**places) for word in command.split()]
    out = Path(words[-1])
    run_command(*words)
    first = out.read_bytes()
    run_command(*words)
    assert out.read_bytes() == first
    out.write_bytes(b"the user's own")
    _, errors = run_command(*words, code=2)
    assert "hint: choose another `--out`, or overwrite it with `--force`" in errors
    assert out.read_bytes() == b"the user's own"
    run_command(*words, "--force")
    assert out.read_bytes() == first


@pytest.mark.parametrize("command", [
    "reconstruct {run} {own}/0.png {own}/1.png --out {own}",
    "reconstruct {run} {own}/0.png --out {own}/0.png",
    "interpolate {run} {own}/0.png 1 --out {own}/0.png",
    "arithmetic {run} --take {own}/0.png --minus 1 --plus 2 --out {own}/0.png",
    "decode {run} {own}/latents.npz --out {own}/latents.npz",
    "invert {run} {own}/0.png --out {own}/0.npz",
    "sample {run} --out {own}/0.png",
    "evaluate --images {own} --data {own} --copies {own}/0.png",
])  # fmt: skip
def test_nothing_that_is_read_is_overwritten(run_command, vae_run, folder, latents, command: str) -> None:  # type: ignore[no-untyped-def]
    (folder / "latents.npz").write_bytes(latents.read_bytes())
    before = contents(folder)
    words = [word.format(run=vae_run.folder, own=folder) for word in command.split()]
    run_command(*words, code=2)
    assert contents(folder) == before


def test_images_that_trompe_wrote_are_not_overwritten_while_they_are_read(run_command, vae_run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    run_command("sample", vae_run.folder, "-n", 24, "--out", tmp_path / "f")
    before = contents(tmp_path / "f")
    _, errors = run_command("reconstruct", vae_run.folder, "--data", tmp_path / "f", "--out", tmp_path / "f", code=2)
    assert "is read by this command" in errors
    assert contents(tmp_path / "f") == before


def test_a_folder_written_again_holds_the_new_images_alone(run_command, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_command("sample", vae_run.folder, "-n", 10, "--out", tmp_path / "f")
    (tmp_path / "f" / "notes.txt").write_text("kept")
    run_command("sample", vae_run.folder, "-n", 4, "--seed", 1, "--out", tmp_path / "f")
    assert sorted(contents(tmp_path / "f")) == [*(f"00000{n}.png" for n in range(4)), "notes.txt"]
    (tmp_path / "f" / "000009.png").write_bytes(b"the user's own")
    run_command("sample", vae_run.folder, "-n", 2, "--out", tmp_path / "f", code=2)
    run_command("sample", vae_run.folder, "-n", 2, "--out", tmp_path / "f", "--force")
    assert sorted(contents(tmp_path / "f")) == ["000000.png", "000001.png", "000009.png", "notes.txt"]


@pytest.mark.parametrize(("write", "refused"), [
    (lambda path: None, False),
    (lambda path: path.write_bytes(b""), False),
    (lambda path: path.write_bytes(b"own"), True),
    (lambda path: (path.write_bytes(b"result"), outputs.remember(path)), False),
    (lambda path: (path.write_bytes(b"result"), outputs.remember(path), path.write_bytes(b"edited")), True),
    (lambda path: path.mkdir(), True),
])  # fmt: skip
def test_may_write(tmp_path: Path, write, refused: bool) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.png")
    if refused:
        with pytest.raises(TrompeError):
            outputs.may_write(tmp_path / "a.png")
    else:
        outputs.may_write(tmp_path / "a.png")


def test_without_a_cache_that_can_be_written_nothing_is_overwritten(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").touch()
    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "file" / "cache"))
    outputs.write(tmp_path / "a.csv", b"result")
    with pytest.raises(TrompeError, match="exists"):
        outputs.may_write(tmp_path / "a.csv")


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_one_image_is_written_as_it_is(run_command, vae_run, tmp_path: Path, suffix: str) -> None:  # type: ignore[no-untyped-def]
    run_command("sample", vae_run.folder, "-n", 1, "--seed", 3, "--out", tmp_path / f"one{suffix}")
    with Image.open(tmp_path / f"one{suffix}") as image:
        pixels = np.asarray(image.convert("L"))
    expected = to_bytes(vae_run.sample(1, seed=3))[0, 0]
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= (8 if suffix == ".jpg" else 0)
    run_command("sample", vae_run.folder, "--grid", "1x1", "--out", tmp_path / f"framed{suffix}")
    with Image.open(tmp_path / f"framed{suffix}") as image:
        assert image.size == (60, 60)


@pytest.mark.parametrize(("source", "count", "said"), [
    ("{own}", DIGITS, "all of `{own}`"),
    ("{own}/3.png", 1, "`{own}/3.png`"),
    ("digits", 359, "the test split of `digits`"),
    ("digits:train", 1438, "the train split of `digits`"),
    (None, 359, "those this run was tested on"),
])  # fmt: skip
def test_a_users_own_images_are_all_taken_and_it_is_said(  # type: ignore[no-untyped-def]
    run_command, vae_run, folder, tmp_path, source, count, said
) -> None:
    data = [] if source is None else ["--data", source.format(own=folder)]
    _, messages = run_command("encode", vae_run.folder, *data, "--out", tmp_path / "z.npz")
    assert len(np.load(tmp_path / "z.npz")["latents"]) == count
    assert f"{count:,} image{'s' * (count > 1)}: {said.format(own=folder)}" in messages
    _, messages = run_command("reconstruct", vae_run.folder, *data, "-n", 1, "--out", tmp_path / "r.npz")
    assert len(np.load(tmp_path / "r.npz")["images"]) == 1
    assert said.format(own=folder) in messages


def test_each_image_of_a_folder_keeps_its_own_latent(run_command, vae_run, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_command("encode", vae_run.folder, "--data", folder, "--out", tmp_path / "z.npz")
    kept = np.load(tmp_path / "z.npz")
    for name, latent in zip(kept["names"], kept["latents"], strict=True):
        image = vae_run.read_images([folder / Path(str(name)).name])
        assert np.allclose(vae_run.encode(image).numpy()[0], latent, atol=1e-5)


@pytest.mark.parametrize("name", ["²", "٣", "99999999999", "-1"])
def test_a_class_number_is_one_in_ascii(run_command, class_run, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    _, errors = run_command("sample", class_run.folder, f"--class={name}", "--out", tmp_path / "s.png", code=2)
    assert errors.startswith(f"error: no class is named `{name}`")


def test_a_home_folder_that_nobody_has(run_command, vae_run) -> None:  # type: ignore[no-untyped-def]
    _, errors = run_command("sample", vae_run.folder, "--out", "~nouser-of-that-name/s.png", code=2)
    assert "~nouser-of-that-name" in errors
    assert "\nhint: " in errors


def test_names_that_are_not_utf8(vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """As an output and as an image, in a console that cannot show them."""
    out, moved = os.fsencode(tmp_path) + b"/\xff\x80.png", os.fsencode(tmp_path) + b"/\xe9.npz"
    start = [sys.executable, "-m", "trompe"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}
    for words in ([b"sample", b"-n", b"1", b"--out", out], [b"reconstruct", out, b"--out", moved]):
        command = [*start, words[0], str(vae_run.folder), *words[1:]]
        done = subprocess.run(command, capture_output=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert os.path.exists(words[-1])


def test_a_read_only_run_is_measured_and_it_is_said_before(run_command, vae_run, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Nothing can be kept; the values are printed all the same."""

    def refuse(*_: object) -> None:
        raise TrompeError("cannot write", hint="none")

    access = os.access
    monkeypatch.setattr(sys.modules["trompe.measures.evaluate"], "keep", refuse)
    monkeypatch.setattr(os, "access", lambda path, *rest: path != vae_run.folder and access(path, *rest))
    out, messages = run_command("evaluate", vae_run.folder, "--measures", "reconstruction")
    assert "squared error" in out
    assert f"`{vae_run.folder}` is read-only: its result is printed, and not kept there" in messages.replace("\n", " ")


def test_samples_do_not_land_among_ones_own_images(run_command, vae_run: trompe.Run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A folder of images may be a training set, and its next training would learn from its own samples."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "dog.jpg").write_bytes(b"a dog")
    _, said = run_command("sample", vae_run.folder, "-n", 2, "--out", photos, code=2)
    assert "holds `dog.jpg`, which no command wrote there" in said
    assert [path.name for path in photos.iterdir()] == ["dog.jpg"]
    run_command("sample", vae_run.folder, "-n", 2, "--out", photos, "--force")
    assert len(list(photos.iterdir())) == 3
