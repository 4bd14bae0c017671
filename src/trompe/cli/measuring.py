"""The command that measures: `evaluate`."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from ..errors import TrompeError
from ..names import ResizeName
from .inputs import open_run
from .outputs import kind_of

if TYPE_CHECKING:
    from ..data.arrays import ImageData
    from ..measures.features import Features
    from ..measures.frechet import Moments


def evaluate(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = (),
    images: str | None = None,
    data: str | None = None,
    measures: str | None = None,
    features: str = "inception",
    resize: ResizeName = "bilinear",
    features_size: int | None = None,
    samples: int | None = None,
    codes: int | None = None,
    seed: tuple[int, ...] = (0,),
    limit: int | None = None,
    size: int | None = None,
    colour: Literal["auto", "grey", "rgb"] = "auto",
    copies: Path | None = None,
    save_moments: Path | None = None,
    snapshot: int | None = None,
    json: bool = False,
    device: str | None = None,
) -> None:
    """Measure runs, or pictures that any tool has made, or list the measures.

    A run's result is also kept in its folder, with its protocol. Several runs are shown in one table where their
    protocols agree.

    Args:
        runs: run folders.
        images: instead of runs, a folder, zip or `.npz` of pictures to compare with `--data`.
        data: a set, as in `mnist:test`, a folder or zip, or an `.npz` of moments; by default what the run was trained
            to test on.
        measures: which, with commas between: reconstruction, classification, likelihood, codes, ais, probe,
            separation, fid, kid, prdc, is, memorisation, modes, or all; by default those that are quick.
        features: what samples are compared in: `inception` (FID proper), `pixels`, a run's folder (its codes), or a
            TorchScript (.pt) or ONNX (.onnx) file of a network that takes pictures in [0, 1].
        resize: how pictures are brought to a network's size: `bilinear` (as pytorch-fid), `antialiased` (as
            clean-fid), `tensorflow` (as the first code, and StyleGAN's).
        features_size: the side of pictures that a network from a file needs, where it does not say.
        samples: how many samples are compared with data; by default as the recipe says, 10,000.
        codes: per picture, of the importance bound; by default as the recipe says.
        seed: of the noise; several give mean and spread.
        limit: measure on the first so many pictures of the data only.
        size: bring pictures of several sizes to this one first; with `--images` only.
        colour: bring pictures to grey or colour; with `--images` only.
        copies: draw the most copied of `--images` above their sources, a `.png`; a run has them under `figures/`.
        save_moments: keep the moments of the data's features, an `.npz` for later `--data`.
        snapshot: measure the weights kept at this step.
        json: print the result as JSON.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    if not runs and images is None and data is None and measures is None:
        list_measures()
        return
    counts = {"samples": samples, "codes": codes, "limit": limit, "size": size, "features-size": features_size}
    check(runs, images, data, seed, counts)
    if runs and copies is not None:
        raise TrompeError("`--copies` is for `--images`: a run has them in `figures/copies.png`", hint="leave it out")
    if save_moments is not None and len(runs) > 1:
        raise TrompeError("moments of the data of several runs make no one file", hint="give one run")
    for flag, path, suffix in (("--copies", copies, ".png"), ("--save-moments", save_moments, ".npz")):
        if path is not None:
            kind_of(path, suffix, flag=flag)
    names = tuple(word.strip() for word in measures.split(",") if word.strip()) if measures else ()
    space = shared_space(features, resize, features_size, device)
    from ..measures.results import chosen
    from ..measures.table import MEASURES

    names = tuple(MEASURES) if names == ("all",) else names
    chosen(names, images is None)  # refuses a name that is none
    settings: dict[str, Any] = {"measures": names, "features": space, "samples": samples, "limit": limit}
    if save_moments is not None:
        keep_moments(save_moments, space, runs, images, data, size, colour, limit, device)
    if images is not None and data is not None:
        results = [of_pictures(images, data, size, colour, seed[0], copies, settings)]
    else:
        results = [result for run in runs for result in of_run(run, data, seed, snapshot, device, codes, settings)]
    if json:
        print(json_format.dumps(results[0] if len(results) == 1 else together(results)))
    else:
        from .tables import show

        show(results)


def list_measures() -> None:
    """What there is to measure, and what each needs."""
    from ..measures.table import MEASURES

    for name, measure in MEASURES.items():
        print(f"{name:15} {measure.about}\n{'':15} needs: {', '.join(measure.needs)}")


def check(
    runs: Sequence[Path], images: str | None, data: str | None, seeds: Sequence[int], counts: dict[str, int | None]
) -> None:
    """Refuse what cannot be meant before anything is opened."""
    if bool(runs) == (images is not None):
        raise TrompeError("there is nothing to measure" if not runs else "both runs and `--images` were given",
                          hint="give run folders, or `--images` with a folder, zip or .npz of pictures")  # fmt: skip
    if images is not None and data is None:
        raise TrompeError("`--images` are compared with data, and none were given", hint="give `--data cifar10:test`")
    if runs and counts["size"] is not None:
        raise TrompeError("a run has a size of its own", hint="leave `--size` out")
    if not seeds or len(set(seeds)) < len(seeds):
        raise TrompeError(
            f"`--seed {' '.join(map(str, seeds))}` is not some seeds, each once", hint="as in `--seed 0 1 2`"
        )
    if min(seeds) < 0:
        raise TrompeError(f"the seed {min(seeds)} is negative", hint="seeds are whole numbers from 0 on")
    if images is not None and len(seeds) > 1:
        raise TrompeError("pictures are what they are, whatever the seed", hint="give one, or none")
    if len({run.resolve() for run in runs}) < len(runs):
        raise TrompeError("a run was given twice", hint="give each once")
    for name, number in counts.items():
        if number is not None and number < 1:
            raise TrompeError(f"`--{name} {number}` measures nothing", hint="give a number from 1 on")


def shared_space(name: str, resize: ResizeName, side: int | None, device: str | None) -> Callable[[], Features]:
    """Opens the feature space when it is first needed, and then once."""
    from functools import cache

    from ..measures.networks import opened

    return cache(partial(opened, name, resize, side, device))


def of_run(
    folder: Path,
    data: str | None,
    seeds: Sequence[int],
    snapshot: int | None,
    device: str | None,
    codes: int | None,
    settings: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """A run's results, one a seed."""
    from ..data.load import split_source
    from ..measures.results import evaluate as measure

    run = open_run(folder, device, snapshot)
    given = moments_at(data) or run.data(data)
    name = data and split_source(data)[0]

    def taught() -> ImageData:
        return run.data(name, split="train")

    for seed in seeds:
        yield measure(run, given, taught=taught, seed=seed, codes=codes, **settings)


def of_pictures(
    images: str,
    data: str,
    size: int | None,
    colour: str,
    seed: int,
    copies: Path | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """The result of pictures from elsewhere."""
    from ..data.load import load_whole, own_splits
    from ..grids import save_picture
    from ..measures.results import evaluate_pictures
    from ..progress import note

    pictures = load_whole(images, size=size, colour=colour)
    given = moments_at(data) or load_whole(data, size=size, colour=colour)
    own = partial(own_splits, data, size, colour)
    result, picture = evaluate_pictures(pictures, given, own, seed=seed, **settings)
    if copies is not None and picture is None:
        note(f"`{copies}` is not drawn: no copies were looked for")
    elif copies is not None and picture is not None:
        save_picture(copies, picture)
    return {"images": images} | result


def moments_at(data: str | None) -> Moments | None:
    """The moments in an `.npz`, unless it is one of pictures."""
    from ..measures.frechet import holds_moments, read_moments

    if data is None or not data.endswith(".npz"):
        return None
    return read_moments(Path(data)) if holds_moments(Path(data)) else None


def keep_moments(
    path: Path,
    space: Callable[[], Features],
    runs: Sequence[Path],
    images: str | None,
    data: str | None,
    size: int | None,
    colour: str,
    limit: int | None,
    device: str | None,
) -> None:
    """Write the moments of the data's features."""
    from ..data.load import load_whole
    from ..measures.features import extract
    from ..measures.frechet import save_moments as write
    from ..measures.subject import moments, reference_protocol

    if moments_at(data) is not None:
        raise TrompeError(f"`{data}` is moments already", hint="copy the file")
    pictures = (
        load_whole(str(data), size=size, colour=colour) if images is not None else open_run(runs[0], device).data(data)
    )
    pictures = pictures.take(slice(0, limit))
    write(path, moments(extract(space(), pictures, keep=True), reference_protocol(space(), pictures)))


def together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Several results, and what they say as repetitions of one, where they are that."""
    from ..measures.results import repetitions, spread

    answer: dict[str, Any] = {"results": results}
    if repetitions(results):
        answer["spread"] = {name: {"mean": mean, "std": std} for name, (mean, std) in spread(results).items()}
    return answer
