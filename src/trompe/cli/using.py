"""Commands that use a trained model on pictures: `sample`, `reconstruct`, `encode`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import TrompeError
from .inputs import ClassName, Pictures, RunFolder, class_number, inputs, label_of, open_run
from .outputs import kind_of, save_arrays, write_images, write_picture

if TYPE_CHECKING:
    import torch

    from ..run import Run

Count = Annotated[int, tyro.conf.arg(aliases=["-n"])]
LARGEST_GRID = 10_000


def sample(
    run: RunFolder,
    count: Count = 64,
    seed: int = 0,
    out: Path = Path("samples.png"),
    grid: str | None = None,
    class_name: ClassName = None,
    snapshot: int | None = None,
    device: str | None = None,
) -> None:
    """Sample new pictures from a run.

    Args:
        run: the run folder.
        count: how many.
        seed: the same seed gives the same pictures; the first of them are the same however many are made.
        out: a `.png` grid, an `.npz` array, or a folder for one file each.
        grid: rows and columns of the grid, as in 8x8; sets the count.
        class_name: the class to make, by name or number, where the model is class-conditional.
        snapshot: use the weights kept at this step.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    columns = None
    if grid is not None:
        rows, columns = grid_of(grid)
        count = rows * columns
    if count < 1:
        raise TrompeError(f"cannot sample {count} pictures", hint="give `-n` a number from 1 on")
    kind = kind_of(out, ".png", ".npz", "")
    if kind == ".png" and count > LARGEST_GRID:
        raise TrompeError(
            f"a grid of {count:,} pictures is too large to look at", hint="give `--out` an .npz or a folder"
        )
    opened = open_run(run, device, snapshot)
    labels = None if class_name is None else [class_number(opened, class_name)] * count  # by default each in turn
    write_images(out, kind, opened.sample(count, seed=seed, labels=labels), columns)


def reconstruct(
    run: RunFolder,
    pictures: Pictures = (),
    data: str | None = None,
    count: Count = 32,
    out: Path = Path("reconstructions.png"),
    class_name: ClassName = None,
    device: str | None = None,
) -> None:
    """Reconstruct pictures: each row above what came back. A denoising run restores them.

    Args:
        run: the run folder.
        pictures: picture files, scaled to the run's size; a run of patches takes them in their own size, one at a time
            unless `--out` is a folder. By default pictures of `--data`.
        data: a set, as in `mnist:test`; by default what the run was trained to test on.
        count: how many pictures of the set.
        out: a `.png` of each row above what came back, an `.npz` of both arrays, or a folder for what came back alone,
            a file a picture.
        class_name: the class of the picture files, where the model is class-conditional.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    kind = kind_of(out, ".png", ".npz", "")
    opened = open_run(run, device)
    if pictures and kind == "":
        restore_each(opened, pictures, data, class_name, out)
        return
    images, reconstructed = with_reconstructions(opened, pictures, data, count, class_name)
    if kind == "":
        write_images(out, kind, reconstructed, None)
        return
    if kind == ".npz":
        save_arrays(out, images=images.numpy(), reconstructions=reconstructed.numpy())
    else:
        from ..grids import save_picture, side_by_side

        save_picture(out, side_by_side(images, reconstructed, min(8, len(images))))
    print(out)


def encode(
    run: RunFolder,
    pictures: Pictures = (),
    data: str | None = None,
    count: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None,
    out: Path = Path("codes.npz"),
    class_name: ClassName = None,
    device: str | None = None,
) -> None:
    """Encode pictures to their codes.

    Args:
        run: the run folder.
        pictures: picture files; by default pictures of `--data`.
        data: a set, as in `mnist:test`; by default what the run was trained to test on.
        count: how many pictures of the set; by default all.
        out: an `.npz` (`codes`, and `labels`, `class_names`, `names` where there are any), or a `.csv`.
        class_name: the class of the picture files, where the model is class-conditional.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    kind = kind_of(out, ".npz", ".csv")
    opened = open_run(run, device)
    images, labels, names, classes = inputs(opened, pictures, data, count, class_name)
    codes = opened.encode(images, labels).numpy()
    if kind == ".npz":
        known: dict[str, Any] = {} if labels is None else {"labels": labels, "class_names": list(classes)}
        save_arrays(out, codes=codes, **known, **({"names": names} if names else {}))
    else:
        import csv
        import io

        text = io.StringIO()
        rows = csv.writer(text)
        head = (["name"] if names else []) + (["label"] if labels is not None else [])
        rows.writerow([*head, *(f"z{number}" for number in range(codes.shape[1]))])
        for place, code in enumerate(codes):
            first = ([names[place]] if names else []) + ([str(labels[place])] if labels is not None else [])
            rows.writerow([*first, *(f"{value:.7g}" for value in code)])
        from ..files import write_bytes

        write_bytes(out, text.getvalue().encode())
    print(out)


def with_reconstructions(
    run: Run, pictures: tuple[Path, ...], data: str | None, count: int | None, class_name: str | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and what comes back of them: files, or the first of a set."""
    if run.of_patches and pictures:
        return whole_picture(run, pictures, data, class_name)
    images, labels, _, _ = inputs(run, pictures, data, count, class_name)
    return images, run.reconstruct(images, labels)


def whole_picture(
    run: Run, pictures: tuple[Path, ...], data: str | None, class_name: str | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """One picture in its own size, and what a model of patches makes of it."""
    from ..tiles import reconstruct_tiled

    if len(pictures) > 1:
        raise TrompeError(
            f"whole pictures of {len(pictures)} sizes make no grid",
            hint="give one picture, or a folder as `--out`",
        )
    if data is not None:
        raise TrompeError("both a picture and `--data` were given", hint="give one of them")
    image, label = run.read_picture(pictures[0]), label_of(run, class_name)
    return image[None], reconstruct_tiled(run, image, label)[None]


def restore_each(run: Run, pictures: tuple[Path, ...], data: str | None, class_name: str | None, folder: Path) -> None:
    """What comes back of each picture, in a file of the picture's name."""
    stems = [path.stem for path in pictures]
    if len(set(stems)) < len(stems):
        raise TrompeError("two of the pictures have one name, and would be one file", hint="restore them one by one")
    for path in pictures:
        _, reconstructed = with_reconstructions(run, (path,), data, None, class_name)
        write_picture(folder / f"{path.stem}.png", reconstructed[0])
    print(folder)


def grid_of(text: str) -> tuple[int, int]:
    if match := re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text):
        return int(match[1]), int(match[2])
    raise TrompeError(f"`--grid {text}` is not rows x columns", hint="write it as 8x8")
