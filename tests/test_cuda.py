"""On a GPU: the CPU's losses, and runs that repeat and resume to the bit. Skipped where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from contract.test_contract import NOT_LOSSES, begun, every_trained, shrunk, toy_images

import trompe
from trompe.data.order import batch_indices
from trompe.rng import Draws
from trompe.training import step
from trompe.training.graphs import GraphedSteps
from trompe.training.step import train_step

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


class SameDraws(Draws):
    """The CPU's noise on any device: each device has numbers of its own."""

    def __init__(self, key: int, device: torch.device, size: int, rows: slice = slice(None)) -> None:
        super().__init__(key, torch.device("cpu"), size, rows)
        self.target = device

    def normal(self, *shape: int) -> torch.Tensor:
        return super().normal(*shape).to(self.target)

    def uniform(self, *shape: int) -> torch.Tensor:
        return super().uniform(*shape).to(self.target)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        return super().integers(low, high, *shape).to(self.target)


@every_trained
def test_the_losses_are_those_of_the_cpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "Draws", SameDraws)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    recipe, data = shrunk(name, ema=0.5), toy_images((1, 8, 8))
    if getattr(recipe.family, "dropout", 0):
        recipe = replace(recipe, family=replace(recipe.family, dropout=0.0))  # its masks are each device's own
    logged = {}
    for device in ("cpu", "cuda"):
        state, phases, batches = begun(recipe, data, device=device)
        logged[device] = [
            train_step(state, phases, batches, batch_indices(len(data), 8, 0, number), recipe.train)
            for number in range(6)
        ]
    for one, other in zip(logged["cpu"], logged["cuda"], strict=True):
        for key in one:
            if not key.endswith(NOT_LOSSES):
                assert float(other[key]) == pytest.approx(float(one[key]), rel=5e-3, abs=5e-4), key


@every_trained
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_repeats_and_resumes_to_the_bit(name: str, precision: str, tmp_path: Path) -> None:
    data = toy_images((1, 8, 8), 60)
    recipe = shrunk(name, steps=12, log_every=3, precision=precision, ema=0.5, sample_every=0, evaluate_every=0)
    whole = trompe.train(recipe, tmp_path / "whole", data=data, device="cuda")
    again = trompe.train(recipe, tmp_path / "again", data=data, device="cuda")
    trompe.train(replace(recipe, train=replace(recipe.train, steps=7)), tmp_path / "parts", data=data, device="cuda")
    parts = trompe.train(recipe, tmp_path / "parts", data=data, device="cuda")
    assert whole.digest == again.digest == parts.digest
    losses = (
        [{k: v for k, v in line.items() if k != "images_per_second"} for line in run.log] for run in (whole, again)
    )
    assert next(losses) == next(losses)


@every_trained
def test_recorded_steps_are_the_steps_themselves(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = toy_images((1, 8, 8), 60)
    recipe = shrunk(name, steps=12, log_every=3, ema=0.5, sample_every=0, evaluate_every=0)
    counted: list[GraphedSteps] = []
    begin = GraphedSteps.__init__

    def kept(self: GraphedSteps, *arguments: Any) -> None:
        begin(self, *arguments)
        counted.append(self)

    monkeypatch.setattr(GraphedSteps, "__init__", kept)
    recorded = trompe.train(recipe, tmp_path / "recorded", data=data, device="cuda")
    assert counted[-1].recorded, "no step was recorded"
    assert counted[-1].records
    monkeypatch.setattr(GraphedSteps, "run", lambda self, kind, *what: self.update(*what))
    plain = trompe.train(recipe, tmp_path / "plain", data=data, device="cuda")
    assert recorded.digest == plain.digest


def test_samples_that_do_not_fit_stay_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such a run takes its steps one by one, to the same losses."""
    data = toy_images((1, 8, 8), 60)
    recipe = shrunk("vae-digits", steps=6, log_every=1, sample_every=0, evaluate_every=0)
    resident = trompe.train(recipe, tmp_path / "resident", data=data, device="cuda")
    monkeypatch.setattr("trompe.data.batches.RESIDENT_SHARE", 0.0)
    streamed = trompe.train(recipe, tmp_path / "streamed", data=data, device="cuda")
    for one, other in zip(resident.log, streamed.log, strict=True):
        for key in one.keys() - {"images_per_second"}:
            assert other[key] == pytest.approx(one[key], rel=1e-3, abs=1e-4)


def test_noise_is_a_function_of_the_seed_alone() -> None:
    draws = [Draws(5, torch.device("cuda"), 4).normal(3) for _ in range(2)]
    assert torch.equal(*draws)
