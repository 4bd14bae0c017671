"""Results of measures: the list that a run folder keeps, and which of them compare."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pydantic
from pydantic_core import from_json

from ..display.grid import Pixels, save_image
from ..errors import TrompeError
from ..files import append_line
from ..recipes.serialize import to_json
from ..runs.record import read_record

MEASURES_NAME = "measures.jsonl"
COPIES_NAME = "copies.png"


@dataclass(frozen=True)
class Result:
    """What was measured of one subject.

    Attributes:
        source: the run's folder, or where samples came from.
        step: training steps behind the weights, of a run.
        values: by name.
        measures: the names of the values that each measure gave.
        protocol: what must be equal for two results to be compared: of all measures,
        protocols: and of each.
        skipped: why measures were not taken.
        samples_hash: of the samples, where there were any.
        seconds: it took.
        versions: of what computed it.
    """

    source: str
    step: int | None
    values: dict[str, Any]
    measures: dict[str, list[str]]
    protocol: dict[str, Any]
    protocols: dict[str, dict[str, Any]]
    skipped: dict[str, str]
    samples_hash: str | None
    seconds: float
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """JSON knows finite numbers only: what has none, an error over one image for instance, is `None`."""
        values = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in self.values.items()
        }
        return asdict(self) | {"values": values}

    def protocol_of(self, measure: str) -> dict[str, Any]:
        """What must be equal for two results of this measure to stand in one table: everything but the seed."""
        whole = self.protocol | self.protocols.get(measure, {})
        return {name: value for name, value in whole.items() if name != "seed"}


ADAPTER = pydantic.TypeAdapter(Result)
BEGINNING = '{"source": '


def shown(value: Any) -> str:
    """A value as text."""
    if not isinstance(value, int | float):
        return "-" if value is None else str(value)
    if not math.isfinite(value):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}" if abs(value) >= 0.01 or value == 0 else f"{value:.3g}"


def keep(folder: Path, result: Result, image: Pixels | None = None) -> None:
    """Add a result to a run folder's list, and draw what there is to see of it."""
    append_line(folder / MEASURES_NAME, result.to_json())
    if image is not None:
        save_image(folder / "figures" / COPIES_NAME, image)


def read_results(folder: Path) -> list[Result]:
    """The results kept in a run folder, oldest first; a line that a kill cut off is passed over.

    Raises:
        TrompeError: something else stands there than results.
    """
    path = folder / MEASURES_NAME
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        results = [ADAPTER.validate_json(line, strict=True) for line in lines if not cut(line)]
    except (OSError, ValueError) as error:  # pydantic's and Unicode's errors are ValueErrors
        raise damaged(path) from error
    if not all(map(sound, results)):
        raise damaged(path)
    return results


def damaged(path: Path) -> TrompeError:
    return TrompeError(f"`{path}` was not written by trompe, or it is damaged", hint="move it away, and measure again")


def cut(line: str) -> bool:
    """Whether a line is only the beginning of a result's, as a kill in the middle of writing it leaves it."""
    try:
        from_json(line)
    except ValueError:
        return line.startswith(BEGINNING) or BEGINNING.startswith(line)
    return False


def sound(result: Result) -> bool:
    """Whether a result has the values and the protocol that tables and reports show."""
    from .table import meanings

    known = meanings()
    numbers = [value for name, value in result.values.items() if name in known and value is not None]
    given = {name for names in result.measures.values() for name in names}
    whole = {"data", "seed"} <= set(result.protocol) and given <= set(result.values)
    return whole and all(isinstance(value, int | float) for value in numbers)


def alike(results: Sequence[Result], measure: str) -> list[list[Result]]:
    """The results of this measure, in groups of one protocol each."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        if measure in result.measures:
            protocol = json.dumps(result.protocol_of(measure), sort_keys=True)
            groups.setdefault(protocol, []).append(result)
    return list(groups.values())


def spread(results: Iterable[Result]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each value that all these results have as a number."""
    columns = [result.values for result in results]
    found = {}
    for name in columns[0]:
        values = [column.get(name) for column in columns]
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) == len(columns) and all(map(math.isfinite, numbers)):
            found[name] = (fmean(numbers), stdev(numbers) if len(numbers) > 1 else math.nan)
    return found


def repetitions(results: Sequence[Result]) -> bool:
    """Whether these are one experiment with several seeds: of the noise, or of the training and nothing else."""
    if len(results) < 2 or any(len(alike(results, measure)) > 1 for measure in results[0].measures):
        return False
    sources = {result.source for result in results}
    if len(sources) == 1:
        return True
    one_step = results[0].step is not None and len({result.step for result in results}) == 1
    return one_step and len(sources) == len(results) and len(set(map(seedless, sources))) == 1


def seedless(folder: str) -> str:
    """A run's recipe without its seed, as text."""
    recipe = to_json(read_record(Path(folder)).recipe)
    return json.dumps(recipe | {"train": {**recipe["train"], "seed": None}}, sort_keys=True)
