"""What commands write: images in a grid, an array or a folder, and other files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrompeError

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

    from ..runs.run import Run


def suffix_of(out: Path, *known: str, flag: str = "--out") -> str:
    """The suffix of an output file, if it is one of the known; the empty one is a folder."""
    if out.suffix.lower() in known:
        return out.suffix.lower()
    kinds = ", ".join(suffix or "a folder" for suffix in known)
    raise TrompeError(f"`{flag} {out}` has an unknown suffix", hint=f"known: {kinds}")


def write(out: Path, content: bytes | Figure | dict[str, Any], quiet: bool = False) -> None:
    """Write bytes, a figure in the format of the file's suffix, or named arrays, and print the path."""
    from ..files import write_bytes

    if isinstance(content, dict):
        import numpy as np

        file = io.BytesIO()
        np.savez_compressed(file, **content)
        content = file.getvalue()
    elif not isinstance(content, bytes):
        from ..figures.table import encoded

        content = encoded(content, out.suffix.lower(), 0)
    write_bytes(out, content)
    if not quiet:
        print(out)


def write_images(out: Path, images: torch.Tensor, run: Run, columns: int | None = None) -> None:
    """Write images as a `.png` grid, an `.npz` array, or a folder with a file for each, and print the path."""
    from ..display.grid import png
    from ..display.samples import shown

    data = run.record.data.format
    if out.suffix.lower() == ".npz":
        write(out, {"images": data.restored(images)})
    elif out.suffix:
        write(out, png(shown(images, data, columns)))
    else:
        for place, image in enumerate(images):
            write_image(out / f"{place:06d}.png", image)
        print(out)


def write_image(path: Path, image: torch.Tensor) -> None:
    from ..display.grid import save_image, to_bytes

    pixels = to_bytes(image).transpose(1, 2, 0)
    save_image(path, pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def print_rows(rows: dict[str, str]) -> None:
    """Print names and what each is, whose further lines are indented alike."""
    width = max(map(len, rows)) + 2
    for name, about in rows.items():
        print(f"{name:{width}}" + about.replace("\n", "\n" + " " * width))
