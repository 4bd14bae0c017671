"""Whose turn it is: one thread computes, a batch at a time, in the order of asking.

A large request comes in batches, and others have their turns between them. What waits for the same verb of the same
model is computed together.
"""

from __future__ import annotations

import asyncio
import atexit
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Condition, Thread

import torch
from torch import Tensor

from ..runs.predictor import Predictor
from .verbs import Labels, Verb

BATCH, BATCH_VALUES = 16, 2**18
"""Of a turn, at most: rows, and values in them."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a request that are computed in one turn."""

    verb: Verb
    predictor: Predictor
    rows: Tensor
    labels: Labels
    answer: Future[bytes] = field(default_factory=Future)

    def goes_with(self, other: Part) -> bool:
        return self.verb is other.verb and self.predictor is other.predictor


class Turns:
    """The thread, and the parts that wait for it."""

    def __init__(self) -> None:
        self.waiting: deque[Part] = deque()
        self.changed, self.ended = Condition(), False
        self.thread = Thread(target=self.work, name="turns", daemon=True)
        self.thread.start()
        atexit.register(self.end)  # torch would abort the process in which it computes to the last

    def end(self) -> None:
        """Let the present turn be the last."""
        with self.changed:
            self.ended = True
            self.changed.notify()
        self.thread.join()

    async def answer(self, verb: Verb, predictor: Predictor, rows: Tensor, labels: Labels) -> bytes:
        """The answer to a request, whose next part asks for its turn when the last has had its own."""
        found, count = [], rows_at_once(predictor)
        for start in range(0, len(rows), count):
            place = slice(start, start + count)
            part = Part(verb, predictor, rows[place], None if labels is None else labels[place])
            with self.changed:
                self.waiting.append(part)
                self.changed.notify()
            found.append(await asyncio.wrap_future(part.answer))
        return b"".join(found)

    def work(self) -> None:
        while parts := self.next():
            settle([part for part in parts if part.answer.set_running_or_notify_cancel()])

    def next(self) -> list[Part]:
        """The part that has waited longest, and those that go with it; nothing at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.waiting or self.ended)
            if self.ended:
                return []
            first = self.waiting.popleft()
            taken, count, most = [first], len(first.rows), rows_at_once(first.predictor)
            for part in list(self.waiting):
                if part.goes_with(first) and count + len(part.rows) <= most:
                    taken.append(part)
                    count += len(part.rows)
                    self.waiting.remove(part)
        return taken


def rows_at_once(predictor: Predictor) -> int:
    model = predictor.model
    largest = max(torch.Size(shape).numel() for shape in (model.image_shape, model.input_shape, model.latent_shape))
    return max(1, min(BATCH, BATCH_VALUES // largest))


def settle(parts: list[Part]) -> None:
    """Compute parts together; or each alone where that fails by one of them, so that the others have their answers."""
    try:
        for part, answer in zip(parts, compute(parts), strict=True):
            part.answer.set_result(answer)
    except Exception as error:
        if len(parts) == 1:
            parts[0].answer.set_exception(error)
        else:
            for part in parts:
                settle([part])


def compute(parts: list[Part]) -> list[bytes]:
    """The answer to each part."""
    if not parts:
        return []
    first = parts[0]
    labels = None if first.labels is None else [label for part in parts for label in part.labels or ()]
    found = first.verb.computed(first.predictor, torch.cat([part.rows for part in parts]), labels)
    ends = list(accumulate(len(part.rows) for part in parts))
    return [found[end - len(part.rows) : end].tobytes() for part, end in zip(parts, ends, strict=True)]
