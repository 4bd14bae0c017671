"""What commands write: images in a grid, an array or a folder, and other files; and that nothing is lost by it."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrompeError
from ..files import cache_folder, expanded, write_bytes
from ..text import printable_lines

if TYPE_CHECKING:
    import numpy as np
    import torch
    from matplotlib.figure import Figure

    from ..runs.run import Run

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
NUMBERED = "[0-9]" * 6 + ".png"
"""Files of a folder with a file for each image."""
LEDGER = "outputs.txt"
"""In the cache, a digest of each file that a command wrote, with its path: what trompe may overwrite."""


def suffix_of(out: Path, *known: str, flag: str = "--out") -> str:
    """The suffix of an output file, if it is one of the known; the empty one is a folder."""
    if out.suffix.lower() in known:
        return out.suffix.lower()
    kinds = ", ".join(suffix or "a folder" for suffix in known)
    raise TrompeError(f"`{flag} {out}` has an unknown suffix", hint=f"known: {kinds}")


def may_write(out: Path, inputs: Iterable[str | Path | None] = (), force: bool = False) -> None:
    """Refuse an output that would overwrite what the command reads, or a file that trompe did not write or that was
    changed since. A folder's files are those with numbers for names, and it may hold no other images. Called
    before anything is computed.

    Args:
        inputs: files, folders and named sets that the command reads, `None` for none.
        force: overwrite all the same.

    Raises:
        TrompeError: the file, which stays as it is, would be overwritten.
    """
    out = expanded(out)
    if out.suffix and out.is_dir():
        raise TrompeError(f"`{out}` is a folder", hint="choose another name for the file")
    existing = [path for path in (sorted(out.glob(NUMBERED)) if out.is_dir() else [out]) if path.is_file()]
    if out.is_dir() and not force and (others := images_beside(out)):
        raise TrompeError(
            f"`{out}` holds `{others[0].name}`, which no command wrote there",
            hint="choose a new folder, or put the images among those with `--force`",
        )
    if force or not existing:
        return
    sources = [expanded(re.sub(r":(train|test|[0-9]+)$", "", str(source))) for source in inputs if source is not None]
    hint = "choose another `--out`, or overwrite it with `--force`"
    for path in existing:
        if any(reads(source, path) for source in sources):
            raise TrompeError(f"`{path}` is read by this command and would be overwritten", hint=hint)
    own = written_by_trompe(existing)
    for path in existing:
        if path not in own and path.stat().st_size > 0:
            raise TrompeError(f"`{path}` exists, and its content is not what trompe last wrote there", hint=hint)


def images_beside(folder: Path) -> list[Path]:
    """Images and folders that no command wrote: perhaps what a model is trained on, or will be."""
    from ..data.sources.files import SUFFIXES

    found = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix.lower() in SUFFIXES]
    found = [path for path in found if not (path.name.startswith(".") or path.match(NUMBERED))]
    own = written_by_trompe([path for path in found if path.is_file()])
    return [path for path in found if path not in own]


def reads(source: Path, path: Path) -> bool:
    """Whether a source is this file, or a folder with this image in it."""
    if source.is_dir():
        return path.suffix.lower() in PICTURES and path.resolve().is_relative_to(source.resolve())
    return source.exists() and source.samefile(path)


def written_by_trompe(paths: Sequence[Path]) -> set[Path]:
    """Those of these files that a command wrote, and nobody changed since."""
    try:
        known = set((cache_folder() / LEDGER).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError):
        return set()
    return {path for path in paths if digest(path) in known}


def remember(*paths: Path) -> None:
    """Remember files just written, so that the same command may overwrite them."""
    with suppress(OSError):  # then they are not overwritten without `--force`
        lines = "".join(f"{digest(path)}\n" for path in paths)
        cache_folder().mkdir(parents=True, exist_ok=True)
        with open(cache_folder() / LEDGER, "a", encoding="ascii") as ledger:
            ledger.write(lines)


def digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve()) + b"\0" + path.read_bytes()).hexdigest()[:32]


def written(path: Path) -> None:
    """Remember a file just written, and print its path."""
    remember(expanded(path))
    print(printable_lines(str(path)))


def write(out: Path, content: bytes | Figure | dict[str, Any], quiet: bool = False) -> None:
    """Write bytes, a figure in the format of the file's suffix, or named arrays, and print the path."""
    if isinstance(content, dict):
        import numpy as np

        file = io.BytesIO()
        np.savez_compressed(file, **content)
        content = file.getvalue()
    elif not isinstance(content, bytes):
        from ..figures.table import encoded

        content = encoded(content, out.suffix.lower(), 0)
    write_bytes(expanded(out), content)
    remember(expanded(out)) if quiet else written(out)


def write_images(out: Path, images: torch.Tensor, run: Run, columns: int | None = None) -> None:
    """Write images as a grid in a picture, an `.npz` array, or a folder with a file for each, and print the path. One
    image is written as it is, unless a grid with this many columns was asked for.
    """
    from ..display.samples import shown

    data = run.record.data.format
    if out.suffix.lower() == ".npz":
        write(out, {"images": data.restored(images)})
    elif out.suffix and len(images) == 1 and columns is None and data.kind != "points":
        write(out, picture(own_pixels(images[0]), out.suffix.lower()))
    elif out.suffix:
        write(out, picture(shown(images, data, columns), out.suffix.lower()))
    else:
        write_folder(out, {f"{place:06d}.png": image for place, image in enumerate(images)})


def write_folder(out: Path, images: dict[str, torch.Tensor]) -> None:
    """Write a folder with a file for each image, and print its path. Numbered files that trompe wrote there before are
    not left among them.
    """
    folder = expanded(out)
    before = {path for path in folder.glob(NUMBERED) if path.name not in images}
    for name, image in images.items():
        write_bytes(folder / name, picture(own_pixels(image), ".png"))
    for path in written_by_trompe(sorted(before)):
        path.unlink()
    remember(*(folder / name for name in images))
    print(printable_lines(str(out)))


def own_pixels(image: torch.Tensor) -> np.ndarray:
    """One image in its own size; of a video or of voxels the middle slice."""
    from ..display.grid import flat, to_bytes

    pixels = to_bytes(flat(image[None])[0]).transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def picture(pixels: np.ndarray, suffix: str) -> bytes:
    """Pixels as the bytes of an image file; `.webp` keeps all of them, as `.png` does."""
    from PIL import Image

    from ..display.grid import png

    if suffix == ".png":
        return png(pixels)
    content = io.BytesIO()
    options = {"lossless": True} if suffix == ".webp" else {"quality": 95}
    Image.fromarray(pixels).save(content, "WEBP" if suffix == ".webp" else "JPEG", **options)
    return content.getvalue()


def print_rows(rows: dict[str, str]) -> None:
    """Print names and what each is, whose further lines are indented alike."""
    width = max(map(len, rows)) + 2
    for name, about in rows.items():
        print(printable_lines(f"{name:{width}}" + about.replace("\n", "\n" + " " * width)))
