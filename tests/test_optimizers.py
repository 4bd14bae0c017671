"""The optimizers, against torch's."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from trompe.options.train import TrainOptions
from trompe.training.optimizers import Adam, Muon, Optimizer, orthogonalized


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_computes_what_torchs_does(weight_decay: float) -> None:
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


def test_muon_computes_what_torchs_does() -> None:
    torch.manual_seed(0)
    start = torch.randn(12, 30)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    muon = Muon({"weight": ours}, TrainOptions(weight_decay=0.1, precision="bfloat16"))
    reference = torch.optim.Muon([theirs], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for _ in range(20):
        ours.grad = torch.randn_like(ours)
        theirs.grad = ours.grad.clone()
        muon.step(0.01)
        reference.step()
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)  # bfloat16's rounding, in another order
    assert (ours - start).abs().max() > 0.1


def test_muons_update_has_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((40, 25), (25, 40)):
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape)))
        assert ((values > 0.6) & (values < 1.3)).all()


def test_muon_leaves_biases_to_adam_and_steps_kernels_as_matrices() -> None:
    parameters = {
        "bias": nn.Parameter(torch.zeros(4)),
        "scale": nn.Parameter(torch.zeros(3, 1, 1)),
        "kernel": nn.Parameter(torch.zeros(4, 3, 2, 2)),
    }
    muon = Muon(parameters, TrainOptions())
    for parameter in parameters.values():
        parameter.grad = torch.ones_like(parameter)
    muon.step(0.01)
    torch.testing.assert_close(parameters["bias"], torch.full((4,), -0.01))
    torch.testing.assert_close(parameters["scale"], torch.full((3, 1, 1), -0.01))
    assert set(muon.momentum) == {"kernel"}
    assert parameters["kernel"].abs().min() > 0


@pytest.mark.parametrize(
    ("kind", "parts"), [(Adam, {"a.mean", "a.square", "a.count"}), (Muon, {"a.momentum"})], ids=["adam", "muon"]
)
def test_its_state_comes_back(kind: type[Optimizer], parts: set[str]) -> None:
    first, second = (kind({"a": nn.Parameter(torch.ones(2, 2))}, TrainOptions()) for _ in range(2))  # type: ignore[call-arg]
    first.parameters["a"].grad = torch.full((2, 2), 3.0)
    first.step(0.1)
    second.load(first.tensors())
    assert set(first.tensors()) == parts
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
