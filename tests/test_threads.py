"""What looks into a model while it computes sees nothing of what other threads compute with it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import numpy as np
import pytest
import torch

import trompe
from trompe.analysis.directions import sensitivity
from trompe.conv.runs import trace
from trompe.runs.predictor import Predictor


def beside(verb: Callable[..., object]) -> Callable[..., object]:
    """A verb during which another thread uses the same model."""

    def busy(self: Predictor, *arguments: object) -> object:
        other = Thread(target=lambda: self.model.decode(torch.zeros(3, *self.model.latent_shape)))
        other.start()
        other.join()
        return verb(self, *arguments)

    return busy


def test_first_features_are_those_of_one_thread(wide_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = sensitivity(wide_run.predictor)
    monkeypatch.setattr(Predictor, "decode", beside(Predictor.decode))
    np.testing.assert_array_equal(sensitivity(wide_run.predictor), alone)


def test_traced_layers_are_those_of_one_thread(wide_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    image = torch.zeros(1, *wide_run.model.input_shape)
    alone = [layer.name for layer in trace(wide_run.predictor, image)]
    monkeypatch.setattr(Predictor, "apply", beside(Predictor.apply))
    assert [layer.name for layer in trace(wide_run.predictor, image)] == alone
