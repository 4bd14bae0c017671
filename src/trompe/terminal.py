"""What is said beside the results, on stderr: progress bars on a terminal, elsewhere a line now and then, and notes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from .text import printable, printable_lines

LINE_SECONDS = 30.0
"""Where stderr is not a terminal, progress is one line in this time."""

console = Console(stderr=True, highlight=False, emoji=False)  # `:train:` is no emoji


class PlainLines:
    """Progress where stderr is not a terminal: a line when `LINE_SECONDS` have passed since the last."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def say(self, line: Callable[[], str]) -> None:
        if not console.is_terminal and time.monotonic() - self.last >= LINE_SECONDS:
            self.last = time.monotonic()
            note(line())


@contextmanager
def tracked(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over `total` things; gives the function that moves it on."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    lines = PlainLines()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(printable(what), total=total)

        def advance(count: int) -> None:
            progress.advance(task, count)
            lines.say(lambda: f"{what}: {progress.tasks[0].completed:,.0f} of {total:,}")

        yield advance


class TrainingProgress:
    """The line of a training under way: step, images a second, time left, what goes wrong, each term."""

    def __init__(self, name: str, step: int, steps: int) -> None:
        columns = (
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(bar_width=12),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}", table_column=Column(no_wrap=True, min_width=15)),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True, min_width=5)),
            TextColumn(
                "{task.fields[figures]}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
        )
        self.name, self.steps, self.lines = name, steps, PlainLines()
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal, expand=True)
        self.task = self.progress.add_task(printable(name), total=steps, completed=step, figures="")

    def __enter__(self) -> TrainingProgress:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, step: int, rate: float, terms: dict[str, float], warning: str = "") -> None:
        shown = "  ".join(f"{name.split('/')[-1].replace('_', ' ')} {value:.4g}" for name, value in terms.items())
        figures = f"{rate:,.0f} images/s  {warning}{shown}"
        self.progress.update(self.task, completed=step, figures=printable(figures))
        self.lines.say(lambda: f"{self.name}: step {step:,} of {self.steps:,}  {figures}")


def note(text: str) -> None:
    """Say something beside the results, on stderr."""
    console.print(printable_lines(text), soft_wrap=True, markup=False)
