"""The store of experiments and gallery: what was trained or computed once is found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import trompe
from conftest import small
from trompe.errors import TrompeError
from trompe.experiments import store as module
from trompe.experiments.store import Interrupted, Store


def no_training(*_: object, **__: object) -> None:
    raise AssertionError("this is trained already")


def test_a_run_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    first = store.run(small())
    assert first.finished
    assert first.folder.name == "vae-digits"
    monkeypatch.setattr(module, "train", no_training)
    assert store.run(small()).digest == first.digest
    assert store.run(replace(small(), name="another")).folder == first.folder  # a name makes no other run
    with pytest.raises(AssertionError):
        store.run(small().with_(beta=2.0))


def test_a_run_of_other_data_is_another(tmp_path: Path) -> None:
    store, data = Store(tmp_path), trompe.load_data("digits:train")
    some, others = data.take(slice(0, 100), "some"), data.take(slice(100, 200), "others")
    assert store.run(small(), some).folder != store.run(small(), others).folder


def test_runs_trained_elsewhere_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = trompe.train(small(), tmp_path / "mine" / "digits", quiet=True)
    for others in (tmp_path / "mine", tmp_path / "mine" / "digits"):
        with monkeypatch.context() as patch:
            patch.setattr(module, "train", no_training)
            assert Store(tmp_path / "store", [others]).run(small()).folder == elsewhere.folder


def test_an_interrupted_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trompe.train(small(), tmp_path / "whole", quiet=True)
    store = Store(tmp_path / "store")
    folder = store.wanted(small()).folder
    with monkeypatch.context() as patch:
        patch.setattr(module, "train", lambda recipe, out, **_: trompe.train(recipe.with_(steps=10), out, quiet=True))
        patch.setattr(trompe.Run, "finished", property(lambda run: run.step == 30))
        with pytest.raises(Interrupted):
            store.run(small())
    assert trompe.load(folder).step == 10
    assert store.find(store.wanted(small())) is None
    assert store.run(small()).digest == whole.digest


def test_a_damaged_run_is_not_taken(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.run(small())
    (run.folder / "weights.safetensors").write_bytes(b"nothing")
    assert store.find(store.wanted(small())) is None


def test_a_value_is_computed_once_for_each_key(tmp_path: Path) -> None:
    calls = []

    def compute() -> list[float]:
        calls.append(1)
        return [1.5, 2.0]

    for _ in range(2):
        assert Store(tmp_path).value("errors", {"seed": 0, "sizes": (1, 2)}, compute) == [1.5, 2.0]
    assert len(calls) == 1
    Store(tmp_path / "other", [tmp_path]).value("errors", {"seed": 0, "sizes": (1, 2)}, compute)
    assert len(calls) == 1
    Store(tmp_path).value("errors", {"seed": 1, "sizes": (1, 2)}, compute)
    assert len(calls) == 2


def test_recipe_and_data_must_fit(tmp_path: Path) -> None:
    with pytest.raises(TrompeError, match="class-conditional"):
        Store(tmp_path).run(small("cvae-mnist"), trompe.load_data("curves:test").take(slice(0, 50)))
