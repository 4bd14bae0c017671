"""Training in the page, and the game in the plane as the page shows it."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trompe
from conftest import small
from trompe.analysis.discriminator import field_of
from trompe.data.samples import random_images
from trompe.data.sources.synthetic import MIXTURES, REACH
from trompe.explorer.about import Shown
from trompe.explorer.fields import fields
from trompe.explorer.live import MOST_SESSIONS, MOST_STEPS
from trompe.explorer.live_training import Session, Start
from trompe.explorer.runs import Runs
from trompe.explorer.server import create_app
from trompe.losses.adversarial import OBJECTIVES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2
    from fastapi.testclient import TestClient

Answer = dict[str, Any]
NETWORKS = {"widths": [64, 64], "latent": 2, "batch": 64}


@pytest.fixture(scope="module")
def plane_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    data = trompe.load_data("ring")
    return trompe.train(small("gan-2d", steps=6, snapshots=(0, 2, 4)), tmp_path_factory.mktemp("plane"), data=data)


@pytest.fixture
def client(plane_run: trompe.Run) -> Iterator[TestClient]:
    with TestClient(create_app(Runs([plane_run.folder])), base_url="http://localhost") as made:
        yield made


def begun(client: TestClient, **settings: Any) -> Answer:
    answer = client.post("/api/live", json=NETWORKS | settings)
    assert answer.status_code == 200, answer.text
    return answer.json()


def trained(client: TestClient, session: Answer, steps: int) -> Answer:
    """The session after at least this many more steps."""
    state = session
    while state["step"] < session["step"] + steps:
        answer = client.post(f"/api/live/{session['id']}/steps", params={"count": 200})
        assert answer.status_code == 200, answer.text
        state = answer.json()
        assert state["stopped"] is None
    return state


def distance(flat: list[float]) -> float:
    """From points to the nearest mode of the ring, on average."""
    points = np.array(flat).reshape(-1, 2)
    return float(np.linalg.norm(points[:, None] - MIXTURES["ring"], axis=-1).min(1).mean())


@pytest.mark.parametrize("family", ["gan", "vae", "autoencoder"])
def test_each_family_learns_the_ring(client: TestClient, family: str) -> None:
    before = begun(client, family=family, learning_rate=3e-3)
    after = trained(client, before, 400)
    seen = "reconstructed" if family == "autoencoder" else "samples"
    assert distance(after[seen]) < 0.6 * distance(before[seen])
    assert after["losses"]
    assert np.abs(before["data"]).max() <= REACH


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains(client: TestClient, objective: str) -> None:
    state = trained(client, begun(client, objective=objective, r1=0.1, r2=0.1), 5)
    assert {"discriminator/loss", "discriminator/r1", "discriminator/r2", "generator/loss"} <= state["losses"].keys()
    assert len(state["samples"]) == len(state["push"])
    assert state["probability"] == (OBJECTIVES[objective].threshold == 0)  # type: ignore[index]


def test_it_goes_on_with_the_same_weights_and_other_settings() -> None:
    session = Session(Start(widths=(16,), batch=16))
    session.train(3)
    before = {name: tensor.clone() for name, tensor in session.state.model.state_dict().items()}
    moments = {name: tensor.clone() for name, tensor in session.state.optimizers["generator"].tensors().items()}
    drawn = [0.5, 0.5, -0.5, 0.5]
    session.change({"objective": "hinge", "learning_rate": 1e-2, "data": drawn})
    after = session.state.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(torch.equal(one, session.state.optimizers["generator"].tensors()[name]) for name, one in moments.items())
    assert session.state.step == 3
    assert sorted(session.samples.images.ravel().tolist()) == sorted(drawn)
    session.train(1)
    assert session.state.step == 4
    assert not all(torch.equal(before[name], tensor) for name, tensor in session.state.model.state_dict().items())


def test_settings_that_do_not_fit_change_nothing(client: TestClient) -> None:
    session = begun(client, r1=0.1)
    path = f"/api/live/{session['id']}/options"
    refused = client.post(path, json={"objective": "wasserstein", "r1": 0})
    assert refused.status_code == 400
    assert "Wasserstein" in refused.json()["detail"]
    state = trained(client, session, 1)
    assert "discriminator/r1" in state["losses"]
    assert client.post(path, json={"objective": "wasserstein"}).status_code == 200


def test_data_are_a_set_or_points(client: TestClient) -> None:
    grid = begun(client, data="grid")
    assert len({tuple(np.round(point)) for point in np.reshape(grid["data"], (-1, 2))}) == 9
    drawn = [0.25, -0.5, 1.0, 1.25]
    answer = client.post(f"/api/live/{grid['id']}/options", json={"data": drawn}).json()
    assert sorted(answer["data"]) == sorted(drawn)
    assert "data" not in client.post(f"/api/live/{grid['id']}/options", json={"batch": 8}).json()
    moons = np.reshape(begun(client, data="moons")["data"], (-1, 2))
    assert np.abs(moons).max() < REACH


BAD_SETTINGS = [
    '{"data": [NaN, 0]}',
    '{"data": [Infinity, 0]}',
    '{"data": [2, 0]}',
    '{"data": [1, 0, 1]}',
    '{"data": []}',
    '{"data": "moon"}',
    '{"data": [[0, 1]]}',
    json.dumps({"data": [0] * 20_002}),
    '{"learning_rate": 0}',
    '{"learning_rate": NaN}',
    '{"batch": 1e9}',
    '{"widths": [100000]}',
    '{"widths": [1, 1, 1, 1, 1]}',
    '{"latent": 0}',
    '{"objective": "best"}',
    '{"objective": "wasserstein", "r1": 0}',
    '{"seed": -1}',
    '{"speed": 1}',
    "[" * 10_000,
    "[]",
    "null",
    '{"batch": "8"}',
    '"ring"',
    "{",
    "\udcff",
]


@pytest.mark.parametrize("content", BAD_SETTINGS, ids=range(len(BAD_SETTINGS)))
def test_bad_settings_are_refused_with_a_reason(client: TestClient, content: str) -> None:
    answer = client.post("/api/live", content=content.encode("utf-8", "surrogateescape"))
    assert answer.status_code == 400
    assert 0 < len(answer.json()["detail"]) < 500


def test_bad_requests_are_refused(client: TestClient) -> None:
    key = begun(client)["id"]
    for count in (0, -1, MOST_STEPS + 1, "many", 10**30):
        assert client.post(f"/api/live/{key}/steps", params={"count": count}).status_code in (400, 422)
    assert client.post(f"/api/live/{key}/options", json={"widths": [8]}).status_code == 400
    assert client.post("/api/live/none/steps").status_code == 404
    assert client.post("/api/live/none/options", json={}).status_code == 404
    assert client.delete(f"/api/live/{key}").status_code == 204
    assert client.delete(f"/api/live/{key}").status_code == 404


@pytest.mark.parametrize("family", ["gan", "vae", "autoencoder"])
def test_a_training_that_is_not_finite_stops_with_a_reason(family: str) -> None:
    session = Session(Start(family=family, widths=(8,), batch=8))  # type: ignore[arg-type]
    seen = session.seen
    with torch.no_grad():
        next(session.state.model.network("decoder").parameters()).fill_(math.nan)
    session.train(5)
    assert "not finite after step 1" in str(session.stopped)
    assert session.seen is seen  # what was last to be seen
    json.dumps(session.answer(), allow_nan=False)
    session.change({"learning_rate": 1e-4})
    session.train(1)
    assert (session.state.step, session.seen) == (1, seen)


def test_networks_that_give_no_numbers_stop_it_too() -> None:
    session = Session(Start(widths=(8,), batch=8))
    with torch.no_grad():
        next(session.state.model.network("discriminator").parameters()).fill_(math.inf)
    session.look()
    assert "not finite" in str(session.stopped)


def test_the_least_recently_used_session_goes_first(client: TestClient) -> None:
    tiny = {"widths": [2], "batch": 1, "data": [0, 0]}
    keys = [begun(client, **tiny)["id"] for _ in range(MOST_SESSIONS)]
    assert client.post(f"/api/live/{keys[0]}/steps").status_code == 200
    begun(client, **tiny)
    assert client.post(f"/api/live/{keys[1]}/steps").status_code == 404
    assert client.post(f"/api/live/{keys[0]}/steps").status_code == 200


def test_it_computes_in_one_thread_and_leaves_the_number_of_others(client: TestClient) -> None:
    before = torch.get_num_threads()
    begun(client)
    assert torch.get_num_threads() == before


def test_one_seed_trains_to_the_same_bits() -> None:
    sessions = [Session(Start(widths=(8,), batch=8, seed=seed)) for seed in (3, 3, 4)]
    for session in sessions:
        session.train(2)
    assert sessions[0].seen == sessions[1].seen
    assert sessions[0].seen != sessions[2].seen


def test_the_fields_of_every_snapshot(client: TestClient, plane_run: trompe.Run) -> None:
    content = client.get(f"/api/runs/{plane_run.folder.name}/fields").content
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    floats = np.frombuffer(content, "<f4", offset=4 + length)  # at a multiple of four, as the page needs
    assert length % 4 == 0
    assert header["steps"] == [0, 2, 4, 6]
    assert header["reach"] == [-REACH, REACH]
    assert header["probability"] is True
    side, points, real = header["side"], header["points"], header["real"]
    each = side * side + 4 * points
    assert len(floats) == len(header["steps"]) * each + 2 * real
    last = field_of(plane_run.predictor, random_images(plane_run.data(), 400))
    found = floats[3 * each : 4 * each]
    np.testing.assert_allclose(found[: side * side].reshape(side, side), last.logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[side * side :][: 2 * points].reshape(-1, 2), last.points, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[side * side + 2 * points :].reshape(-1, 2), last.push, rtol=1e-3, atol=1e-4)
    assert distance(floats[4 * each :].tolist()) < 0.1  # of the data


def test_only_a_gan_in_the_plane_has_fields(vae_run: trompe.Run) -> None:
    with pytest.raises(trompe.TrompeError, match="not of points of the plane"):
        fields(Shown(vae_run, "vae"))
    with TestClient(create_app(Runs([Path(vae_run.folder)])), base_url="http://localhost") as client:
        assert client.get(f"/api/runs/{vae_run.folder.name}/fields").status_code == 400
        assert client.get("/api/runs/none/fields").status_code == 404
