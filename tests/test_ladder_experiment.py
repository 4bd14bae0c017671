"""The experiments of a VAE's idea: the ladder to it, and the trade-off in its loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from trompe.experiments import EXPERIMENTS, Finding
from trompe.experiments import store as stores
from trompe.experiments.ladder import LadderOptions, alike, blends, constants, recipe_of, rungs, stored_latents
from trompe.experiments.store import Store
from trompe.experiments.trade_off import TradeOffOptions, recipe_likelihoods
from trompe.recipes import RECIPES

LADDER = LadderOptions(
    data="digits", latent=8, widths=(64,), steps=150, few_steps=700, batch=64, units=(1,), counts=(1, 2, 16)
)
TRADE_OFF = TradeOffOptions(data="digits", betas=(10, 0.1, 1), latent=8, widths=(64,), steps=300)


def value(found: Finding, name: str) -> float:
    return next(one.value for one in found.values if one.name == name)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"), device="cpu")


@pytest.fixture(scope="module")
def found(store: Store) -> Finding:
    return EXPERIMENTS["ladder"].run(LADDER, store)


def test_each_rung_stores_what_it_can(found: Finding) -> None:
    assert value(found, "ones: squared error") < 0.05
    assert value(found, "one-hot: squared error") < 1  # their mean has 20
    assert [rung["images"] for rung in found.numbers["rungs"]] == [1, 8, 1438, 1438, 1438]
    # one unit with a bias stores two images, for instance, and no more
    assert value(found, "1 units, 2 images: squared error") < 0.2
    assert value(found, "1 units, 16 images: squared error") > 2


def test_one_constant_is_no_sample_of_the_data(found: Finding) -> None:
    """Training images are nearest to unseen ones; what has one degree of freedom is farther than what has many."""
    distances = [one["distance"] for one in found.numbers["rungs"]]
    assert value(found, "training images: Frechet distance") < min(distances)
    assert max(distances) == distances[0]


def test_all_decoders_are_the_same(store: Store, found: Finding) -> None:
    shapes = [
        {name: weight.shape for name, weight in store.run(recipe_of(LADDER, rung)).model.decoder.named_parameters()}
        for rung in rungs(LADDER)
    ]
    assert all(one == shapes[0] for one in shapes)


def test_what_they_are_fed(store: Store, found: Finding) -> None:
    _, one_hot, free, *_ = (store.run(recipe_of(LADDER, rung)) for rung in rungs(LADDER))
    assert constants(one_hot, 5)[:, 0].tolist() == [-1, 0, 1, 2, 3]
    mixed = blends(one_hot, 9)
    assert not mixed[0].any()
    assert ((mixed[1:] == 0.5).sum(1) == 2).all()
    assert (mixed[1:].sum(1) == 1).all()
    known, drawn = stored_latents(free), alike(free, 4000)
    torch.testing.assert_close(drawn.mean(0), known.mean(0), atol=0.1 * float(known.std()), rtol=0)
    torch.testing.assert_close(drawn.std(0), known.std(0), rtol=0.1, atol=0)


def test_nothing_is_trained_twice(store: Store, found: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "train", lambda *_, **__: pytest.fail("trained again"))
    again = EXPERIMENTS["ladder"].run(LADDER, store)
    assert again.values == found.values
    assert again.numbers == found.numbers
    assert isinstance(again.figure, Figure)


def test_beta_trades_the_rate_for_the_distortion(store: Store) -> None:
    found = EXPERIMENTS["trade-off"].run(TRADE_OFF, store)
    curve = found.numbers["curve"]
    assert [point["beta"] for point in curve] == [0.1, 1, 10]
    rates, distortions = (np.array([point[key] for point in curve]) for key in ("rate", "distortion"))
    assert (np.diff(rates) < 0).all()
    assert (np.diff(distortions) > 0).all()
    assert value(found, "beta 1: ELBO") == pytest.approx(-(rates + distortions)[1])
    assert (rates + distortions).argmin() == 1
    assert isinstance(found.figure, Figure)


def test_likelihoods_are_those_that_the_recipes_state() -> None:
    rows = recipe_likelihoods()
    stated = {(name, figure.value): figure for name, row in RECIPES.items() for figure in row.figures}
    assert {(row["recipe"], row["value"]) for row in rows} >= {("vae-mnist", "elbo"), ("iwae-mnist", "iwae_bound")}
    assert not any(row["value"] == "squared_error" for row in rows)
    for row in rows:
        figure = stated[row["recipe"], row["value"]]
        assert row["expected"] == figure.expected
        assert (row["published"] or {}).get("value") == (figure.published.value if figure.published else None)
