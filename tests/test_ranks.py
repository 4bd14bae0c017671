"""What is drawn and summed by several ranks is what one process has, and the threads that stand in for ranks."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

import thread_ranks
from thread_ranks import ThreadRanks, in_threads
from trompe.data.batches import Batch
from trompe.ranks import ALONE, Ranks
from trompe.rng import Draws

CPU = torch.device("cpu")


@pytest.mark.parametrize(("count", "size"), [(10, 2), (7, 2), (9, 4), (2, 3)])
def test_each_row_of_a_batch_belongs_to_one_rank(count: int, size: int) -> None:
    rows = [row for ranks in ThreadRanks.group(size) for row in range(count)[ranks.rows(count)]]
    assert rows == list(range(count))
    assert ALONE.rows(count) == slice(0, count)


@pytest.mark.parametrize("count", [10, 7])
def test_halves_of_the_rows_get_the_halves_of_the_draws(count: int) -> None:
    whole = Draws(7, CPU, count)
    halves = [Draws(7, CPU, count, ranks.rows(count)) for ranks in ThreadRanks.group(2)]
    draw: list[tuple[tuple[int, ...], Callable[[Draws], torch.Tensor]]] = [
        ((3, 2), lambda draws: draws.normal(3, 2)),
        ((), lambda draws: draws.uniform()),
        ((5,), lambda draws: draws.integers(-4, 9, 5)),
        ((1,), lambda draws: draws.normal(1)),  # one after another, from one generator
        ((2, 1, 3), lambda draws: draws.uniform(2, 1, 3)),
    ]
    for shape, one in draw:
        expected = one(whole)
        assert expected.shape == (count, *shape)
        assert torch.equal(torch.cat([one(half) for half in halves]), expected)


def test_draws_are_a_function_of_their_key() -> None:
    first, again, other = (Draws(key, CPU, 4).normal(3) for key in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sum_and_its_gradients_are_those_of_the_whole() -> None:
    """Of `sum_r r * s^2` with `s = sum_r x_r^2`, and of a gradient's own gradient."""
    ranks = ThreadRanks.group(3)

    def run(mine: Ranks) -> tuple[float, float, float]:
        x = torch.tensor(1.0 + mine.rank, dtype=torch.float64, requires_grad=True)
        total = mine.sum(x.square())
        (gradient,) = torch.autograd.grad(mine.rank * total.square(), x, create_graph=True)
        gradient.square().backward()
        assert x.grad is not None
        return float(total.detach()), float(gradient.detach()), float(x.grad)

    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    total = x.square().sum()
    (gradient,) = torch.autograd.grad((0 + 1 + 2) * total.square(), x, create_graph=True)
    gradient.square().sum().backward()
    assert x.grad is not None
    found = in_threads([lambda mine=mine: run(mine) for mine in ranks])  # type: ignore[misc]
    totals, gradients, second = (list(values) for values in zip(*found, strict=True))
    assert totals == pytest.approx([14.0] * 3)
    assert gradients == pytest.approx(gradient.tolist())
    assert second == pytest.approx(x.grad.tolist())


def test_a_mean_over_a_batch_is_one_over_all_ranks() -> None:
    x, weights = torch.randn(7, 3), torch.randn(7, 3)

    def run(ranks: Ranks) -> tuple[torch.Tensor, torch.Tensor]:
        rows = ranks.rows(7)
        mine = x[rows].clone().requires_grad_()
        mean = Batch(mine, draws=Draws(0, CPU, 7, rows), ranks=ranks).mean(mine)
        ((mine - mean).square() * weights[rows]).sum().backward()
        assert mine.grad is not None
        return mean.detach(), mine.grad

    expected = run(ALONE)
    torch.testing.assert_close(expected[0], x.mean(0))
    means, gradients = zip(*in_threads([lambda r=r: run(r) for r in ThreadRanks.group(2)]), strict=True)  # type: ignore[misc]
    for mean in means:
        torch.testing.assert_close(mean, expected[0])
    torch.testing.assert_close(torch.cat(gradients), expected[1])


def test_an_error_in_one_rank_ends_all() -> None:
    first, _ = ThreadRanks.group(2)
    with pytest.raises(ZeroDivisionError):
        in_threads([lambda: first.sum(torch.ones(2)), lambda: torch.ones(2) * (1 // 0)])


def test_a_rank_that_waits_in_vain_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_ranks, "PATIENCE", 0.05)
    first, _ = ThreadRanks.group(2)
    with pytest.raises(threading.BrokenBarrierError):
        in_threads([lambda: first.sum(torch.ones(2)), lambda: torch.ones(2)])
