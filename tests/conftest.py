"""Fixtures: a cache and a data root of the test session's own, and small runs to look at."""

# ruff: noqa: E402 (the import hook comes before what it hooks)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

CHECKED = ("analysis", "condition", "core", "data", "display", "figures", "losses", "measures", "nets", "ranks",
           "recipes.build", "rng", "runs", "sklearn", "training")  # fmt: skip
"""Shapes and types in these signatures are checked while tests run. What declares without torch is not."""
install_import_hook(
    [f"trompe.{name}" for name in CHECKED], "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
)

import trompe
from trompe import cli
from trompe.options.nets import MLPOptions
from trompe.options.train import TrainOptions
from trompe.recipes import recipe as named_recipe
from trompe.recipes.tree import Recipe

hypothesis.settings.register_profile("trompe", deadline=None)  # no test asserts a timing
hypothesis.settings.load_profile("trompe")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test reads or writes the user's cache or data."""
    patch = pytest.MonkeyPatch()
    cache = tmp_path_factory.mktemp("cache")
    patch.setenv("TROMPE_CACHE", str(cache))
    patch.delenv("TROMPE_DATA", raising=False)
    torch.set_num_threads(1)  # the models are tiny, and the tests may run several at a time
    yield cache
    patch.undo()


def small(name: str = "vae-digits", **train: object) -> Recipe:
    """A recipe on digits that trains in a second."""
    options = TrainOptions(
        steps=30, batch=32, log_every=10, evaluate_every=0, sample_every=0, precision="float32", ema=0.9
    )
    recipe = named_recipe(name)
    nets = (
        replace(recipe.nets, widths=(32,)) if isinstance(recipe.nets, MLPOptions) else replace(recipe.nets, widths=(8,))
    )
    return replace(recipe, nets=nets, data=replace(recipe.data, source="digits"), train=replace(options, **train))


@pytest.fixture(scope="session")
def vae_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A VAE with a two-dimensional latent, trained just enough for its images to differ."""
    return trompe.train(small(steps=300, sample_every=100, evaluate_every=100), tmp_path_factory.mktemp("vae"))


@pytest.fixture(scope="session")
def wide_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A VAE with a five-dimensional latent and a Gaussian likelihood, on convolutions."""
    recipe = small("vae", steps=60, sample_every=30)
    return trompe.train(replace(recipe, nets=replace(recipe.nets, latent=5)), tmp_path_factory.mktemp("wide"))


@pytest.fixture(scope="session")
def class_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A class-conditional VAE."""
    return trompe.train(small("cvae", steps=60, sample_every=30), tmp_path_factory.mktemp("cvae"))


@pytest.fixture(scope="session")
def autoencoder_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    return trompe.train(small("autoencoder", steps=60, sample_every=30), tmp_path_factory.mktemp("ae"))


@pytest.fixture(scope="session")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    """A GAN of convolutions that keeps its weights of step 10."""
    return trompe.train(small("gan-mnist", steps=30, snapshots=(10,)), tmp_path_factory.mktemp("gan"))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def trompe_command(*arguments: object, code: int = 0, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Run a command in this process; its stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert (ended.value.code or 0) == code, captured.err
    return captured.out, captured.err


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def run(*arguments: object, code: int = 0) -> tuple[str, str]:
        return trompe_command(*arguments, code=code, capsys=capsys)

    return run
