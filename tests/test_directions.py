"""Directions of the latent space: closed forms, and what is kept of a user's own."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import trompe
from trompe.analysis.directions import (
    Direction,
    class_means,
    directions,
    first_features,
    keep_directions,
    own_directions,
    principal,
    sensitivity,
)
from trompe.condition import NOTHING, Condition
from trompe.core.model import Model
from trompe.errors import TrompeError
from trompe.explorer.directions import directions_of
from trompe.explorer.runs import Runs
from trompe.explorer.server import create_app
from trompe.nets.layers import with_class
from trompe.runs.predictor import Predictor

LATENT, CLASSES = 4, 3


class Linear(nn.Module):
    """A decoder of one linear layer after which everything is as it is anywhere; its first layer sees the class too."""

    def __init__(self, weight: np.ndarray) -> None:
        super().__init__()
        self.unused = nn.Linear(2, 2)
        self.last = nn.Linear(weight.shape[0], 6)
        self.first = nn.Linear(LATENT + CLASSES, weight.shape[0])
        self.first.weight.data[:, :LATENT] = torch.from_numpy(weight).float()

    def forward(self, latents: Tensor, condition: Condition = NOTHING) -> Tensor:
        features = self.first(with_class(latents, condition, CLASSES))
        return self.last(torch.relu(features)).unflatten(1, (1, 2, 3))


@pytest.fixture
def rotation() -> np.ndarray:
    found: np.ndarray = np.linalg.qr(np.random.default_rng(3).normal(size=(LATENT, LATENT)))[0]
    return found


def predictor_of(run: trompe.Run, weight: np.ndarray, prior: Any = "normal") -> Predictor:
    model = Model(
        {"decoder": Linear(weight)}, prior=prior, image_shape=(1, 2, 3), latent_shape=(LATENT,), num_classes=3
    )
    return Predictor(model, run.record, 0, torch.device("cpu"))


def test_first_layer_directions_are_its_right_singular_vectors(vae_run: trompe.Run, rotation: np.ndarray) -> None:
    """The columns of a known factorization, most sensitive first, whatever class the layer also sees."""
    other = np.linalg.qr(np.random.default_rng(4).normal(size=(7, LATENT)))[0]
    scales = np.array([5.0, 3.0, 2.0, 0.0])
    predictor = predictor_of(vae_run, other * scales @ rotation.T)
    np.testing.assert_allclose(sensitivity(predictor), rotation * scales**2 @ rotation.T, atol=1e-4)
    found = directions(predictor)
    assert [one.name for one in found] == ["1 (66%)", "2 (24%)", "3 (11%)"]  # of 38; the last changes nothing
    assert {one.kind for one in found} == {"first features"}
    for one, axis in zip(found, rotation.T, strict=False):
        assert abs(float(one.vector @ axis)) == pytest.approx(1, abs=1e-4)
        assert one.vector[np.abs(one.vector).argmax()] > 0
        assert one.reach == 3
    assert directions(predictor_of(vae_run, other, "uniform"))[0].reach == pytest.approx(3 * np.sqrt(1 / 3))


def test_first_features_are_the_first_layers_to_run(vae_run: trompe.Run, rotation: np.ndarray) -> None:
    """Not those that are declared first; over several batches, and without a trace left in the model."""
    predictor = predictor_of(vae_run, rotation)
    decoder = predictor.model.network("decoder")
    latents = torch.randn(1203, LATENT)
    expected = decoder.first(with_class(latents, Condition(torch.zeros(1203, dtype=torch.long)), CLASSES))
    torch.testing.assert_close(first_features(predictor, latents), expected)
    assert not any(module._forward_hooks for module in decoder.modules())


def test_principal_directions_of_gaussian_latents(rotation: np.ndarray) -> None:
    latents = np.random.default_rng(0).normal(size=(20_000, LATENT)) * [4, 2, 1, 0.5] @ rotation.T
    for (name, vector), axis, variance in zip(principal(np.cov(latents.T)), rotation.T, (16, 4, 1, 0.25), strict=True):
        assert abs(float(vector @ axis)) > 0.995
        assert abs(int(name.split("(")[1].rstrip("%)")) - 100 * variance / 21.25) < 1.5


def test_class_means_of_known_latents() -> None:
    latents = np.array([[4.0, 0], [6, 0], [0, 3], [0, 5], [0, 0]])
    found = dict(class_means(latents, np.array([0, 0, 1, 1, 2]), ("a", "b", "c")))
    others = np.array([5.0, 0]) - [0, 8 / 3]
    np.testing.assert_allclose(found["a"], others / np.linalg.norm(others))
    np.testing.assert_allclose(found["c"], np.array([-2.5, -2]) / np.hypot(2.5, 2))
    assert list(found) == ["a", "b", "c"]


def test_two_classes_have_one_direction_and_one_class_none() -> None:
    latents = np.array([[0.0, 1], [0, 1], [2, 1]])
    assert [(name, vector.tolist()) for name, vector in class_means(latents, np.array([0, 0, 2]), "abc")] == [
        ("c", [1.0, 0.0])
    ]
    assert class_means(latents, np.zeros(3, int), "abc") == []
    assert class_means(np.ones((3, 2)), np.array([0, 1, 2]), "abc") == []


def test_a_model_without_a_prior_reaches_as_far_as_its_latents(autoencoder_run: trompe.Run) -> None:
    data = autoencoder_run.data()
    latents = autoencoder_run.encode(data).flatten(1).numpy()
    found = directions(autoencoder_run.predictor, data)
    assert {one.kind for one in found} == {"class mean", "latents", "first features"}
    assert [one.name for one in found if one.kind == "class mean"] == list(data.class_names)
    for one in found:
        assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)
        assert one.reach == pytest.approx(3 * float((latents @ one.vector).std()), rel=1e-4)
    known = directions(autoencoder_run.predictor, data, latents)
    assert [one.to_json() for one in known] == [one.to_json() for one in found]


def test_convolutional_and_conditional_decoders_have_directions(
    wide_run: trompe.Run, class_run: trompe.Run, gan_run: trompe.Run
) -> None:
    for run in (wide_run, class_run, gan_run):
        size = int(np.prod(run.model.latent_shape))
        vectors = np.stack([one.vector for one in directions(run.predictor) if one.kind == "first features"])
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(min(10, size)), atol=1e-6)


# The user's own

Ask = Callable[..., httpx.Response]
ONE = {"name": "slant", "vector": [3.0, 4.0], "reach": 2}
ADDRESS = "/api/runs/run/directions"


@pytest.fixture
def run(vae_run: trompe.Run, tmp_path: Path) -> trompe.Run:
    folder = tmp_path / "run"
    shutil.copytree(vae_run.folder, folder)
    opened = trompe.load(folder)
    assert isinstance(opened, trompe.Run)
    return opened


@pytest.fixture
def ask(run: trompe.Run) -> Ask:
    """Requests to a server of the run."""
    transport = httpx.ASGITransport(create_app(Runs([run.folder])))

    async def send(method: str, address: str, options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, address, **options)

    return lambda method, address=ADDRESS, **options: asyncio.run(send(method, address, options))


def test_directions_are_kept_and_come_back(run: trompe.Run, ask: Ask) -> None:
    computed = ask("GET").json()
    assert {one["kind"] for one in computed} == {"class mean", "latents", "first features"}
    assert ask("PUT", json=[ONE, {**ONE, "name": "Neigung ↗"}]).json() == {"kept": 2}
    assert [one["name"] for one in json.loads((run.folder / "directions.json").read_text("utf-8"))] == [
        "slant",
        "Neigung ↗",
    ]
    found = ask("GET").json()
    assert found[: len(computed)] == computed
    assert found[len(computed)] == {"name": "slant", "kind": "own", "vector": [0.6, 0.8], "reach": 2}
    assert directions_of(Runs([run.folder]).at("run")) == found
    slant = own_directions(run)[0]
    np.testing.assert_allclose(slant.vector, [0.6, 0.8])
    keep_directions(run, [slant])
    assert ask("GET").json()[len(computed) :] == [found[len(computed)]]
    assert ask("PUT", json=[]).json() == {"kept": 0}
    assert own_directions(run) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"{}",
        b"[1]",
        b'[{"name": "a", "vector": [NaN, 1], "reach": 1}]',
        b'[{"name": "a", "vector": [1e400, 1], "reach": 1}]',
        b'[{"name": "a", "vector": [1, 1], "reach": Infinity}]',
        *(
            json.dumps(value).encode()
            for value in (
                [{**ONE, "name": ""}],
                [{**ONE, "name": "   "}],
                [{**ONE, "name": "x" * 81}],
                [{**ONE, "name": "two\nlines"}],
                [{**ONE, "name": "\x1b[31m"}],
                [{**ONE, "name": "\u202egnp"}],
                [{**ONE, "name": 7}],
                [{**ONE, "vector": [1.0]}],
                [{**ONE, "vector": [0.0, 0.0]}],
                [{**ONE, "vector": ["1", "0"]}],
                [{**ONE, "vector": [1e9, 0.0]}],
                [{**ONE, "vector": None}],
                [{**ONE, "reach": 0}],
                [{**ONE, "reach": -1}],
                [{**ONE, "reach": True}],
                [{**ONE, "more": 1}],
                [{"name": "a"}],
                [ONE] * 201,
            )
        ),
    ],
)
def test_what_is_no_list_of_directions_is_refused_and_nothing_written(run: trompe.Run, ask: Ask, body: bytes) -> None:
    ask("PUT", json=[ONE])
    answer = ask("PUT", content=body)
    assert answer.status_code == 400
    assert answer.json()["hint"]
    assert [one.name for one in own_directions(run)] == ["slant"]


def test_only_the_page_itself_may_keep_directions(run: trompe.Run, ask: Ask) -> None:
    assert ask("PUT", json=[ONE], headers={"origin": "http://elsewhere.example"}).status_code == 403
    assert ask("PUT", "/api/runs/other/directions", json=[ONE]).status_code == 404
    assert not (run.folder / "directions.json").exists()


def test_a_damaged_file_says_so(run: trompe.Run) -> None:
    path = run.folder / "directions.json"
    for content in ("[", '[{"name": "a"}]', '[{"name": "a", "vector": [1, 2, 3], "reach": 1}]'):
        path.write_text(content)
        with pytest.raises(TrompeError, match=r"directions|direction `a`"):
            own_directions(run)


def test_a_link_in_its_place_is_never_followed(run: trompe.Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("[]")
    (run.folder / "directions.json").symlink_to(outside)
    with pytest.raises(TrompeError, match="is a link"):
        trompe.load(run.folder)


def test_python_keeps_only_what_the_page_would(run: trompe.Run) -> None:
    with pytest.raises(TrompeError, match="name"):
        keep_directions(run, [Direction("\n", "own", np.array([1.0, 0]), 1)])
    assert not (run.folder / "directions.json").exists()
