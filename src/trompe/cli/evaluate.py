"""The command that measures: `evaluate`."""

from __future__ import annotations

import json as json_format
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import TrompeError
from ..files import expanded
from ..options.data import Size
from ..options.names import ColorName, ResizeName
from .flags import Device, Force, Json, Snapshot, check_paths, open_run
from .outputs import may_write, print_rows, remember, suffix_of

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..measures.features import Features
    from ..measures.moments import Moments
    from ..measures.result import Result
    from ..runs.run import Run

    Compared = Callable[[Callable[..., Samples]], Samples | Moments]

Whole = Annotated[int | None, tyro.conf.arg(metavar="INT")]


def evaluate(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = (),
    images: Annotated[str | None, tyro.conf.arg(metavar="SOURCE")] = None,
    data: Annotated[str | None, tyro.conf.arg(metavar="SOURCE")] = None,
    measures: Annotated[str | None, tyro.conf.arg(metavar="NAMES")] = None,
    features: str = "inception",
    resize: ResizeName = "bilinear",
    features_size: Whole = None,
    trust: bool = False,
    samples: Whole = None,
    importance_samples: Whole = None,
    seed: tuple[int, ...] = (0,),
    limit: Whole = None,
    size: Size = None,
    color: ColorName = "auto",
    copies: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None,
    save_moments: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None,
    snapshot: Snapshot = None,
    json: Json = False,
    force: Force = False,
    device: Device = None,
) -> None:
    """Measure runs, or images that any tool has generated; alone, list the measures.

    A run's result is also kept in its folder, with its protocol. Several runs are shown in one table where their
    protocols agree.

    Args:
        runs: Run folders.
        images: Instead of runs, a folder, zip or `.npz` of images to compare with `--data`.
        data: A named set such as `mnist:test`, a folder or zip, or an `.npz` of moments; by default the run's test set.
        measures: Names separated by commas, or `all`; by default those that are quick. `trompe evaluate` lists them.
        features: The space in which samples are compared: `inception` (for FID), `pixels`, or a run's folder (latents);
            or an ONNX (.onnx) network that takes images in [0, 1], or with `--trust` a TorchScript (.pt) one.
        resize: Resizing for a network: `bilinear` (pytorch-fid), `antialiased` (clean-fid), `tensorflow` (StyleGAN).
        features_size: The image size that a network from a file needs, where it does not say.
        trust: Run the code in a TorchScript network: only for files whose maker you trust. ONNX files run none.
        samples: Generated samples to compare with data; by default the recipe's number.
        importance_samples: Importance samples per image (K) of the IWAE bound; by default the recipe's number.
        seed: Seed of the noise; several give mean and standard deviation.
        limit: Measure on this many images at most.
        size: Resize images of several sizes to this one first; with `--images` only.
        color: Convert images to grayscale or color; with `--images` only.
        copies: Draw the most copied of `--images` above their sources, a `.png`; a run has them under `figures/`.
        save_moments: Save the moments of the data's features, an `.npz` for later `--data`.
    """
    if not runs and images is None and data is None and measures is None:
        from ..measures import MEASURES

        print_rows({name: f"{row.about}\nrequires: {', '.join(row.requires)}" for name, row in MEASURES.items()})
        return
    counts = {
        "samples": samples,
        "importance-samples": importance_samples,
        "limit": limit,
        "features-size": features_size,
    }
    check(runs, images, data, seed, counts)
    if runs and size is not None:
        raise TrompeError("a run has a size of its own", hint="leave `--size` out")
    if runs and copies is not None:
        raise TrompeError("`--copies` is for `--images`: a run has them in `figures/copies.png`", hint="leave it out")
    if save_moments is not None and len(runs) > 1:
        raise TrompeError("the data of several runs have no moments in common", hint="give one run")
    for flag, path, suffix in (("--copies", copies, ".png"), ("--save-moments", save_moments, ".npz")):
        if path is not None:
            suffix_of(path, suffix, flag=flag)
            may_write(path, (images, data), force)
    for run in runs:
        check_paths(run, data=data)
        say_if_read_only(run)
    from ..measures import MEASURES, opened
    from ..measures.evaluate import named

    names = list(MEASURES) if measures and measures.strip() == "all" else named(measures or "")
    space = cache(partial(opened, features, resize, features_size, device, trust))  # opened when it is first needed
    settings: dict[str, Any] = {"measures": names, "features": space, "samples": samples, "limit": limit}
    compared = partial(reference, data, save_moments, space, limit)
    if images is not None:
        sizing: dict[str, Any] = {"size": size, "color": color}
        results = [of_images(images, str(data), compared, copies, sizing, seed=seed[0], **settings)]
    else:
        settings["importance_samples"] = importance_samples
        opened_runs = (open_run(run, device, snapshot) for run in runs)
        results = [one for run in opened_runs for one in of_run(run, data, compared, seed, settings)]
    if json:
        print(json_format.dumps(results[0].to_json() if len(results) == 1 else together(results)))
    else:
        from .tables import show

        show(results)


def say_if_read_only(run: Path) -> None:
    """Say before it is measured that a run's result cannot be kept in its folder."""
    if not os.access(run, os.W_OK):
        from ..terminal import note

        note(f"`{run}` is read-only: its result is printed, and not kept there")


def check(
    runs: Sequence[Path], images: str | None, data: str | None, seeds: Sequence[int], counts: dict[str, int | None]
) -> None:
    """Refuse what cannot be meant before anything is opened."""
    if bool(runs) == (images is not None):
        raise TrompeError("there is nothing to measure" if not runs else "both runs and `--images` were given",
                          hint="give run folders, or `--images` with a folder, zip or .npz of images")  # fmt: skip
    if images is not None and data is None:
        raise TrompeError("`--images` are compared with data, and none were given", hint="give `--data cifar10:test`")
    if not seeds or len(set(seeds)) < len(seeds):
        listed = " ".join(map(str, seeds))
        raise TrompeError(f"`--seed {listed}` is not a list of different seeds", hint="as in `--seed 0 1 2`")
    if min(seeds) < 0:
        raise TrompeError(f"the seed {min(seeds)} is negative", hint="seeds are whole numbers from 0")
    if images is not None and len(seeds) > 1:
        raise TrompeError("images do not depend on a seed", hint="give one, or none")
    if len({run.resolve() for run in runs}) < len(runs):
        raise TrompeError("a run was given twice", hint="give each once")
    for name, number in counts.items():
        if number is not None and number < 1:
            raise TrompeError(f"`--{name} {number}` measures nothing", hint="give a number of at least 1")


def reference(
    data: str | None, save: Path | None, space: Callable[[], Features], limit: int | None, load: Callable[..., Samples]
) -> Samples | Moments:
    """What is compared with: moments from an `.npz`, or samples, the moments of whose features are then saved."""
    from ..measures.moments import data_moments, moments_in, save_moments

    if data is not None and (moments := moments_in(data)) is not None:
        if save is not None:
            raise TrompeError(f"`{data}` is moments already", hint="copy the file")
        return moments
    samples = load(data)
    if save is not None:
        save_moments(expanded(save), data_moments(space(), samples.take(slice(0, limit))))
        remember(expanded(save))
    return samples


def of_run(
    run: Run, data: str | None, compared: Compared, seeds: Sequence[int], settings: dict[str, Any]
) -> list[Result]:
    """A run's results, one per seed."""
    from ..measures import evaluate as measure
    from ..options.data import split_source

    given = compared(run.data)
    probe_data = cache(partial(run.data, data and split_source(data)[0], split="train"))
    return [measure(run, given, probe_data=probe_data, seed=seed, **settings) for seed in seeds]


def of_images(
    images: str, data: str, compared: Compared, copies: Path | None, sizing: dict[str, Any], **settings: Any
) -> Result:
    """The result of images from elsewhere."""
    from ..data.load import load_whole, own_splits
    from ..display.grid import save_image
    from ..measures import evaluate_samples
    from ..terminal import note

    samples, given = load_whole(images, **sizing), compared(partial(load_whole, **sizing))
    result, image = evaluate_samples(samples, given, partial(own_splits, data, **sizing), **settings)
    if copies is not None and image is None:
        note(f"`{copies}` is not drawn: no copies were looked for")
    elif copies is not None and image is not None:
        save_image(expanded(copies), image)
        remember(expanded(copies))
    return replace(result, source=images)


def together(results: list[Result]) -> dict[str, Any]:
    """Several results, and their spread where they are repetitions of one experiment."""
    from ..measures.result import repetitions, spread

    answer: dict[str, Any] = {"results": [result.to_json() for result in results]}
    if repetitions(results):
        answer["spread"] = {name: {"mean": mean, "std": std} for name, (mean, std) in spread(results).items()}
    return answer
