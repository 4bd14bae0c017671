"""Commands that use a trained model on images: `sample`, `reconstruct`, `encode`."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import TrompeError
from .flags import (
    Class,
    Count,
    Data,
    Device,
    Folder,
    Force,
    Images,
    Snapshot,
    check_paths,
    inputs,
    label_of,
    open_run,
)
from .outputs import PICTURES, may_write, picture, suffix_of, write, write_folder, write_images

if TYPE_CHECKING:
    import torch

    from ..runs.run import Run

LARGEST_GRID = 10_000


def sample(
    run: Folder,
    count: Count = 64,
    seed: int = 0,
    out: Path = Path("samples.png"),
    grid: Annotated[str | None, tyro.conf.arg(metavar="ROWSxCOLUMNS")] = None,
    class_name: Class = None,
    snapshot: Snapshot = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Sample new images from a run.

    Args:
        count: Number of images.
        seed: Seed of the latents; the first images are the same however many are sampled.
        out: A `.png`, `.jpg` or `.webp` with a grid, or with one image as it is; an `.npz`; or a folder with a file for
            each image.
        grid: Rows and columns of the grid, such as 8x8; sets the count.
    """
    columns = None
    if grid is not None:
        if not (match := re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", grid)):
            raise TrompeError(f"`--grid {grid}` is not rows x columns", hint="write it as 8x8")
        columns = int(match[2])
        count = int(match[1]) * columns
    if count < 1:
        raise TrompeError(f"cannot sample {count} images", hint="give `-n` a number of at least 1")
    if suffix_of(out, *PICTURES, ".npz", "") in PICTURES and count > LARGEST_GRID:
        raise TrompeError(f"a grid of {count:,} images is too large", hint="give `--out` an .npz or a folder")
    check_paths(run)
    may_write(out, force=force)
    opened = open_run(run, device, snapshot)
    label = class_name and label_of(opened, class_name)  # by default each in turn
    write_images(out, opened.sample(count, seed=seed, labels=label and label * count), opened, columns)


def reconstruct(
    run: Folder,
    files: Images = (),
    data: Data = None,
    count: Count = 32,
    out: Path = Path("reconstructions.png"),
    class_name: Class = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Reconstruct images; a denoising run restores them.

    Args:
        files: Image files, scaled to the run's size; by default images of `--data`.
            A run of patches takes them in their own size, one at a time unless `--out` is a folder.
        count: Number of images of the set.
        out: A `.png`, `.jpg` or `.webp` with each original above its reconstruction, an `.npz` of both, or a folder of
            reconstructions.
    """
    suffix = suffix_of(out, *PICTURES, ".npz", "")
    check_paths(run, files, data)
    restored = [out / f"{path.stem}.png" for path in files] if suffix == "" else []
    if len(set(restored)) < len(restored):
        raise TrompeError("two of the images have one name, and would be one file", hint="restore them one by one")
    for path in restored or [out]:
        may_write(path, (*files, data), force)
    opened = open_run(run, device)
    if restored:  # each in a file of its own name
        pairs = (with_reconstructions(opened, (path,), data, None, class_name) for path in files)
        write_folder(out, {path.name: pair[1][0] for path, pair in zip(restored, pairs, strict=True)})
        return
    images, reconstructed = with_reconstructions(opened, files, data, count, class_name)
    if suffix == "":
        write_images(out, reconstructed, opened)
    elif suffix == ".npz":
        write(out, {"images": images.numpy(), "reconstructions": reconstructed.numpy()})
    else:
        from ..display.grid import side_by_side

        write(out, picture(side_by_side(images, reconstructed, min(8, len(images))), suffix))


def encode(
    run: Folder,
    files: Images = (),
    data: Data = None,
    count: Annotated[int | None, tyro.conf.arg(aliases=["-n"], metavar="INT")] = None,
    out: Path = Path("latents.npz"),
    class_name: Class = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Encode images to latents.

    Args:
        files: Image files; by default images of `--data`.
        count: Number of images of the set; by default all.
        out: An `.npz` (`latents`, and `labels`, `class_names`, `names` where there are any), or a `.csv`.
    """
    suffix = suffix_of(out, ".npz", ".csv")
    check_paths(run, files, data)
    may_write(out, (*files, data), force)
    opened = open_run(run, device)
    images, labels, names, classes = inputs(opened, files, data, count, class_name)
    latents = opened.encode(images, labels).numpy()
    if suffix == ".npz":
        known: dict[str, Any] = {} if labels is None else {"labels": labels, "class_names": list(classes)}
        write(out, {"latents": latents, **known, **({"names": names} if names else {})})
        return
    columns = ({"name": names} if names else {}) | ({} if labels is None else {"label": labels})
    for dimension, values in enumerate(latents.reshape(len(latents), -1).T):
        columns[f"z{dimension}"] = [f"{value:.7g}" for value in values]
    text = io.StringIO()
    csv.writer(text).writerows([columns, *zip(*columns.values(), strict=True)])
    write(out, text.getvalue().encode())


def with_reconstructions(
    run: Run, files: tuple[Path, ...], data: str | None, count: int | None, class_name: str | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and their reconstructions: files, or the first of a set. A run of patches takes one image of any size."""
    if run.model.lifts:
        wrong = "the model's images are not of the shape of what it encodes, and do not stand beside it"
        raise TrompeError(wrong, hint="`trompe.Predictor` reconstructs in Python")
    if not (run.of_patches and files):
        images, labels, _, _ = inputs(run, files, data, count, class_name)
        return images, run.reconstruct(images, labels)
    from ..runs.tiling import reconstruct_tiled

    if (given := len(files)) > 1:
        raise TrompeError(f"whole images of {given} sizes make no grid", hint="give one image, or a folder as `--out`")
    if data is not None:
        raise TrompeError("both an image and `--data` were given", hint="give one of them")
    image, label = run.read_image(files[0]), label_of(run, class_name)
    return image[None], reconstruct_tiled(run.predictor, image, label)[None]
