"""Entries of the lecture's part B: discriminative and generative models."""

from __future__ import annotations

from collections.abc import Iterator

from .table import Item, entry
from .work import Work


@entry(
    "B1",
    "One data set, two kinds of model",
    "The discriminative model knows where one class ends and the other begins, and nothing else. The generative model "
    "has a density for each class: it can draw new points, say that a point is like none it has seen, and move its "
    "boundary when the classes' frequencies change.",
    commands=("trompe experiment classes-in-the-plane",),
    experiments=("classes-in-the-plane",),
)
def plane(work: Work) -> Iterator[Item]:
    yield from work.experiment("classes-in-the-plane")


@entry(
    "B2",
    "When do generative classifiers win?",
    "Each curve is a classifier's test error against the number of labeled examples, with a band over random splits. "
    "The generative one often leads while data are few and is overtaken later, but not on every data set.",
    source="Ng & Jordan 2001",
    commands=("trompe experiment learning-curves", "trompe experiment few-labels"),
    experiments=("learning-curves", "few-labels"),
)
def few(work: Work) -> Iterator[Item]:
    yield from work.experiment("learning-curves")
    yield from work.experiment("few-labels")
