"""What `trompe evaluate` does: measures taken, stamped with their protocol, kept, and brought together."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch

from .. import __version__
from ..data.arrays import ImageData
from ..errors import TrompeError, nearest
from ..files import write_bytes
from ..grids import Pixels, save_picture
from ..record import read_record
from ..rules import to_json
from ..run import Run
from .features import Features
from .frechet import Moments
from .needs import UNMET
from .networks import opened
from .subject import MeasureOptions, Own, Subject, own_pictures
from .table import MEASURES, Measured, memorisation_of

MEASURES_NAME = "measures.jsonl"
COPIES_NAME = "copies.png"


def evaluate(
    run: Run,
    data: ImageData | Moments | None = None,
    *,
    measures: Sequence[str] = (),
    features: str | Callable[[], Features] = "inception",
    codes: int | None = None,
    samples: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    taught: Callable[[], ImageData] | None = None,
) -> dict[str, Any]:
    """Measure a run, and add the result to the run's folder.

    Args:
        data: pictures to measure on and to compare samples with, by default what the run was trained to test on; or
            moments alone, for a Frechet distance.
        measures: which, by name; by default those usual for a run. What the model lacks is left out, and why is said.
        features: the space in which samples are compared with data, by a name that `opened` knows, or what opens it.
        codes: per picture, of the importance bound; by default as the recipe says.
        samples: how many are compared with data; by default as the recipe says.
        seed: of all noise.
        limit: measure on the first so many pictures only.
        taught: gives the pictures that a probe learns from, by default those the run was trained on.

    Returns:
        `figures` by name, `protocol` (of all measures, and of each under its name), what was `skipped` and why, and
        what they were made by.

    Raises:
        TrompeError: a measure has no such name, or none of those named can be taken.
    """
    data = run.data() if data is None else data
    own = cache(partial(own_pictures, run))
    taught = cache(taught or partial(run.data, split="train"))
    options = MeasureOptions(
        codes=codes or run.record.recipe.evaluate.codes,
        samples=samples or run.record.recipe.evaluate.samples,
        seed=seed,
        limit=limit,
    )
    subject = Subject(data, options, opener(features), own, taught, run)
    result, picture = taken(subject, measures)
    keep(run.folder, result, picture)
    return result


def evaluate_pictures(
    pictures: ImageData,
    data: ImageData | Moments,
    own: Own,
    *,
    measures: Sequence[str] = (),
    features: str | Callable[[], Features] = "inception",
    samples: int | None = None,
    seed: int = 0,
    limit: int | None = None,
) -> tuple[dict[str, Any], Pixels | None]:
    """Measure pictures that any tool has made against data, as `evaluate` measures samples; also the most copied
    beside their sources, where copying was measured.

    Args:
        own: gives the pictures they were learned from, and held-out ones of their kind.
        samples: look at the first so many, by default at all.
    """
    options = MeasureOptions(samples=samples or len(pictures), seed=seed, limit=limit)
    own = cache(own)
    subject = Subject(data, options, opener(features), own, lambda: own()[0], None, pictures)
    return taken(subject, measures)


def opener(features: str | Callable[[], Features]) -> Callable[[], Features]:
    return partial(opened, features) if isinstance(features, str) else features


def taken(subject: Subject, names: Sequence[str] = ()) -> tuple[dict[str, Any], Pixels | None]:
    """The measures of a subject, and the picture that one of them drew."""
    started = time.perf_counter()
    functions = chosen(names, subject.run is not None and subject.run.model.encoder is not None)
    lacking = {name: lack(subject, name) for name in functions}  # all of them before any is taken
    skipped = {name: reason for name, reason in lacking.items() if reason is not None}
    found: dict[str, Measured] = {}
    for name, take in functions.items():
        if name in skipped:
            continue
        try:
            found[name] = take(subject)
        except TrompeError as error:  # so many pictures are too few for it, say: the others keep their figures
            skipped[name] = str(error).splitlines()[0]
    if not (set(found) & set(names) if names else found):  # what stands beside others by itself is none
        grouped = {reason: [name for name in skipped if skipped[name] == reason] for reason in skipped.values()}
        reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in grouped.items())
        raise TrompeError(
            f"nothing can be measured: {reasons}", hint="`trompe evaluate` alone lists the measures and what they need"
        )
    picture = next((one.picture for one in found.values() if one.picture is not None), None)
    result = {
        **about(subject),
        "figures": {figure: finite(value) for one in found.values() for figure, value in one.figures.items()},
        "measures": {name: list(one.figures) for name, one in found.items()},
        "protocol": common(subject) | {name: one.protocol for name, one in found.items() if one.protocol},
        "skipped": skipped,
        "seconds": round(time.perf_counter() - started, 1),
        "versions": {"trompe": __version__, "torch": torch.__version__, "numpy": np.__version__},
    }
    return result, picture


def finite(value: Any) -> Any:
    """JSON knows no other numbers: what has none, an error of one picture say, is `None`."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def lack(subject: Subject, name: str) -> str | None:
    """Why a measure cannot be taken of this subject, or `None` where it can."""
    measure = MEASURES[name]
    for need in measure.needs:
        if reason := UNMET[need](subject):
            return reason
        if need == "samples" and subject.fewest < measure.fewest:
            return f"{subject.fewest} pictures on a side are too few: it takes {measure.fewest}"
    return None


def chosen(names: Sequence[str], encodes: bool) -> dict[str, Callable[[Subject], Measured]]:
    """The functions of the measures named, in the table's order, or of those that are usual of a run that encodes, or
    of any other maker of pictures; beside a Frechet distance always whether it is one of copies.
    """
    for name in names:
        if name not in MEASURES:
            raise TrompeError(f"no measure is named `{name}`", hint=nearest(name, MEASURES))
    usual = {name for name, one in MEASURES.items() if (one.usual if encodes else one.usual_of_pictures)}
    wanted = set(names) or usual
    functions = {name: one.take for name, one in MEASURES.items() if name in wanted | {"memorisation"}}
    if "memorisation" not in names:
        functions["memorisation"] = partial(memorisation_of, asked=False)
        if "fid" not in wanted:
            del functions["memorisation"]
    return functions


def about(subject: Subject) -> dict[str, Any]:
    """What was measured; samples by their hash, where there are any."""
    known: dict[str, Any] = {}
    if subject.run is not None:
        known |= {"run": str(subject.run.folder), "step": subject.run.step}
    if "samples" in subject.__dict__:  # they have been asked for
        images = subject.samples.images
        known["samples_hash"] = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()[:32]
    return known


def common(subject: Subject) -> dict[str, Any]:
    """The part of the protocol that all measures share."""
    seed = {"seed": subject.options.seed}
    if isinstance(subject.data, Moments):
        known = {"data": subject.data.protocol.get("data", "moments"), "pictures": subject.data.count}
        return known | {"fingerprint": subject.data.fingerprint} | seed
    test = subject.test
    known = {"data": test.name, "fingerprint": test.fingerprint, "size": test.dimensions, "pictures": len(test)}
    return known | seed


# What is kept and shown, and what belongs together


def shown(value: Any) -> str:
    """A figure as text."""
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}" if abs(value) >= 0.01 or value == 0 else f"{value:.3g}"


def keep(folder: Path, result: dict[str, Any], picture: Pixels | None = None) -> None:
    """Add a result to the run's own list of measures, and draw what there is to see of it."""
    lines = [json.dumps(line) for line in [*read_measures(folder), result]]
    write_bytes(folder / MEASURES_NAME, ("\n".join(lines) + "\n").encode())
    if picture is not None:
        save_picture(folder / "figures" / COPIES_NAME, picture)


def read_measures(folder: Path) -> list[dict[str, Any]]:
    """The results kept in a run's folder, oldest first."""
    path = folder / MEASURES_NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def shared_protocol(result: dict[str, Any]) -> dict[str, Any]:
    """The part of a result's protocol that is of all its measures."""
    return {name: value for name, value in result["protocol"].items() if name not in result["measures"]}


def protocol_of(result: dict[str, Any], measure: str) -> dict[str, Any]:
    """What must be equal for two results of this measure to stand in one table: everything but the seed."""
    return {
        name: value
        for name, value in (shared_protocol(result) | result["protocol"].get(measure, {})).items()
        if name != "seed"
    }


def alike(results: Sequence[dict[str, Any]], measure: str) -> list[list[int]]:
    """Which results of this measure are of one protocol: their places, group by group."""
    groups: list[tuple[dict[str, Any], list[int]]] = []
    for place, result in enumerate(results):
        if measure not in result["measures"]:
            continue
        protocol = protocol_of(result, measure)
        for known, places in groups:
            if known == protocol:
                places.append(place)
                break
        else:
            groups.append((protocol, [place]))
    return [places for _, places in groups]


def spread(results: Iterable[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each figure that all these results have as a number."""
    columns = [result["figures"] for result in results]
    found = {}
    for name in columns[0]:
        values = [column.get(name) for column in columns]
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) == len(columns) and all(map(math.isfinite, numbers)):
            found[name] = (fmean(numbers), stdev(numbers) if len(numbers) > 1 else math.nan)
    return found


def repetitions(results: Sequence[dict[str, Any]]) -> bool:
    """Whether these are one experiment with several seeds: of the noise, or of the training and nothing else."""
    if len(results) < 2 or any(len(alike(results, measure)) > 1 for measure in results[0]["measures"]):
        return False
    places = {result.get("run", result.get("images")) for result in results}
    if len(places) == 1:
        return True
    alone = len(places) == len(results) and len({result.get("step") for result in results}) == 1
    return alone and len({seedless(Path(place)) for place in places if place}) == 1


def seedless(folder: Path) -> str:
    """A run's recipe without its seed, as text."""
    recipe = to_json(read_record(folder).recipe)
    return json.dumps(recipe | {"train": {**recipe["train"], "seed": None}}, sort_keys=True)
