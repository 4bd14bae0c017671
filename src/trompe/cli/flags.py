"""Flags that several commands share, and what they stand for: runs, images, classes, latents."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import TrompeError, nearest
from ..files import check_run, expanded, read_npz

if TYPE_CHECKING:
    import torch

    from ..data.samples import Samples
    from ..runs.run import Run

Folder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN", help="The run folder.")]
Images = Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="IMAGES")]
Class = Annotated[
    str | None,
    tyro.conf.arg(name="class", metavar="NAME", help="The class, by name or number, of a class-conditional model."),
]
Count = Annotated[int, tyro.conf.arg(aliases=["-n"])]
Data = Annotated[
    str | None,
    tyro.conf.arg(
        metavar="SOURCE",
        help="A named set such as `mnist:test`, a folder, a zip or an image; by default the run's test set.",
    ),
]
Device = Annotated[str | None, tyro.conf.arg(metavar="NAME", help="`cpu`, `cuda`, ...; by default the best available.")]
Force = Annotated[bool, tyro.conf.arg(help="Overwrite also files that trompe did not write, or reads.")]
Json = Annotated[bool, tyro.conf.arg(help="Print the result as JSON.")]
Snapshot = Annotated[int | None, tyro.conf.arg(metavar="STEP", help="Use the weights kept at this step.")]


def open_run(folder: Path, device: str | None, snapshot: int | None = None) -> Run:
    check_run(folder)
    from ..runs.run import Run

    return Run(folder, device=device, snapshot=snapshot)


def check_paths(run: Path, files: tuple[Path, ...] = (), data: str | None = None) -> None:
    """Refuse a run, image files and a source that are not there, before torch is imported, which takes seconds.

    Raises:
        TrompeError: one of them is not there.
    """
    from ..options.data import split_source

    check_run(run)
    for path in files:
        if not path.exists():
            raise TrompeError(f"there is no image at `{path}`", hint="check the path")
    place, _ = split_source(data or "")
    if ("/" in place or os.sep in place) and not expanded(place).exists():
        raise TrompeError(f"there is nothing at `{place}`", hint="check the path; `trompe data` lists the named sets")


def inputs(
    run: Run, files: tuple[Path, ...], data: str | None, count: int | None, class_name: str | None
) -> tuple[torch.Tensor, Any, list[str], tuple[str, ...]]:
    """Images for a run with their labels, names and names of classes: files, or the first of a set."""
    if files:
        if data is not None:
            raise TrompeError("both image files and `--data` were given", hint="give one of them")
        label = label_of(run, class_name)
        names = [str(path) for path in files]
        return run.read_images(files), label and label * len(files), names, run.record.data.format.class_names
    if class_name is not None:
        raise TrompeError("`--class` is for image files; a set has its own labels", hint="leave it out")
    if count is not None and count < 1:
        raise TrompeError(f"cannot take {count} images", hint="give `-n` a number of at least 1")
    samples, part = chosen(run, data)
    first = samples.take(slice(0, count))
    from ..terminal import note
    from ..text import counted

    part = part if len(first) == len(samples) else f"the first of {len(samples):,}, {part}"
    note(f"{counted(len(first), 'image')}: {part}")
    return first.images_as_floats(), first.labels, list(first.names), first.class_names


def chosen(run: Run, data: str | None) -> tuple[Samples, str]:
    """The samples of a source for a run, and which part of it they are: of a named set its test split, of a user's own
    images all of them.
    """
    from ..data.load import is_path
    from ..data.sources.files import SUFFIXES
    from ..options.data import split_source

    if data is None:
        return run.data(), "those this run was tested on"
    name, split = split_source(data)
    if split or not is_path(name):
        return run.data(data), f"the {split or 'test'} split of `{name}`"
    if expanded(name).is_file() and Path(name).suffix.lower() in SUFFIXES:
        return run.data(data), f"`{name}`"
    return run.data(name, split="all"), f"all of `{name}`"


def latent_of(run: Run, name: str, label: list[int] | None) -> torch.Tensor:
    """The latent, as one row, of an image file, of a seed (the first image of `trompe sample --seed SEED`), of
    `SEED:INDEX` (another of them, from 0), or of an `.npz` of latents (its first, or `FILE.npz:INDEX`).
    """
    file, _, place = name.rpartition(":") if re.search(r"\.npz:[0-9]+$", name) else (name, "", "0")
    if file.endswith(".npz"):
        latents, _ = latents_in(run, Path(file))
        if int(place) >= len(latents):
            raise TrompeError(f"`{file}` holds {len(latents)} latents, and no number {place}", hint="they count from 0")
        return latents[int(place) : int(place) + 1]
    if not Path(name).exists() and re.fullmatch(r"[0-9]+(:[0-9]+)?", name):
        if run.model.prior is None:
            raise TrompeError("a plain autoencoder has no prior to draw a seed from", hint="give two image files")
        seed, _, place = name.partition(":")
        return run.model.latents_from_noise(run.predictor.noise(int(place or 0) + 1, int(seed))[-1:])
    images = run.read_images([name])
    if "encoder" not in run.model.networks:
        hint = f"find one, `trompe invert {run.folder} {name} --out found.npz`, and give `found.npz`"
        raise TrompeError(f"this model has no encoder to give `{name}` a latent", hint=hint)
    return run.encode(images, label)


def latents_in(run: Run, path: Path) -> tuple[torch.Tensor, list[int] | None]:
    """The latents in an `.npz`, as `encode` and `invert` write them, and a class-conditional model's classes."""
    from ..runs.predictor import as_numbers

    arrays = read_npz(path)
    if "latents" not in arrays:
        known = ", ".join(arrays)
        raise TrompeError(f"`{path}` has no array `latents` (it has: {known})", hint="`trompe encode` writes one")
    latents, shape = as_numbers(arrays["latents"], "latents").float(), run.model.latent_shape
    if tuple(latents.shape[1:]) != shape:
        wrong = f"`{path}` holds latents of shape {tuple(latents.shape)}, and this model's have {shape}"
        raise TrompeError(wrong, hint="give latents of this run")
    conditional = run.model.num_classes > 0 and "labels" in arrays
    return latents, arrays["labels"].tolist() if conditional else None


def label_of(run: Run, name: str | None) -> list[int] | None:
    """The label for images that come without: a class by its name or number, which a class-conditional model needs."""
    names = run.record.data.format.class_names
    if name is None and run.model.num_classes:
        raise TrompeError("this model is class-conditional and needs the class", hint="give `--class NAME`")
    if name is None:
        return None
    if run.model.num_classes == 0:
        raise TrompeError("this model is not class-conditional", hint="train `cvae` or `cgan`, or leave `--class` out")
    if name in names:
        return [names.index(name)]
    if re.fullmatch("[0-9]{1,9}", name) and int(name) < len(names):
        return [int(name)]
    raise TrompeError(f"no class is named `{name}`", hint=nearest(name, names))
