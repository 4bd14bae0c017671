"""What commands write: pictures in a grid, an array or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrompeError

if TYPE_CHECKING:
    import torch


def kind_of(out: Path, *known: str, flag: str = "--out") -> str:
    """The suffix of an output file, if it is one of the known; the empty one is a folder."""
    if out.suffix.lower() in known:
        return out.suffix.lower()
    kinds = ", ".join(suffix or "a folder" for suffix in known)
    raise TrompeError(f"`{flag} {out}` is of no known kind", hint=f"known are {kinds}")


def write_images(out: Path, kind: str, images: torch.Tensor, columns: int | None) -> None:
    from ..grids import picture_grid, save_picture, to_bytes

    if kind == ".npz":
        save_arrays(out, images=to_bytes(images))
    elif kind == ".png":
        save_picture(out, picture_grid(images, columns))
    else:
        for place, image in enumerate(images):
            write_picture(out / f"{place:06d}.png", image)
    print(out)


def write_picture(path: Path, image: torch.Tensor) -> None:
    from ..grids import save_picture, to_bytes

    pixels = to_bytes(image).transpose(1, 2, 0)
    save_picture(path, pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def save_arrays(out: Path, **arrays: Any) -> None:
    import io

    import numpy as np

    from ..files import write_bytes

    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_bytes(out, content.getvalue())
