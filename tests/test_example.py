"""The example in one file does what the library does."""

from __future__ import annotations

import ast
import runpy
from dataclasses import replace
from pathlib import Path

import torch

import trompe
from trompe.data.batches import Batch
from trompe.data.samples import Format
from trompe.losses.elbo import negative_elbo
from trompe.options.nets import MLPOptions
from trompe.recipes.build import build_model
from trompe.rng import Draws

EXAMPLE = Path(__file__).parent.parent / "examples" / "vae_in_one_file.py"


def test_it_is_short_and_stands_alone() -> None:
    source = EXAMPLE.read_text()
    assert len(source.splitlines()) < 150
    imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert not any("trompe" in str(name) for name in imported)


def test_its_losses_are_the_librarys() -> None:
    example = runpy.run_path(str(EXAMPLE))
    theirs = example["VAE"](64)
    recipe = trompe.recipe("vae-mlp")
    nets = MLPOptions(widths=(example["WIDTH"],), latent=example["LATENT"])
    ours = build_model(replace(recipe, nets=nets), Format((1, 8, 8)))
    # hidden layer, activation, head: the same parameters in the same order
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.data.copy_(other.data)
    images = torch.rand(5, 1, 8, 8)
    draws, again = (Draws(0, torch.device("cpu"), 5) for _ in range(2))
    terms = negative_elbo(ours, Batch(images, draws=draws))
    reconstruction, kl = theirs.losses(images.flatten(1), again.normal(example["LATENT"]))
    torch.testing.assert_close(terms["reconstruction"], reconstruction)
    torch.testing.assert_close(terms["kl"], kl)


def test_it_runs(monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    example = runpy.run_path(str(EXAMPLE))
    example["main"].__globals__["STEPS"] = 500
    example["main"]()
    printed = capsys.readouterr().out
    assert "step 500: reconstruction" in printed
    assert "@" in printed or "%" in printed
