"""Noise and order: functions of integers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from trompe import rng
from trompe.data.order import batch_indices


@given(st.integers(1, 50), st.integers(1, 120), st.integers(0, 5))
def test_every_epoch_sees_every_image_once(count: int, batch: int, seed: int) -> None:
    steps = -(-3 * count // batch)
    stream = np.concatenate([batch_indices(count, batch, seed, step) for step in range(steps)])
    for epoch in range(3):
        assert sorted(stream[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_the_order_depends_on_seed_and_epoch() -> None:
    first = batch_indices(100, 100, 0, 0)
    assert not np.array_equal(first, batch_indices(100, 100, 1, 0))
    assert not np.array_equal(first, batch_indices(100, 100, 0, 1))


def test_seeds_are_the_same_in_another_process() -> None:
    code = "from trompe.rng import *; print(derive(7, Stream.STEP, 123), float(normal((2,), 1, Stream.SAMPLE)[1]))"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(theirs[0]) == rng.derive(7, rng.Stream.STEP, 123)
    assert float(theirs[1]) == float(rng.normal((2,), 1, rng.Stream.SAMPLE)[1])


def test_streams_and_steps_are_apart() -> None:
    seeds = {rng.derive(seed, stream, step) for seed in range(5) for stream in rng.Stream for step in range(50)}
    assert len(seeds) == 5 * len(rng.Stream) * 50


def test_seeding_a_step_decides_its_noise() -> None:
    rng.seed_step(3, 10)
    first = torch.randn(5)
    torch.randn(100)
    rng.seed_step(3, 10)
    assert torch.equal(first, torch.randn(5))
    rng.seed_step(3, 11)
    assert not torch.equal(first, torch.randn(5))


def test_a_seeded_block_leaves_the_generator_as_it_was() -> None:
    torch.manual_seed(0)
    expected = torch.randn(3)
    torch.manual_seed(0)
    with rng.seeded(5, rng.Stream.MEASURE):
        torch.randn(7)
    assert torch.equal(torch.randn(3), expected)


def test_noise_does_not_depend_on_how_much_is_asked_for() -> None:
    assert torch.equal(rng.normal((64, 7), 3, rng.Stream.SAMPLE)[:10], rng.normal((10, 7), 3, rng.Stream.SAMPLE))
