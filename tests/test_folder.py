"""Your own images: every format and form, and every way for a file to be broken."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import warnings
import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trompe.data import load_data
from trompe.data.load import load_splits
from trompe.data.samples import file_key, held_out
from trompe.data.sources.decoding import Form, in_color
from trompe.data.sources.parallel import AHEAD, BLOCK, in_parallel
from trompe.errors import TrainingStopped, TrompeError
from trompe.files import cache_folder


def image(random: np.random.Generator, height: int = 20, width: int = 24, mode: str = "RGB") -> Image.Image:
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).convert(mode)


def fill(folder: Path, random: np.random.Generator, count: int = 5, **kind: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image(random, **kind).save(folder / f"{number:03d}.png")  # type: ignore[arg-type]
    return folder


def solid(color: tuple[int, ...], mode: str) -> Image.Image:
    return Image.new(mode, (16, 16), color)


def test_pixels_come_through_unchanged(tmp_path: Path, random: np.random.Generator) -> None:
    array = random.integers(0, 256, (3, 9, 13, 3), dtype=np.uint8)
    for number, pixels in enumerate(array):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    data = load_data(tmp_path)
    assert data.images.shape == (3, 3, 9, 13)
    assert np.array_equal(data.images.transpose(0, 2, 3, 1), array)
    assert data.names == ("0.png", "1.png", "2.png")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tiff", "bmp"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    solid((200, 40, 90), "RGB").save(tmp_path / f"a.{suffix}")
    color = load_data(tmp_path, color="rgb").images[0, :, 8, 8].astype(int)
    assert np.abs(color - (200, 40, 90)).max() <= 6


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (4, 4), 1), (255,) * 3),
        (Image.new("L", (4, 4), 77), (77,) * 3),
        (Image.new("LA", (4, 4), (77, 255)), (77,) * 3),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255,) * 3),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), (255, 0, 0)),
        (Image.new("RGB", (4, 4), (1, 2, 3)).quantize(4), (1, 2, 3)),
        (Image.fromarray(np.full((4, 4), 65535, np.uint16)), (255,) * 3),
        (Image.fromarray(np.full((4, 4), 257 * 5, np.int32)), (5,) * 3),
        (Image.fromarray(np.full((4, 4), 0.5, np.float32)), (128,) * 3),
    ],
    ids=["1", "L", "LA", "transparent", "RGBA", "CMYK", "palette", "16-bit", "32-bit", "float"],
)
def test_modes(image: Image.Image, expected: tuple[int, ...]) -> None:
    assert in_color(image, Form(None, 3)).getpixel((1, 1)) == expected


def test_exif_rotation_is_undone(tmp_path: Path) -> None:
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise: white on top
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    image = load_data(tmp_path).images[0]
    assert image.shape == (3, 16, 8)
    assert image[:, :8].min() == 255
    assert image[:, 8:].max() == 0


def test_sizes_are_covered_and_cropped(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path / "wide", random, 2, height=30, width=90)
    fill(tmp_path / "tall", random, 2, height=90, width=30)
    assert load_data(tmp_path, size=(25, 31)).images.shape[1:] == (3, 25, 31)
    assert load_data(tmp_path).images.shape[1:] == (3, 64, 64)  # they differ: the default


def test_a_white_edge_is_cropped_not_squeezed(tmp_path: Path) -> None:
    pixels = np.full((20, 60), 255, np.uint8)
    pixels[:, 20:40] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert load_data(tmp_path, size=10).images.max() < 30  # the filter reaches a little past the edge


def test_gray_stays_gray_unless_one_has_color(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 3, mode="L")
    assert load_data(tmp_path).images.shape[1] == 1
    image(random).save(tmp_path / "color.png")
    assert load_data(tmp_path).images.shape[1] == 3
    assert load_data(tmp_path, color="gray").images.shape[1] == 1


def test_class_folders_are_labels_and_names_may_be_in_any_script(tmp_path: Path, random: np.random.Generator) -> None:
    for name in ("кошки", "犬", "ñandú"):
        fill(tmp_path / name, random, 2)
    data = load_data(tmp_path)
    assert data.class_names == tuple(sorted(("кошки", "犬", "ñandú")))
    assert [data.class_names[label] for label in data.labels] == [name.split("/")[0] for name in data.names]


def test_images_beside_folders_are_no_classes(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 2)
    fill(tmp_path / "more", random, 2)
    assert load_data(tmp_path).labels is None


def test_train_and_test_folders_are_splits(tmp_path: Path, random: np.random.Generator) -> None:
    for split, count in (("train", 3), ("val", 2)):
        for name in ("a", "b"):
            fill(tmp_path / "set" / split / name, random, count)
    loaded = load_splits(str(tmp_path))
    assert (len(loaded.train), len(loaded.test)) == (6, 4)
    assert loaded.train.class_names == ("a", "b")
    assert load_data(f"{tmp_path}:test").names[0].startswith("set/val/")


def test_without_a_test_split_a_tenth_is_held_out(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 40, height=4, width=4)
    loaded = load_splits(str(tmp_path))
    assert (len(loaded.train), len(loaded.test)) == (37, 3)  # by a hash of each name: about a tenth
    assert not set(loaded.train.names) & set(loaded.test.names)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")


def test_broken_and_hostile_files_are_counted_and_named(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 4)
    whole = io.BytesIO()
    image(random, 64, 64).save(whole, "JPEG")
    (tmp_path / "truncated.jpg").write_bytes(whole.getvalue()[:700])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "bomb.png").write_bytes(png_claiming(60_000, 60_000))
    (tmp_path / "lesser-bomb.png").write_bytes(png_claiming(12_000, 9_000))
    (tmp_path / "notes.txt").write_text("ignored")
    loaded = load_splits(str(tmp_path), size=16)
    assert len(loaded.train) == 4
    assert set(loaded.report["broken"]) == {
        "truncated.jpg", "empty.png", "text.png", "bomb.png", "lesser-bomb.png",
    }  # fmt: skip
    assert loaded.report["broken"]["lesser-bomb.png"] == (
        "claims 12000x9000 pixels, more than the 100,000,000 that are decoded"
    )
    assert loaded.report["ignored_files"] == 1


def test_names_that_are_no_text_do_no_harm(tmp_path: Path, random: np.random.Generator) -> None:
    image(random).save(tmp_path / "a.png")
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / os.fsdecode(b"br\xe9k.png")).write_text("x")
    loaded = load_splits(str(tmp_path))
    assert loaded.train.names == ("a.png", "caf\ufffd.png")
    assert list(loaded.report["broken"]) == ["br\ufffdk.png"]


def test_nothing_to_train_on_is_said(tmp_path: Path, random: np.random.Generator) -> None:
    for split in ("test", "val"):
        fill(tmp_path / "a" / split, random, 2)
    with pytest.raises(TrompeError, match="there are no images to train on"):
        load_data(tmp_path / "a")
    whole = io.BytesIO()
    image(random, 64, 64).save(whole, "JPEG")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "cut.jpg").write_bytes(whole.getvalue()[:700])
    with pytest.raises(TrompeError, match=r"no images to train on; `cut.jpg`: OSError"):
        load_data(tmp_path / "b", size=8)


def test_sizes_and_colors_are_checked(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 1)
    with pytest.raises(TrompeError, match="images of 0x0 have no pixels"):
        load_data(tmp_path, size=0)
    with pytest.raises(TrompeError, match="no color is named `blue`"):
        load_data(tmp_path, color="blue")


def test_two_processes_packing_the_same_both_get_it(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path / "set", random, 30)
    code = "import sys, trompe; print(trompe.load_data(sys.argv[1]).fingerprint)"
    environment = os.environ | {"TROMPE_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, str(tmp_path / "set")]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [process.communicate()[0] for process in both]
    assert found[0] == found[1] != ""


def test_duplicates_are_counted(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 3)
    for copy in ("again.png", "and-again.png"):
        (tmp_path / copy).write_bytes((tmp_path / "000.png").read_bytes())
    assert load_splits(str(tmp_path)).report["duplicates"] == 2


def zipped(folder: Path, target: Path, extra: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return target


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path, random: np.random.Generator) -> None:
    for name in ("a", "b"):
        fill(tmp_path / "set" / name, random, 3)
    from_folder = load_data(tmp_path / "set")
    from_zip = load_data(zipped(tmp_path / "set", tmp_path / "set.zip", {"__MACOSX/set/a/._000.png": b"junk"}))
    assert from_zip.fingerprint == from_folder.fingerprint
    assert from_zip.class_names == ("a", "b")


def test_names_in_a_zip_are_utf8_flagged_or_not(tmp_path: Path, random: np.random.Generator) -> None:
    content = io.BytesIO()
    image(random).save(content, "PNG")
    for name, place in (("zoo.zip", "vögel"), ("old.zip", "v\x94gel")):
        raw = f"{place}/a.png".encode("utf-8" if name == "zoo.zip" else "latin-1")
        stand_in = "x" * len(raw)
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(stand_in, content.getvalue())
            archive.writestr("b/b.png", content.getvalue())
        packed = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(packed.replace(stand_in.encode(), raw))  # as `zip -r` writes it, without the flag
        assert load_data(tmp_path / name).class_names == ("b", "vögel")


def test_nothing_is_extracted_from_a_zip(tmp_path: Path, random: np.random.Generator) -> None:
    content = io.BytesIO()
    image(random).save(content, "PNG")
    home = tmp_path / "home"
    fill(home / "set", random, 2)
    evil = {"../../evil.png": content.getvalue(), "/tmp/trompe-evil.png": content.getvalue()}
    data = load_data(zipped(home / "set", home / "slip.zip", evil))
    assert len(data) == 4
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/tmp/trompe-evil.png").exists()


def test_the_pack_is_kept_until_the_source_changes(
    tmp_path: Path, random: np.random.Generator, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "cache"))
    source = fill(tmp_path / "set", random, 3)
    first = load_data(source)
    packs = list((tmp_path / "cache").rglob("images.bin"))
    written = packs[0].stat().st_mtime_ns
    assert load_data(source).fingerprint == first.fingerprint
    assert packs[0].stat().st_mtime_ns == written
    image(random).save(source / "new.png")
    assert len(load_data(source)) == 4
    assert len(list((tmp_path / "cache").rglob("images.bin"))) == 1  # the old pack is gone
    os.utime(source / "new.png", ns=(1, 1))
    assert len(load_data(source)) == 4


def test_links_to_nowhere_and_hidden_files_do_no_harm(tmp_path: Path, random: np.random.Generator) -> None:
    fill(tmp_path, random, 2)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(load_data(tmp_path)) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is nothing at"),
        (lambda path: path.mkdir(), "no images in"),
        (lambda path: path.write_text("x"), "but not a zip of images"),
        (lambda path: (path.mkdir(), (path / "a.png").write_text("x")), r"none of the 1 images .* can be read"),
    ],
)
def test_errors_say_what_is_there(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "some.where"
    make(path)  # type: ignore[operator]
    with pytest.raises(TrompeError, match=message) as error:
        load_data(path)
    assert "hint: " in str(error.value)


def test_a_full_disk_while_packing_leaves_nothing_behind(
    tmp_path: Path, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setenv("TROMPE_CACHE", str(tmp_path / "cache"))
    fill(tmp_path / "set", random, 8, height=64, width=64)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(TrainingStopped, match="the disk is full"):
            load_data(tmp_path / "set")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    left = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == [".lock"]
    assert len(load_data(tmp_path / "set")) == 8


# In parallel


def test_two_threads_each_get_their_own_images(tmp_path: Path, random: np.random.Generator) -> None:
    folders = [fill(tmp_path / name, random, 150, height=8, width=8) for name in ("a", "b")]
    archive = zipped(folders[0], tmp_path / "a.zip")
    sources = [*folders, archive, *folders]  # two threads may also pack the same
    filters, found = list(warnings.filters), {}

    def load(number: int) -> None:
        found[number] = load_data(sources[number])

    threads = [threading.Thread(target=load, args=(number,)) for number in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, source in enumerate(sources):
        folder = tmp_path / source.stem
        expected = {path.name: np.asarray(Image.open(path)).transpose(2, 0, 1) for path in folder.iterdir()}
        held = held_out([file_key(f"a/{name}" if source == archive else name) for name in expected])
        assert len(found[number]) == 150 - held.sum()
        for name, pixels in zip(found[number].names, found[number].images, strict=True):
            assert np.array_equal(pixels, expected[Path(name).name])
    assert warnings.filters == filters


def marked(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return number


def test_results_come_in_order_and_not_too_far_ahead(tmp_path: Path) -> None:
    ahead = (AHEAD * (os.cpu_count() or 1) + 1) * BLOCK
    results = in_parallel(partial(marked, tmp_path), range(3 * ahead), "counting")
    assert next(results) == 0
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) <= ahead
    assert list(results) == list(range(1, 3 * ahead))


def killed(number: int) -> int:
    if number == 100:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_worker_is_an_error() -> None:
    with pytest.raises(TrompeError, match="a worker process was killed while looking at images") as error:
        list(in_parallel(killed, range(1000), "looking at images"))
    assert "hint: " in str(error.value)


def test_a_script_without_a_main_guard_packs(tmp_path: Path, random: np.random.Generator) -> None:
    archive = zipped(fill(tmp_path / "set", random, 100, height=8, width=8), tmp_path / "set.zip")
    script = tmp_path / "script.py"
    script.write_text("import sys\nimport trompe\nprint(len(trompe.load_data(sys.argv[1])))\n")
    done = subprocess.run([sys.executable, "-Wd", script, archive], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("93\n", "")


SLOW = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
from trompe.data.sources.parallel import in_parallel

def pid(number):
    time.sleep(0.01)
    return os.getpid()

for number in in_parallel(pid, range(100_000), "waiting"):
    print(number, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(how: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    workers = {int(process.stdout.readline()) for _ in range(4 * BLOCK)}
    if how == signal.SIGKILL:
        process.kill()
    else:
        os.killpg(process.pid, how)  # as a terminal does it
    errors = process.communicate(timeout=60)[1]
    assert errors.count("KeyboardInterrupt") == (how == signal.SIGINT)
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_without_forks_threads_serve(
    tmp_path: Path, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trompe.data.sources import parallel

    monkeypatch.setattr(parallel, "FORKS", False)
    fill(tmp_path, random, 40, height=4, width=4)
    (tmp_path / "bomb.png").write_bytes(png_claiming(12_000, 9_000))  # of which Pillow warns
    loaded = load_splits(str(tmp_path))
    assert (len(loaded.train), len(loaded.test)) == (37, 3)
    assert list(loaded.report["broken"]) == ["bomb.png"]


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pooch

    monkeypatch.setenv("TROMPE_CACHE", "~/mine")
    assert cache_folder() == Path("~/mine").expanduser()
    monkeypatch.delenv("TROMPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == Path(pooch.os_cache("trompe"))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "trompe"
