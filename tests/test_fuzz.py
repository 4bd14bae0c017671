"""Random commands, from the list of flags: every one ends in good order, and touches nothing but what is its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import fuzzing
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import trompe
from trompe import cli

EXAMPLES = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None, database=None)


def fuzz(*options: object) -> None:
    """Fuzz in a process of its own, whose imports no test has changed."""
    command = [sys.executable, str(Path(__file__).with_name("run_fuzzing.py")), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands() -> None:
    fuzz("--seed", 0, "--count", 60)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(1, 11))
def test_many_commands(seed: int) -> None:
    fuzz("--seed", seed, "--count", 300)


def test_every_flag_can_be_drawn() -> None:
    """What is found in the help is what the commands take, with values of its kind."""
    for name in cli.COMMANDS:
        first = {"train": ("vae",), "conv": ("draw",)}.get(name, ())
        known = fuzzing.arguments_of(name, *first)
        assert {one.name for one in known if one.right == () and one.kind} == set()
        assert all(f"{one.name} " in cli.help_of(name, list(first)).replace(",", " ") for one in known)


@pytest.mark.parametrize(("word", "typed"), [("a b", "'a b'"), ("\udcff\x1b'", "$'\\xff\\x1b\\x27'"), ("", "''")])
def test_a_command_is_given_as_it_is_typed(word: str, typed: str) -> None:
    assert fuzzing.quoted(word) == typed
    done = subprocess.run(["bash", "-c", f"printf %s {typed}"], capture_output=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")


def test_no_package_writes_or_sends_what_it_observes(tmp_path: Path) -> None:
    code = "from trompe.device import onnx_runtime; onnx_runtime()"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"TMPDIR": str(tmp_path)})
    assert not list(tmp_path.iterdir())


# Archives of images


def members() -> dict[str, bytes]:
    """Images in two folders, and a list of their classes."""
    picture = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(picture, "PNG")
    names = [f"{place}/{number}.png" for place in ("one", "two") for number in range(2)]
    listed = "file,label\n" + "".join(f"{name},{name[:3]}\n" for name in names)
    return dict.fromkeys(names, picture.getvalue()) | {"labels.csv": listed.encode()}


def zipped(compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, one in members().items():
            file.writestr(name, one)
    return content.getvalue()


def tarred(form: int = tarfile.PAX_FORMAT) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as file:
        for name, one in members().items():
            member = tarfile.TarInfo(name)
            member.size = len(one)
            file.addfile(member, io.BytesIO(one))
    return content.getvalue()


ARCHIVES = {
    "stored.zip": zipped(),
    "deflated.zip": zipped(zipfile.ZIP_DEFLATED),
    "lzma.zip": zipped(zipfile.ZIP_LZMA),
    "pax.tar": tarred(),
    "gnu.tar": tarred(tarfile.GNU_FORMAT),
}


@EXAMPLES
@given(
    name=st.sampled_from(sorted(ARCHIVES)),
    share=st.floats(0, 1, exclude_max=True),
    content=st.one_of(st.binary(min_size=1, max_size=12), st.sampled_from([b"\xff" * 4, b"\0" * 8, b"9" * 11])),
    cut=st.booleans(),
)
def test_an_archive_that_was_tampered_with(tmp_path: Path, name: str, share: float, content: bytes, cut: bool) -> None:
    """It is read, but for what is broken, or refused in words; and nothing is extracted."""
    before, path = ARCHIVES[name], tmp_path / name
    place = int(share * len(before))
    path.write_bytes(before[:place] + content + (b"" if cut else before[place + len(content) :]))
    try:
        data = trompe.load_data(path)
    except trompe.TrompeError as error:
        assert error.hint  # noqa: PT017
    else:
        assert 1 <= len(data) <= 4
        assert data.images.dtype == np.uint8
        assert data.images.shape[2:] == (8, 8) or len({*data.images.shape[2:]}) <= 2
    assert {one.name for one in tmp_path.iterdir()} <= set(ARCHIVES)


LISTS = st.recursive(
    st.sampled_from([None, True, -1, 10**30, 1e400, "", "one/0.png", "\x1b[31m", "\udcff"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["labels", "x"]), inner, max_size=2),
    max_leaves=8,
)


@EXAMPLES
@given(
    value=LISTS | LISTS.map(lambda inner: {"labels": inner}), raw=st.none() | st.binary(max_size=60), csv=st.booleans()
)
def test_a_list_of_labels_that_was_tampered_with(tmp_path: Path, value: object, raw: bytes | None, csv: bool) -> None:
    content = json.dumps(value).encode() if raw is None else b"file,label\n" * csv + raw
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, one in (members() | {"labels.csv" if csv else "dataset.json": content}).items():
            if csv or name != "labels.csv":
                file.writestr(name, one)
    try:
        data = trompe.load_data(tmp_path / "a.zip")
    except trompe.TrompeError as error:
        assert error.hint  # noqa: PT017
    else:
        assert data.images.shape == (len(data), 1, 8, 8)
