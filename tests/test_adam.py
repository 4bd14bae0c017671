"""The optimiser, against torch's."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from trompe.adam import Adam
from trompe.options import TrainOptions


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_it_computes_what_torchs_does(weight_decay: float) -> None:
    ours, theirs = ([nn.Parameter(torch.ones(3, 4)), nn.Parameter(torch.zeros(5))] for _ in range(2))
    adam = Adam({str(i): p for i, p in enumerate(ours)}, TrainOptions(weight_decay=weight_decay, beta1=0.5))
    reference = torch.optim.AdamW(theirs, lr=0.01, betas=(0.5, 0.999), weight_decay=weight_decay)
    for step in range(20):
        torch.manual_seed(step)
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        adam.step(0.01)
        reference.step()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)
        assert mine.grad is None


def test_its_state_comes_back() -> None:
    first, second = (Adam({"a": nn.Parameter(torch.ones(2, 2))}, TrainOptions()) for _ in range(2))
    first.parameters["a"].grad = torch.full((2, 2), 3.0)
    first.step(0.1)
    second.load(first.tensors())
    assert set(first.tensors()) == {"a.mean", "a.square", "a.count"}
    for name, tensor in second.tensors().items():
        assert torch.equal(tensor, first.tensors()[name])


def test_a_parameter_without_gradient_stays() -> None:
    still = nn.Parameter(torch.ones(2))
    adam = Adam({"still": still}, TrainOptions(weight_decay=0.5))
    adam.step(0.1)
    assert torch.equal(still, torch.ones(2))


def test_training_does_not_wait_for_the_compiler() -> None:
    code = """
import sys, tempfile, dataclasses, trompe
recipe = trompe.recipe("vae-digits")
recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=2))
trompe.train(recipe, tempfile.mkdtemp() + "/run")
print([name for name in ("torch._dynamo", "matplotlib", "pooch") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
