"""What commands are given: a run, pictures, classes, codes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import TrompeError, nearest

if TYPE_CHECKING:
    import torch

    from ..run import Run

RunFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
Pictures = Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PICTURES")]
ClassName = Annotated[str | None, tyro.conf.arg(name="class")]


def open_run(folder: Path, device: str | None, snapshot: int | None = None) -> Run:
    from ..run import load

    return load(folder, device=device, snapshot=snapshot)


def inputs(
    run: Run, pictures: tuple[Path, ...], data: str | None, count: int | None, class_name: str | None
) -> tuple[torch.Tensor, Any, list[str], tuple[str, ...]]:
    """Pictures for a run with their labels, names and names of classes: files, or the first of a set."""
    if pictures:
        if data is not None:
            raise TrompeError("both picture files and `--data` were given", hint="give one of them")
        label = label_of(run, class_name)
        names = [str(path) for path in pictures]
        return run.read_pictures(pictures), label and label * len(pictures), names, run.record.data.class_names
    if class_name is not None:
        raise TrompeError("`--class` is for picture files; a set has its own labels", hint="leave it out")
    if count is not None and count < 1:
        raise TrompeError(f"cannot take {count} pictures", hint="give `-n` a number from 1 on")
    chosen = run.data(data).take(slice(0, count))
    return chosen.images_as_floats(), chosen.labels, list(chosen.names), chosen.class_names


def code_of(run: Run, name: str, label: list[int] | None) -> torch.Tensor:
    """The code, as one row, of a picture file, of a seed (the first picture of `trompe sample --seed SEED`), of
    `SEED:PLACE` (another of them, from 0), or of an `.npz` of codes (its first, or `FILE.npz:PLACE`).
    """
    file, _, place = name.rpartition(":") if re.search(r"\.npz:\d+$", name) else (name, "", "0")
    if file.endswith(".npz"):
        codes, _ = codes_in(run, Path(file))
        if int(place) >= len(codes):
            raise TrompeError(f"`{file}` holds {len(codes)} codes, and no number {place}", hint="they count from 0")
        return codes[int(place) : int(place) + 1]
    if not Path(name).exists() and re.fullmatch(r"\d+(:\d+)?", name):
        if run.model.prior is None:
            raise TrompeError("an autoencoder's codes have no prior to draw a seed from", hint="give two picture files")
        seed, _, place = name.partition(":")
        return run.model.codes_from(run.noise(int(place or 0) + 1, int(seed))[-1:])
    pictures = run.read_pictures([name])
    if run.model.encoder is None:
        raise TrompeError(
            f"this model has no encoder to give `{name}` a code",
            hint=f"find one, `trompe invert {run.folder} {name} --out found.npz`, and give `found.npz`",
        )
    return run.encode(pictures, label)


def codes_in(run: Run, path: Path) -> tuple[torch.Tensor, list[int] | None]:
    """The codes in an `.npz`, as `encode` and `invert` write them, and for a model that is told them their classes."""
    import torch

    from ..files import read_npz

    arrays = read_npz(path)
    if "codes" not in arrays:
        raise TrompeError(f"`{path}` has no array `codes` (it has: {', '.join(arrays)})", hint="`encode` writes one")
    codes = torch.from_numpy(arrays["codes"]).float()
    if codes.ndim != 2 or codes.shape[1] != run.model.latent:
        raise TrompeError(
            f"`{path}` holds codes of shape {tuple(codes.shape)}, and this model's have {run.model.latent} numbers",
            hint="give codes of this run",
        )
    told = run.model.num_classes > 0 and "labels" in arrays
    return codes, arrays["labels"].tolist() if told else None


def label_of(run: Run, class_name: str | None) -> list[int] | None:
    """The one label for pictures that come without: a class-conditional model needs it said."""
    if class_name is not None:
        return [class_number(run, class_name)]
    if run.model.num_classes:
        raise TrompeError("this model is class-conditional: it must be told the class", hint="give `--class NAME`")
    return None


def class_number(run: Run, name: str) -> int:
    """A class by its name or its number."""
    names = run.record.data.class_names
    if run.model.num_classes == 0:
        raise TrompeError("this model is not class-conditional", hint="train `cvae` or `cgan`, or leave `--class` out")
    if name in names:
        return names.index(name)
    if name.isdigit() and int(name) < len(names):
        return int(name)
    raise TrompeError(f"no class is named `{name}`", hint=nearest(name, names))
