"""Reading images of others: gray levels, sizes, frames, archives, names, and what a stranger's files may not do."""

from __future__ import annotations

import ctypes
import io
import os
import resource
import subprocess
import sys
import tarfile
import threading
import time
import warnings
import zipfile
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from trompe.data import load_data
from trompe.data.load import load_splits
from trompe.data.samples import Splits
from trompe.data.sources import pack
from trompe.data.sources.decoding import LARGE, Form, Reading, decode_image, known_formats, read_header, read_image
from trompe.data.sources.files import collection
from trompe.data.sources.folder import load_images
from trompe.data.sources.parallel import in_parallel
from trompe.errors import TrompeError
from trompe.text import printable

RED = Image.new("RGB", (8, 8), (255, 0, 0))


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def from_disk(name: str) -> IO[bytes]:
    return open(name, "rb")


def gray(folder: Path, suffix: str, arrays: list[np.ndarray]) -> Path:
    folder.mkdir()
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{number}.{suffix}")
    return folder


def notes(loaded: Splits) -> str:
    return "\n".join(loaded.report["notes"])


# Gray levels


@pytest.mark.parametrize(
    ("suffix", "dtype", "brightest", "white"),
    [
        ("png", np.uint16, 4000, 4095),
        ("tif", np.uint16, 4000, 4095),
        ("png", np.uint16, 60_000, 65_535),
        ("tif", np.int32, 250, 255),
        ("tif", np.float32, 0.9, 1),
        ("tif", np.float32, 3000.0, 4095),
    ],
)
def test_gray_levels_are_read_in_one_range_for_the_whole_set(
    tmp_path: Path, suffix: str, dtype: type, brightest: float, white: float
) -> None:
    ramp = np.linspace(0, brightest, 64).reshape(8, 8)
    exposures = [(ramp * share).astype(dtype) for share in (1, 0.5, 0.25)]
    loaded = load_splits(str(gray(tmp_path / "set", suffix, exposures)))
    for image, levels in zip(loaded.train.images, exposures, strict=True):
        assert np.abs(image[0].astype(float) - levels * (255 / white)).max() <= 0.5 + 1e-4
    assert f"0 becomes black and {white} white" in notes(loaded)
    assert [list(levels) for levels in loaded.report["levels"].values()] == [[0, white]]


def test_a_value_range_is_that_of_black_and_white_and_the_rest_is_clipped(tmp_path: Path) -> None:
    folder = gray(tmp_path / "set", "tif", [np.array([[-1, 0], [0.5, 3]], np.float32)] * 2)
    loaded = load_images(folder, "set", Reading(value_range=(-1.0, 1.0)))
    assert loaded.train.images[0, 0].tolist() == [[0, 128], [191, 255]]
    assert "clipped, in 2 images" in notes(loaded)
    with pytest.raises(TrompeError, match="gray levels from -1 to 3, beyond 0 to 65535: give their `--value-range`"):
        load_splits(str(folder))


@pytest.mark.parametrize(("given", "message"), [((5.0, 5.0), "is empty"), ((0.0, 9.0), "all of these have 8")])
def test_a_value_range_that_means_nothing_is_refused(tmp_path: Path, given: tuple[float, float], message: str) -> None:
    RED.save(tmp_path / "a.png")
    with pytest.raises(TrompeError, match=message):
        load_splits(str(tmp_path), value_range=given)


def test_levels_known_of_floats_say_nothing_of_integers(tmp_path: Path) -> None:
    """A run that was trained on floating-point files is given a file of 16 bits."""
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save(tmp_path / "a.png")
    pixels = read_image(from_disk, str(tmp_path / "a.png"), Form(None, 1, levels={"F": (0.0, 1.0)}))
    assert not isinstance(pixels, str)
    assert pixels.tolist() == [[[0, 255]]]


def test_levels_that_are_not_finite_are_one_broken_image(tmp_path: Path) -> None:
    folder = gray(tmp_path / "set", "tif", [np.full((4, 4), value, np.float32) for value in (0.5, np.nan, np.inf)])
    loaded = load_splits(str(folder))
    assert len(loaded.train) == 1
    assert set(loaded.report["broken"].values()) == {"has gray levels that are not finite"}


def test_that_color_of_16_bits_is_halved_is_said(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = (4).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    pixels = zlib.compress(b"".join(b"\0" + b"\x0f\xff" * 12 for _ in range(4)))
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    assert "1 images have 16 bits a channel, of which the upper 8 are read" in notes(load_splits(str(tmp_path)))


# Sizes


def test_one_image_of_another_size_does_not_change_that_of_all(tmp_path: Path) -> None:
    for number in range(19):
        Image.new("L", (32, 32), number).save(tmp_path / f"{number}.png")
    Image.new("L", (33, 32)).save(tmp_path / "odd.png")
    loaded = load_splits(str(tmp_path))
    assert loaded.train.image_shape == (1, 32, 32)
    assert "1 of 20 images are not 32x32, as the others are, and are scaled to it" in notes(loaded)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [("crop", [[128] * 4] * 4), ("stretch", [[0, 128, 128, 255]] * 4),
     ("letterbox", [[0] * 4, [0] * 4, [0, 128, 128, 255], [0] * 4])],
)  # fmt: skip
def test_fits(tmp_path: Path, fit: str, expected: list[list[int]]) -> None:
    pixels = np.full((10, 40), 128, np.uint8)
    pixels[:, :10], pixels[:, 30:] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    loaded = load_splits(str(tmp_path), size=(4, 4), fit=fit)  # type: ignore[arg-type]
    assert np.abs(loaded.train.images[0, 0].astype(int) - expected).max() <= 25  # the filter reaches past edges
    assert ("lose more than 50% of their area to the crop, up to 75%" in notes(loaded)) == (fit == "crop")


def test_a_jpeg_may_be_larger_than_others_since_it_is_decoded_smaller(tmp_path: Path) -> None:
    whole = Image.new("L", (12_000, 9_000), 90)
    whole.save(tmp_path / "a.jpg", quality=50)
    whole.save(tmp_path / "b.jpg", quality=50, progressive=True)  # which libjpeg keeps whole
    loaded = load_splits(str(tmp_path), size=16)
    assert loaded.train.names == ("a.jpg",)
    assert np.abs(loaded.train.images.astype(int) - 90).max() <= 1
    assert loaded.report["broken"]["b.jpg"] == ("claims 12000x9000 pixels, more than the 100,000,000 that are decoded")


def memory_of(path: str) -> tuple[list[int], float]:
    """The middle pixel of an image brought to 16x16, and by how many MiB this process grew to read it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pixels = decode_image(from_disk, path, Form((16, 16), 3))
    assert not isinstance(pixels, str)
    return pixels[:, 8, 8].tolist(), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no worker processes")
def test_a_large_image_takes_at_most_ten_bytes_a_pixel(tmp_path: Path) -> None:
    image = Image.new("RGBA", (4_100, 4_000), (0, 90, 200, 255))
    assert image.width * image.height > LARGE
    image.save(tmp_path / "a.png", compress_level=1)
    ((color, megabytes),) = in_parallel(memory_of, [str(tmp_path / "a.png")], "measuring")
    assert color == [0, 90, 200]
    assert 16 < megabytes < 10 * 16.4


def test_a_large_image_of_16_bits_is_read_without_knowing_more(tmp_path: Path) -> None:
    Image.fromarray(np.full((4_000, 4_100), 32_896, np.uint16)).save(tmp_path / "a.png", compress_level=1)
    pixels = read_image(from_disk, str(tmp_path / "a.png"), Form((4, 4), 1))
    assert not isinstance(pixels, str)
    assert (pixels == 128).all()


def test_a_pack_that_fills_the_disk_is_refused_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    RED.save(tmp_path / "a.png")
    with pytest.raises(TrompeError, match=r"take [\d,.]+ GiB when packed, more than half of the .* free in") as error:
        pack.check_room(1_000_000, (3, 10_000, 10_000))
    assert "smaller `--size`" in str(error.value)
    assert pack.check_room(100, (3, 64, 64)) == []
    monkeypatch.setattr(pack, "WORTH_SAYING", 1000)
    assert "1 images of 3x30x30 take 0.0 GiB when packed" in notes(load_splits(str(tmp_path), size=30))
    assert "when packed" in capsys.readouterr().err


# Frames, formats and content


def test_that_only_the_first_frame_is_read_is_said(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for name, kind in (("a.gif", "GIF"), ("b.png", "PNG"), ("c.tif", "TIFF"), ("d.webp", "WEBP")):
        frames[0].save(tmp_path / name, kind, save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "one.gif")
    loaded = load_splits(str(tmp_path))
    assert loaded.report["several_frames"] == 4
    first = "of which the first is read: `a.gif`, `b.png`, `c.tif` and 1 more"
    assert f"4 files with several frames or pages, {first}" in notes(loaded)
    assert np.abs(loaded.train.images[:, :, 4, 4].astype(int) - (255, 0, 0)).max() <= 3


def test_images_are_known_by_their_content_and_what_is_ignored_is_named(tmp_path: Path) -> None:
    kinds = {"a.jfif": "JPEG", "b.jpe": "JPEG", "c.tga": "TGA", "d": "PNG", "e.dat": "WEBP", "f.PNG": "TIFF"}
    for name, kind in kinds.items():
        (tmp_path / name).write_bytes(encoded(RED, kind))
    for name in ("notes.txt", "model.npy", "noise"):
        (tmp_path / name).write_bytes(b"\x00\x01 nothing")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    loaded = load_splits(str(tmp_path))
    assert loaded.train.names == tuple(kinds)
    assert loaded.report["ignored"] == ["model.npy", "noise", "notes.txt"]
    assert loaded.report["broken"] == {"phone.heic": "is a HEIC image, which is not read: convert it to JPEG or PNG"}


def test_a_file_that_would_start_a_program_is_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "started"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("gs", "gswin32c", "gswin64c"):
        (programs / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (programs / name).chmod(0o755)
    script = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    for name in ("a.png", "b", "c.eps"):
        (tmp_path / name).write_text(script)
    RED.save(tmp_path / "d.png")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)  # it is looked for again
    with suppress(OSError), Image.open(tmp_path / "a.png") as image:
        image.load()
    assert marker.exists()  # Pillow would
    marker.unlink()
    assert load_data(tmp_path).names == ("d.png",)
    assert isinstance(read_image(from_disk, str(tmp_path / "a.png"), Form(None, 3)), str)
    assert not marker.exists()
    assert not {"EPS", "WMF", "MPEG"} & set(known_formats())


def test_a_tiff_that_is_turned_has_its_size_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 8)).save(tmp_path / "a.tif", exif=exif)
    header = read_header(from_disk, str(tmp_path / "a.tif"))
    assert not isinstance(header, str)
    assert (header.width, header.height) == (8, 16)


def faulty_tiff() -> bytes:
    noise = Image.effect_noise((64, 64), 99).convert("1")
    content = bytearray(encoded(noise, "TIFF", compression="group4"))
    with Image.open(io.BytesIO(content)) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        start = image.tag_v2[273][0]
    content[start : start + 32] = bytes(byte ^ 0x5A for byte in content[start : start + 32])  # libtiff complains
    return bytes(content)


def test_nothing_is_written_by_decoders(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tif").write_bytes(faulty_tiff())
    RED.save(tmp_path / "b.png")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(tmp_path / "a.tif").load()
        assert "Fax4Decode" in capfd.readouterr().err  # it would be
        load_data(tmp_path)
        read_image(from_disk, str(tmp_path / "a.tif"), Form(None, 1))
    assert "Fax4Decode" not in capfd.readouterr().err
    assert not caught


# Folders


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    pool, root = tmp_path / "pool", tmp_path / "set"
    for name in ("cats", "dogs"):
        (pool / name).mkdir(parents=True)
        for number in range(2):
            RED.save(pool / name / f"{number}.png")
    (root / "birds").mkdir(parents=True)
    RED.save(root / "birds" / "a.png")
    for name, target in {"cats": pool / "cats", "dogs": pool / "dogs", "a-birds": root / "birds"}.items():
        (root / name).symlink_to(target)
    (root / "birds" / "loop").symlink_to(root)
    (root / "dogs" / "up").symlink_to(tmp_path)
    loaded = load_splits(str(root))
    assert loaded.train.class_names == ("birds", "cats", "dogs")
    assert loaded.train.names == ("birds/a.png", "cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png")
    for link in ("a-birds", "birds/loop", "dogs/up"):
        assert f"the link `{link}` leads to a folder that is read already" in notes(loaded)


def test_pipes_and_links_to_nowhere_are_named_and_do_not_wait(tmp_path: Path) -> None:
    RED.save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    loaded = load_splits(str(tmp_path))
    assert loaded.train.names == ("a.png",)
    assert set(loaded.report["broken"]) == {"pipe.png", "self.png", "gone.png"}
    assert loaded.report["ignored"] == ["pipe"]


PERMISSIONS = """
import sys
from pathlib import Path
from trompe.data.load import load_splits
root = Path(sys.argv[1])
(root / "set" / "a").mkdir(parents=True)
from PIL import Image, TiffImagePlugin
for number in range(4):
    Image.new("L", (8, 8), number).save(root / "set" / "a" / f"{number}.png")
Image.new("L", (8, 8), 9).save(root / "set" / "b.png")
def tried():
    loaded = load_splits(str(root / "set"))
    print(len(loaded.train), loaded.report["broken"], loaded.report["notes"])
(root / "set" / "b.png").chmod(0)
tried()
(root / "set" / "b.png").chmod(0o600)
(root / "set" / "a").chmod(0)
tried()
(root / "set" / "a").chmod(0o400)
tried()
(root / "set" / "a").chmod(0o700)
tried()
"""


def without_privileges() -> None:
    """Let root be refused what it may not read, as others are."""
    if os.getuid() == 0:
        for dac_override_or_read_search in (1, 2):
            ctypes.CDLL(None).prctl(24, dac_override_or_read_search)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform != "linux", reason="permissions are others elsewhere")
def test_what_was_unreadable_once_is_read_when_it_can_be(tmp_path: Path) -> None:
    environment = os.environ | {"TROMPE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", PERMISSIONS, tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=without_privileges)
    assert done.stdout.splitlines() == [
        "4 {'b.png': 'cannot be read: Permission denied'} []",
        "1 {} ['the folder `a` cannot be read: Permission denied']",
        "1 {'a/0.png': 'cannot be read: Permission denied', 'a/1.png': 'cannot be read: Permission denied', "
        "'a/2.png': 'cannot be read: Permission denied', 'a/3.png': 'cannot be read: Permission denied'} []",
        "5 {} []",
    ], done.stderr


def test_names_are_printable(tmp_path: Path) -> None:
    for name in ("a\x1b[31m", "a\x07[31m", "ok"):
        (tmp_path / name).mkdir()
        RED.save(tmp_path / name / "1\n.png")
    (tmp_path / "ok" / "\x1b]0;owned\x07.png").write_text("x")
    loaded = load_splits(str(tmp_path))
    assert loaded.train.class_names == ("a\ufffd[31m", "a\ufffd[31m (2)", "ok")
    assert loaded.train.names[-1] == "ok/1\ufffd.png"
    assert list(loaded.report["broken"]) == ["ok/\ufffd]0;owned\ufffd.png"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("кошки 犬 ñ 👩\u200d🎓", "кошки 犬 ñ 👩\u200d🎓"),
        ("a\x1b[2J\x9b0m\r\n", "a\ufffd[2J\ufffd0m\ufffd\ufffd"),
        (os.fsdecode(b"caf\xe9"), "caf\ufffd"),
        ("\ud800x", "\ufffdx"),
        ("photo\u202egpj.exe\u2028", "photo\ufffdgpj.exe\ufffd"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert printable(text).encode()


# Archives


def test_a_zip_with_backslashes_has_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(zipfile.ZipInfo("set\\"), b"")
        for name in ("cats", "dogs"):
            file.writestr(zipfile.ZipInfo(f"set\\{name}\\1.png"), encoded(RED))
    assert load_data(tmp_path / "a.zip").class_names == ("cats", "dogs")


def test_an_encrypted_zip_is_said_to_be(tmp_path: Path) -> None:
    for name, members in {"all.zip": ["a.png"], "some.zip": ["a.png", "b.png"]}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for member in members:
                file.writestr(member, encoded(RED))
        content = bytearray((tmp_path / name).read_bytes())
        for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flag of the first file
            content[content.find(signature) + offset] |= 1
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrompeError, match="is encrypted") as error:
        load_data(tmp_path / "all.zip")
    assert "unpack it with its password" in str(error.value)
    assert load_splits(str(tmp_path / "some.zip")).report["broken"] == {"a.png": "is encrypted"}


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"\x00\x00"])
def test_a_zip_whose_names_are_no_text_is_an_error_or_read(tmp_path: Path, damage: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("ñandú.png", encoded(RED))  # flagged as UTF-8
    content = (tmp_path / "a.zip").read_bytes().replace("ñ".encode(), damage)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(TrompeError) as error:
        load_data(tmp_path / "a.zip")
    assert "hint: " in str(error.value)


def test_a_tar_is_read_in_place_and_never_through_links(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(encoded(Image.new("RGB", (8, 8), "lime")))
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as file:
        for name in ("set/cats/1.png", "set/dogs/вторая.png", "../../evil.png"):
            member = tarfile.TarInfo(name)
            member.size = len(encoded(RED))
            file.addfile(member, io.BytesIO(encoded(RED)))
        for name, kind in (("set/cats/link.png", tarfile.SYMTYPE), ("set/cats/hard.png", tarfile.LNKTYPE),
                           ("set/cats/pipe.png", tarfile.FIFOTYPE)):  # fmt: skip
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(tmp_path / "secret.png")
            file.addfile(member)
    data = load_data(tmp_path / "a.tar")
    assert set(data.names) == {"../../evil.png", "set/cats/1.png", "set/dogs/вторая.png"}
    assert (data.images == np.array([255, 0, 0], np.uint8)[:, None, None]).all()
    assert not list(tmp_path.rglob("evil*"))


def test_a_compressed_tar_says_what_to_do(tmp_path: Path) -> None:
    RED.save(tmp_path / "a.png")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        file.add(tmp_path / "a.png", "a.png")
    with pytest.raises(TrompeError, match="is a compressed tar file") as error:
        load_data(tmp_path / "a.tar.gz")
    assert "tar xf" in str(error.value)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_files_beside_images_can_be_opened(tmp_path: Path, kind: str) -> None:
    files = {"set/a.png": encoded(RED), "set/dataset.json": b"{}", "set/notes.bin": b"x", "set/@eaDir/a.png": b"x"}
    path = tmp_path / f"the.{kind}"
    for name, content in files.items():
        (tmp_path / "the.folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "the.folder" / name).write_bytes(content)
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name in files:
                packed.write(tmp_path / "the.folder" / name, name)
    if kind == "tar":
        with tarfile.open(path, "w") as tarred:
            tarred.add(tmp_path / "the.folder" / "set", "set")
    images = collection(path)
    assert images.names == ["set/a.png"]
    assert images.others == ["set/dataset.json", "set/notes.bin"]
    assert images.label_files == ("set/dataset.json",)
    with images.open("set/dataset.json") as file:
        assert file.read() == b"{}"


# Processes


def test_many_threads_packing_two_folders_never_mix_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.new("L", (8, 8), 200 * value + number).save(tmp_path / name / f"{number}.png")
    found: dict[int, object] = {}

    def load(number: int, name: str, size: int) -> None:
        try:
            found[number] = load_data(tmp_path / name, size=size).images
        except Exception as error:
            found[number] = error

    tries = [(number, name, 4 + number // 2) for number in range(12) for name in [("dark", "light")[number % 2]]]
    threads = [threading.Thread(target=load, args=each) for each in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, name, size in tries:
        images = found[number]
        assert isinstance(images, np.ndarray), images
        assert images.shape == (6, 1, size, size)
        assert (images[:, 0, 0, 0] == np.arange(6) + (200 if name == "light" else 0)).all()


def workers_of(parent: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{parent}/task").iterdir()
            for child in (task / "children").read_text().split()]  # fmt: skip


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


BUSY = """
from trompe.data.sources.parallel import in_parallel
def busy(number):
    for _ in range(10**9):
        pass
print("here", flush=True)
list(in_parallel(busy, range(100), "waiting"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no worker processes")
def test_busy_workers_end_when_their_parent_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    deadline = time.monotonic() + 60
    while not (workers := workers_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_large_results_do_not_pile_up(tmp_path: Path) -> None:
    results = in_parallel(partial(marked, tmp_path), range(500), "counting", result_bytes=2**28)
    assert next(results) == 0
    time.sleep(0.3)
    assert len(list(tmp_path.iterdir())) <= 2 + max(2, os.cpu_count() or 1)
    results.close()


def marked(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return number
