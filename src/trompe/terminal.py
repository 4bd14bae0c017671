"""Progress bars on stderr: shown on a terminal, silent elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

console = Console(stderr=True, highlight=False)


@contextmanager
def tracked(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over `total` things; gives the function that moves it on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


class TrainingProgress:
    """The line of a training under way: step, images a second, time left, what goes wrong, each term."""

    def __init__(self, name: str, step: int, steps: int) -> None:
        columns = (
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}", table_column=Column(no_wrap=True, min_width=15)),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
            TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        )
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, expand=True)
        self.task = self.progress.add_task(name, total=steps, completed=step, figures="")

    def __enter__(self) -> TrainingProgress:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, step: int, rate: float, terms: dict[str, float], warning: str = "") -> None:
        shown = "  ".join(f"{name.split('/')[-1].replace('_', ' ')} {value:.4g}" for name, value in terms.items())
        self.progress.update(self.task, completed=step, figures=f"{rate:,.0f} images/s  {warning}{shown}")


def note(text: str) -> None:
    """Say something beside the results, on stderr."""
    console.print(text, soft_wrap=True, markup=False)
