"""What `trompe evaluate` does: measures taken, and stamped with their protocol."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.samples import Samples
from ..display.grid import Pixels
from ..errors import TrompeError
from ..runs.run import Run
from ..terminal import note
from ..version import __version__
from . import memorization
from .features import Features
from .moments import Moments, moments_in
from .requirements import unmet
from .result import Result, keep
from .table import MEASURES, Measured, Own, Subject


def evaluate(
    run: Run | str | Path,
    data: Samples | Moments | str | Path | None = None,
    *,
    measures: str | Sequence[str] = (),
    features: str | Callable[[], Features] = "inception",
    importance_samples: int | None = None,
    samples: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    probe_data: Callable[[], Samples] | None = None,
) -> Result:
    """Measure a run, and add the result to the run's folder; where nothing can be written there, a note says so.

    Args:
        run: a run, or its folder.
        data: samples to measure on and to compare generated ones with, by default those the run was trained to test on;
            or moments alone, for a Frechet distance; or where to find either, as `--data` takes it.
        measures: names, in a list or separated by commas; by default those usual for a run. What the model does not
            allow is skipped, with the reason.
        features: the space in which samples are compared with data, by a name that `opened` knows, or what opens it.
        importance_samples: per image (K), of the IWAE bound; by default as the recipe says.
        samples: compared with data; by default as the recipe says.
        seed: of all noise.
        limit: measure on this many images at most.
        probe_data: gives the samples that a probe is trained on, by default those the run was trained on.

    Raises:
        TrompeError: an argument is something else, a measure has no such name, or none of those named can be taken.
    """
    run, names = opened_run(run), named(measures)
    data = reference(run, data)
    recipe = run.record.recipe
    subject = Subject(
        data,
        features,
        cache(partial(own_samples, run)),
        cache(probe_data or partial(run.data, split="train")),
        run.predictor,
        folder=run.folder,
        importance_samples=importance_samples or recipe.evaluate.importance_samples,
        count=samples or recipe.evaluate.samples,
        seed=seed,
        limit=limit,
    )
    result, image = taken(subject, names)
    try:
        keep(run.folder, result, image)
    except (TrompeError, OSError) as error:  # what took long to measure is not lost
        note(f"the result is not kept: {str(error).splitlines()[0]}")
    return result


def opened_run(run: object) -> Run:
    if isinstance(run, str | Path):
        return Run(run)
    if not isinstance(run, Run):
        raise TrompeError(
            f"`evaluate` measures a run, not a {type(run).__name__}",
            hint='give `trompe.load("runs/mine")`; `evaluate_samples` measures images from elsewhere',
        )
    return run


def named(measures: object) -> list[str]:
    """The names of measures: a list, or one text with commas between.

    Raises:
        TrompeError: it is neither, or no measure has such a name.
    """
    words = measures.split(",") if isinstance(measures, str) else measures
    if not isinstance(words, list | tuple | set | frozenset) or not all(isinstance(word, str) for word in words):
        raise TrompeError(f"`measures` is {measures!r:.80}", hint='give names, as in `measures=["fid", "kid"]`')
    return [MEASURES[word.strip()].name for word in words if word.strip()]


def reference(run: Run, data: object) -> Samples | Moments:
    """What a run is measured on, from what was given for it."""
    if data is None:
        return run.data()
    if isinstance(data, Samples | Moments):
        return data
    if isinstance(data, str | Path):
        return moments_in(data) or run.data(str(data))
    if isinstance(data, list | tuple) and data and all(isinstance(one, str) for one in data):
        raise TrompeError(f"{list(data)} is no data to measure on", hint=f"name measures by `measures={list(data)}`")
    raise TrompeError(
        f"a {type(data).__name__} is no data to measure on",
        hint='give `trompe.Samples(images, "mine")` of an array (N, C, height, width), or the name of a set',
    )


def evaluate_samples(
    generated: Samples,
    data: Samples | Moments,
    own: Own,
    *,
    measures: str | Sequence[str] = (),
    features: str | Callable[[], Features] = "inception",
    samples: int | None = None,
    seed: int = 0,
    limit: int | None = None,
) -> tuple[Result, Pixels | None]:
    """Measure samples that any tool has generated against data, as `evaluate` measures those of a run; also the most
    copied beside their sources, where memorization was measured.

    Args:
        own: gives the samples they were learned from, and held-out ones.
        samples: compare this many, by default all.
    """
    own, count = cache(own), samples or len(generated)
    subject = Subject(data, features, own, lambda: own()[0], generated=generated, count=count, seed=seed, limit=limit)
    return taken(subject, named(measures))


def own_samples(run: Run) -> tuple[Samples, Samples]:
    """What a run was trained on, and what was held out.

    Raises:
        TrompeError: one of them is not known.
    """
    train, held_out = run.data(split="train"), run.data()
    if train.fingerprint == held_out.fingerprint:
        raise TrompeError("all its images were trained on, and none held out", hint="train on more images")
    return train, held_out


def taken(subject: Subject, names: Sequence[str] = ()) -> tuple[Result, Pixels | None]:
    """The measures of a subject, and the image that one of them drew."""
    started = time.perf_counter()
    slots = set() if subject.predictor is None else subject.predictor.model.networks.keys()
    functions = chosen(names, encodes=not slots.isdisjoint({"encoder", "table"}))
    skipped = {name: reason for name in functions if (reason := unmet(subject, MEASURES[name]))}  # before any is taken
    found: dict[str, Measured] = {}
    for name in [name for name in functions if name not in skipped]:
        try:
            found[name] = functions[name](subject)
        except TrompeError as error:  # too few images for it, for instance: the others keep their values
            skipped[name] = str(error).splitlines()[0]
    if not (set(found) & set(names) if names else found):  # what stands beside others by default is none
        grouped = {reason: [name for name in skipped if skipped[name] == reason] for reason in skipped.values()}
        why = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in grouped.items())
        raise TrompeError(
            f"nothing can be measured: {why}", hint="`trompe evaluate` alone lists the measures and what they require"
        )
    image = next((one.image for one in found.values() if one.image is not None), None)
    drawn = np.ascontiguousarray(subject.samples.images) if "samples" in subject.__dict__ else None
    result = Result(
        source=str(subject.folder or (subject.generated.name if subject.generated else "a predictor")),
        step=None if subject.predictor is None else subject.predictor.step,
        values={name: value for one in found.values() for name, value in one.values.items()},
        measures={name: list(one.values) for name, one in found.items()},
        protocol=common(subject),
        protocols={name: one.protocol for name, one in found.items()},
        skipped=skipped,
        samples_hash=None if drawn is None else hashlib.sha256(drawn.data).hexdigest()[:32],
        seconds=round(time.perf_counter() - started, 1),
        versions={"trompe": __version__, "torch": torch.__version__, "numpy": np.__version__},
    )
    return result, image


def chosen(names: Sequence[str], *, encodes: bool) -> dict[str, Callable[[Subject], Measured]]:
    """The functions of the measures named, in the table's order, or of those that are usual for a run that has
    latents of images, or for samples; beside a Frechet distance always whether it is one of copies.
    """
    usual = {name for name, one in MEASURES.items() if (one.default if encodes else one.default_for_samples)}
    wanted = {MEASURES[name].name for name in names} or usual
    functions = {name: one.take for name, one in MEASURES.items() if name in wanted}
    if "fid" in wanted and "memorization" not in names:
        functions["memorization"] = partial(memorization.of_samples, requested=False)
    return functions


def common(subject: Subject) -> dict[str, Any]:
    """The part of the protocol that all measures share."""
    data: Any = subject.data if isinstance(subject.data, Moments) else subject.test
    if isinstance(data, Moments):
        known = {"data": data.protocol.get("data", "moments"), "images": data.count, "fingerprint": data.fingerprint}
    else:
        known = {"data": data.name, "fingerprint": data.fingerprint, "size": data.dimensions, "images": len(data)}
    return known | {"seed": subject.seed}
