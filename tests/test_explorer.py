"""The explorer's server: what it answers, what it refuses, what it notices, and how it begins and ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trompe
from trompe.analysis.discriminator import discriminator_gradient
from trompe.analysis.inversion import invert
from trompe.display.grid import to_bytes
from trompe.errors import TrompeError
from trompe.explorer import guard, serve
from trompe.explorer.runs import NoRun, Runs
from trompe.explorer.server import KINDS, create_app
from trompe.explorer.turns import BATCH, Turns
from trompe.explorer.verbs import INVERSION_STARTS, INVERSION_STEPS, MOST_INVERTED, SERVED, Verb
from trompe.runs.tensors import read_metadata, read_tensors, write_tensors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2
    from fastapi.testclient import TestClient

PAGE = Path(serve.__file__).parent / "page"


@contextmanager
def asked(runs: Runs, **options: Any) -> Iterator[TestClient]:
    with TestClient(create_app(runs), base_url="http://localhost:1234", **options) as client:
        yield client


@pytest.fixture(scope="module")
def known(vae_run: trompe.Run, class_run: trompe.Run, gan_run: trompe.Run) -> dict[str, trompe.Run]:
    return {"vae": vae_run, "class": class_run, "gan": gan_run}


@pytest.fixture(scope="module")
def client(known: dict[str, trompe.Run]) -> Iterator[TestClient]:
    with asked(Runs([run.folder for run in known.values()])) as client:
        yield client


@pytest.fixture
def copied(vae_run: trompe.Run, tmp_path: Path) -> Path:
    """A run that a test may change, under a root of runs."""
    return Path(shutil.copytree(vae_run.folder, tmp_path / "runs" / "one"))


def address(run: trompe.Run, rest: str = "") -> str:
    return f"/api/runs/{run.folder.name}{rest}"


def rows(run: trompe.Run, of: str, count: int = 5) -> torch.Tensor:
    shape = run.model.input_shape if of == "images" else run.model.latent_shape
    found = torch.randn(count, *shape, generator=torch.Generator().manual_seed(1))
    return found.sigmoid() if of == "images" else found.clamp(-1, 1)


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.numpy().astype("<f4").tobytes()


def change_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    metadata = read_metadata(path)
    write_tensors(path, {name: tensor * 1.5 for name, tensor in read_tensors(path).items()}, metadata)


# What it answers

ANSWERS: dict[str, Callable[[trompe.Run, torch.Tensor, Any], torch.Tensor]] = {
    "decode": lambda run, given, labels: run.decode(given, labels),
    "sample": lambda run, given, labels: run.decode(run.model.latents_from_noise(given), labels),
    "encode": lambda run, given, labels: run.encode(given, labels),
    "reconstruct": lambda run, given, labels: run.reconstruct(given, labels),
    "discriminate": lambda run, given, labels: run.predictor.discriminator_logits(given, labels),
    "gradient": lambda run, given, labels: discriminator_gradient(run.predictor, given, labels),
    "invert": lambda run, given, labels: (
        invert(run.predictor, given, labels, method="descent", steps=INVERSION_STEPS, starts=INVERSION_STARTS).latents
    ),
}


@pytest.mark.parametrize(
    ("name", "verb"),
    [("vae", "decode"), ("vae", "sample"), ("vae", "encode"), ("vae", "reconstruct"), ("class", "decode"),
     ("class", "encode"), ("gan", "sample"), ("gan", "discriminate"), ("gan", "gradient"), ("gan", "invert")],
)  # fmt: skip
def test_each_verb_answers_what_the_run_does(
    client: TestClient, known: dict[str, trompe.Run], name: str, verb: str
) -> None:
    run = known[name]
    given = rows(run, SERVED[verb].takes, 2 if verb == "invert" else 5)
    label = 3 if run.model.num_classes else None
    found = client.post(address(run, f"/{verb}"), content=raw(given), params={} if label is None else {"label": label})
    expected = ANSWERS[verb](run, given, None if label is None else [label] * len(given))
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.content == (to_bytes(expected).tobytes() if SERVED[verb].gives == "images" else raw(expected))


def test_the_rows_of_a_large_request_come_in_order(client: TestClient, vae_run: trompe.Run) -> None:
    given = rows(vae_run, "latents", 3 * BATCH + 5)
    found = np.frombuffer(client.post(address(vae_run, "/decode"), content=raw(given)).content, np.uint8)
    expected = to_bytes(vae_run.decode(given)).reshape(-1)
    assert np.abs(found.astype(int) - expected).max() <= 1  # batches of other sizes round otherwise


def test_a_snapshot_answers_with_its_own_weights(client: TestClient, gan_run: trompe.Run) -> None:
    given = rows(gan_run, "noise")
    now, then = (client.post(address(gan_run, f"/sample{at}"), content=raw(given)) for at in ("", "?snapshot=10"))
    before = trompe.Run(gan_run.folder, snapshot=10)
    assert then.content == to_bytes(before.decode(given)).tobytes() != now.content


def test_the_data_and_their_latents(client: TestClient, vae_run: trompe.Run) -> None:
    about = client.get(address(vae_run)).json()
    images = np.frombuffer(client.get(address(vae_run, "/images")).content, np.uint8)
    images = images.reshape(about["data"]["count"], *about["image_shape"])
    latents = np.frombuffer(client.get(address(vae_run, "/latents")).content, "<f4").reshape(len(images), -1)
    np.testing.assert_allclose(latents, vae_run.encode(images).numpy(), atol=1e-4)
    assert len(about["data"]["labels"]) == len(images)


def test_every_run_is_listed(client: TestClient, known: dict[str, trompe.Run]) -> None:
    assert {one["name"]: one["step"] for one in client.get("/api/runs").json()} == {
        run.folder.name: run.step for run in known.values()
    }


# What it refuses


def refused(answer: Any, status: int, word: str) -> None:
    """An error says why, as JSON."""
    assert answer.status_code == status, answer.text
    assert answer.json().keys() <= {"detail", "hint"}
    assert word in f"{answer.json()['detail']} {answer.json().get('hint', '')}"


OWN = ["localhost", "LOCALHOST:80", "127.0.0.1:1234", "[::1]:1234", "[::1]", "192.168.1.7:8000", "lab.example:9"]
FOREIGN = ["evil.example", "evil.example:1234", "localhost.evil.example", "localhost:1234.evil.example", "::1",
           "[::1", "localhost:", "localhost:x", "user@localhost", "2130706433", "", "127.0.0.1.evil.example",
           "[::1].evil.example"]  # fmt: skip


@pytest.mark.parametrize("host", OWN)
def test_it_answers_to_its_own_names_and_to_numbers(vae_run: trompe.Run, host: str) -> None:
    app = create_app(Runs([vae_run.folder]), ("Lab.example",))
    assert TestClient(app).get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_it_answers_to_no_other_name(client: TestClient, host: str) -> None:
    for path in ("/", "/api/runs"):
        refused(client.get(path, headers={"host": host}), 421, "name")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"origin": "http://localhost:1234"}, True),
        ({"origin": "http://localhost:1234", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://localhost:9"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
    ],
)
def test_only_its_own_page_may_write(
    client: TestClient, vae_run: trompe.Run, headers: dict[str, str], allowed: bool
) -> None:
    answer = client.post(address(vae_run, "/decode"), content=bytes(8), headers=headers)
    if allowed:
        assert answer.status_code == 200
    else:
        refused(answer, 403, "another page")


def test_another_page_may_link_to_it_but_not_ask_it(client: TestClient) -> None:
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert client.get("/", headers=elsewhere | {"sec-fetch-mode": "navigate"}).status_code == 200
    refused(client.get("/api/runs", headers=elsewhere | {"sec-fetch-mode": "no-cors"}), 403, "another page")


@pytest.mark.parametrize("path", ["/", "/main.js", "/api/runs", "/nothing", "/api/runs/nothing"])
def test_every_answer_is_fenced_in(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("verb", "body", "query", "status", "word"),
    [
        ("decode", b"", "", 400, "0 bytes"),
        ("decode", bytes(9), "", 400, "whole rows"),
        ("decode", np.full(2, np.nan, "<f4").tobytes(), "", 400, "not finite"),
        ("decode", np.full(2, 1e30, "<f4").tobytes(), "", 400, "within"),
        ("decode", bytes(8 * 4097), "", 400, "at most 4096"),
        ("decode", bytes(8), "?label=1", 400, "not class-conditional"),
        ("decode", bytes(8), "?label=x", 400, "label"),
        ("decode", bytes(8), "?label=-1", 400, "label"),
        ("decode", bytes(8), "?snapshot=77", 400, "no snapshot of step 77"),
        ("decode", bytes(8), "?snapshot=1e3", 400, "snapshot"),
        ("discriminate", bytes(256), "", 400, "no discriminator"),
        ("classify", bytes(256), "", 400, "no classifier"),
        ("invert", bytes(256 * (MOST_INVERTED + 1)), "", 400, f"at most {MOST_INVERTED}"),
        ("dance", bytes(8), "", 404, "nothing of that name"),
    ],
)
def test_a_bad_request_is_told_why(
    client: TestClient, vae_run: trompe.Run, verb: str, body: bytes, query: str, status: int, word: str
) -> None:
    refused(client.post(address(vae_run, f"/{verb}{query}"), content=body), status, word)


def test_a_class_conditional_model_needs_a_label_of_its_own(client: TestClient, class_run: trompe.Run) -> None:
    content = raw(rows(class_run, "latents"))
    refused(client.post(address(class_run, "/decode"), content=content), 400, "needs a label")
    refused(client.post(address(class_run, "/decode?label=10"), content=content), 400, "0 to 9")


def test_an_answer_has_a_largest_size(client: TestClient, vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trompe.explorer.verbs.MOST_VALUES", 64 * 10)  # of images of 8x8
    refused(client.post(address(vae_run, "/decode"), content=bytes(8 * 11)), 400, "at most 10")
    assert client.post(address(vae_run, "/decode"), content=bytes(8 * 10)).status_code == 200


@pytest.mark.parametrize(
    "name", ["nothing", "..", "%2e%2e%2fetc", "%00", "%ff%fe", "é", "a" * 300, "con", "%F0%9F%98%80"]
)
def test_a_run_that_is_not_there(client: TestClient, name: str) -> None:
    for answer in (
        client.get(f"/api/runs/{name}/status"),
        client.post(f"/api/runs/{name}/decode", content=bytes(8)),
    ):
        assert answer.status_code in (400, 404)
        assert isinstance(answer.json()["detail"], str)


def test_other_methods_are_refused(client: TestClient, vae_run: trompe.Run) -> None:
    assert client.get(address(vae_run, "/decode")).headers["allow"] == "POST"
    assert client.post("/main.js").status_code == 405
    refused(client.delete(address(vae_run)), 405, "by GET")


def test_a_body_that_says_it_is_too_large_is_not_read(client: TestClient, vae_run: trompe.Run) -> None:
    too_long = {"content-length": str(guard.MOST_BODY + 1)}
    refused(client.post(address(vae_run, "/decode"), content=b"", headers=too_long), 413, "at most")
    for wrong in ("-1", "x", "1" * 5000):
        answer = client.post(address(vae_run, "/decode"), content=b"", headers={"content-length": wrong})
        assert answer.status_code in (400, 413)


def test_a_body_that_does_not_say_its_length_is_counted(
    client: TestClient, vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_BODY", 100)
    refused(client.post(address(vae_run, "/decode"), content=iter([bytes(60), bytes(60)])), 413, "at most")
    assert client.post(address(vae_run, "/decode"), content=iter([bytes(40), bytes(40)])).status_code == 200


def test_a_body_that_never_ends_is_given_up(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.01)
    app, sent = create_app(Runs([vae_run.folder])), []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    path = address(vae_run, "/decode")
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"host", b"localhost")], "http_version": "1.1", "root_path": ""}  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert "seconds" in json.loads(sent[1]["body"])["detail"]


def test_too_many_requests_at_once_are_sent_away(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_REQUESTS", 0)
    refused(client.get("/api/runs"), 503, "too many")


def test_a_bug_is_told_as_such_and_nothing_of_it(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs([vae_run.folder])
    monkeypatch.setattr(runs, "described", lambda: 1 / 0)
    with asked(runs, raise_server_exceptions=False) as client:
        answer = client.get("/api/runs")
    refused(answer, 500, "bug")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_the_page_s_files_are_served(client: TestClient) -> None:
    for path in PAGE.rglob("*"):
        if path.is_file():
            answer = client.get(f"/{path.relative_to(PAGE).as_posix()}")
            assert answer.status_code == (200 if path.suffix in KINDS else 404)
    assert client.get("/style.css").headers["content-type"].startswith("text/css")
    assert client.get("/main.js").headers["content-type"].startswith("text/javascript")
    for path in ("/..%2fserver.py", "/%2e%2e/server.py", "/views", "/../web/report.html", "/report.html", "/%00.js"):
        assert client.get(path).status_code == 404, path


def test_a_file_is_sent_again_only_where_it_changed(client: TestClient) -> None:
    for path in ("/", "/style.css", "/main.js"):
        tag = client.get(path).headers["etag"]
        assert client.get(path, headers={"if-none-match": tag}).status_code == 304


def test_the_description_says_what_can_be_asked(client: TestClient, known: dict[str, trompe.Run]) -> None:
    text = client.get("/openapi.json").text
    assert set(SERVED) <= {path.rsplit("/", 1)[1] for path in json.loads(text)["paths"]}
    assert '"422"' not in text  # errors have one form
    assert not any(str(run.folder.parent) in text for run in known.values())


# What it notices


def test_changed_weights_are_noticed(copied: Path) -> None:
    runs = Runs([copied])
    with asked(runs) as client:
        before = (
            client.get("/api/runs/one/status").json(),
            client.post("/api/runs/one/decode", content=bytes(8)).content,
        )
        data = runs.at("one").data
        change_weights(copied)
        after = client.get("/api/runs/one/status").json(), client.post("/api/runs/one/decode", content=bytes(8)).content
    assert before[0]["version"] != after[0]["version"]
    assert after[1] == to_bytes(trompe.Run(copied).decode(torch.zeros(1, 2))).tobytes() != before[1]
    assert runs.at("one").data is data  # which are not read again


def test_a_run_that_appears_is_listed_and_one_that_goes_is_missed(copied: Path) -> None:
    with asked(Runs([], copied.parent)) as client:
        assert [one["name"] for one in client.get("/api/runs").json()] == ["one"]
        shutil.copytree(copied, copied.parent / "another run!")
        assert {one["name"] for one in client.get("/api/runs").json()} == {"one", "another-run"}
        assert client.post("/api/runs/another-run/decode", content=bytes(8)).status_code == 200
        shutil.rmtree(copied)
        refused(client.post("/api/runs/one/decode", content=bytes(8)), 404, "no run `one`")
        refused(client.get("/api/runs/one/status"), 404, "no run `one`")
        assert [one["name"] for one in client.get("/api/runs").json()] == ["another-run"]


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "half of the weights": lambda run: (run / "weights.safetensors").write_bytes(
        (run / "weights.safetensors").read_bytes()[:1000]
    ),
    "no weights": lambda run: (run / "weights.safetensors").unlink(),
    "half of the record": lambda run: (run / "run.json").write_text((run / "run.json").read_text()[:100]),
    "another record": lambda run: (run / "run.json").write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_that_is_damaged_says_so_until_it_is_whole(copied: Path, vae_run: trompe.Run, damage: str) -> None:
    with asked(Runs([copied])) as client:
        assert client.get("/api/runs/one").status_code == 200
        DAMAGES[damage](copied)
        (line,) = client.get("/api/runs").json()
        assert line["name"] == "one"
        assert line["error"]
        for answer in (client.get("/api/runs/one"), client.post("/api/runs/one/decode", content=bytes(8))):
            assert answer.status_code == 400
            assert "one" in answer.json()["detail"]
            assert str(copied) not in answer.text + json.dumps(line)
        shutil.copytree(vae_run.folder, copied, dirs_exist_ok=True)
        assert client.post("/api/runs/one/decode", content=bytes(8)).status_code == 200
        assert "error" not in client.get("/api/runs").json()[0]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_weights_whose_images_are_not_finite_are_no_bug(copied: Path) -> None:
    path = copied / "weights.safetensors"
    metadata, weights = read_metadata(path), read_tensors(path)
    write_tensors(path, {name: torch.full_like(one, 1e38) for name, one in weights.items()}, metadata)
    with asked(Runs([copied])) as client:
        assert client.get("/api/runs/one").status_code in (200, 400)
        assert client.post("/api/runs/one/decode", content=bytes(8)).status_code in (200, 400)


def test_names_are_different_and_stay(copied: Path, tmp_path: Path) -> None:
    folders = [copied, *(tmp_path / place / "one" for place in "abc"), tmp_path / "one-2", tmp_path / "é"]
    for folder in folders[1:]:
        shutil.copytree(copied, folder)
    runs = Runs(folders)
    before = runs.folders()
    assert list(before) == ["one", "one-2", "one-3", "one-4", "one-2-2", "run"]
    shutil.rmtree(copied)
    assert runs.folders() == {name: folder for name, folder in before.items() if folder != copied}
    with pytest.raises(NoRun):
        runs.at("one")


def test_a_run_that_opens_slowly_keeps_no_other_waiting(
    vae_run: trompe.Run, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on, data = threading.Event(), threading.Event(), trompe.Run.data

    def slow(self: trompe.Run, *given: Any) -> Any:
        begun.set()
        assert goes_on.wait(60)
        return data(self, *given)

    monkeypatch.setattr(trompe.Run, "data", slow)
    with asked(Runs([vae_run.folder, copied])) as client, ThreadPoolExecutor() as pool:
        slowly = pool.submit(client.get, "/api/runs/one")
        assert begun.wait(60)
        for path in (address(vae_run, "/decode"), "/api/runs/one/decode"):
            assert client.post(path, content=bytes(8)).status_code == 200
        assert client.get("/api/runs").status_code == client.get("/").status_code == 200
        goes_on.set()
        assert slowly.result().status_code == 200


# Whose turn it is


class Recorder:
    """A verb that doubles rows, notes how many it was given, and waits for leave before the first."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.begun, self.leave = threading.Event(), threading.Event()

    def verb(self, name: str) -> Verb:
        def run(predictor: Any, given: torch.Tensor, labels: Any) -> torch.Tensor:
            self.calls.append((name, len(given)))
            self.begun.set()
            assert self.leave.wait(60)
            if bool((given < 0).any()):
                raise TrompeError("negative")
            return 2 * given

        return Verb("", run, "latents", "rows", ())


async def in_turns(run: trompe.Run, recorder: Recorder, first: Any, others: list[Any]) -> list[Any]:
    """The answers to requests, the others of which come while the first is computed."""
    turns = Turns()
    begun = asyncio.create_task(turns.answer(first[0], run.predictor, first[1], None))
    await asyncio.to_thread(recorder.begun.wait, 60)
    tasks = [asyncio.create_task(turns.answer(verb, run.predictor, given, None)) for verb, given in others]
    while len(turns.waiting) < len(others):
        await asyncio.sleep(0.001)
    recorder.leave.set()
    found = await asyncio.gather(begun, *tasks, return_exceptions=True)
    turns.end()
    return [one if isinstance(one, Exception) else np.frombuffer(one, "<f4") for one in found]


def test_a_small_request_waits_for_a_part_of_a_large_one(vae_run: trompe.Run) -> None:
    recorder = Recorder()
    large, small = torch.rand(3 * BATCH, 2), torch.rand(1, 2)
    found = asyncio.run(in_turns(vae_run, recorder, (recorder.verb("large"), large), [(recorder.verb("small"), small)]))
    assert recorder.calls == [("large", BATCH), ("small", 1), ("large", BATCH), ("large", BATCH)]
    for one, given in zip(found, (large, small), strict=True):
        np.testing.assert_array_equal(one, 2 * given.flatten())


def test_small_requests_are_computed_together(vae_run: trompe.Run) -> None:
    recorder = Recorder()
    verb, given = recorder.verb("verb"), torch.rand(BATCH + 4, 1, 2)
    found = asyncio.run(in_turns(vae_run, recorder, (verb, given[0]), [(verb, one) for one in given[1:]]))
    assert [count for _, count in recorder.calls] == [1, BATCH, 3]
    np.testing.assert_array_equal(np.stack(found), 2 * given.flatten(1))


def test_one_that_is_refused_spoils_none_beside_it(vae_run: trompe.Run) -> None:
    recorder = Recorder()
    verb, given = recorder.verb("verb"), [torch.tensor([[sign, 1.0]]) for sign in (1, 1, -1, 1)]
    found = asyncio.run(in_turns(vae_run, recorder, (verb, given[0]), [(verb, one) for one in given[1:]]))
    assert isinstance(found[2], TrompeError)
    assert all(np.array_equal(found[place], [2, 2]) for place in (0, 1, 3))


# A process of its own


@contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the address that it prints."""
    command = [sys.executable, "-m", "trompe", "explore", *map(str, arguments), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_many_clients_have_each_the_answer_to_its_own(vae_run: trompe.Run) -> None:
    given = torch.rand(200, 1, 2, generator=torch.Generator().manual_seed(0))
    with started(vae_run.folder) as (_, page), ThreadPoolExecutor(40) as pool:
        path = f"{page}api/runs/{vae_run.folder.name}/decode"

        def ask(latent: torch.Tensor) -> np.ndarray:
            with urllib.request.urlopen(path, raw(latent), timeout=60) as answer:
                return np.frombuffer(answer.read(), np.uint8)

        found = np.stack(list(pool.map(ask, given)))
    expected = to_bytes(vae_run.decode(given[:, 0])).reshape(len(given), -1)
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(vae_run: trompe.Run, number: signal.Signals) -> None:
    with started(vae_run.folder) as (process, page):
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert b"<html" in answer.read()
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert (out, errors) == ("", "press Ctrl-C to stop\n")


def test_a_port_that_is_taken_is_bad_input(vae_run: trompe.Run, run_command: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        _, errors = run_command("explore", vae_run.folder, "--port", port, "--no-browser", code=2)
    assert f"port {port}" in errors
    assert "--port" in errors


def test_a_run_that_is_damaged_alone_is_bad_input(vae_run: trompe.Run, tmp_path: Path, run_command: Any) -> None:
    folder = Path(shutil.copytree(vae_run.folder, tmp_path / "run"))
    (folder / "weights.safetensors").write_bytes(b"damaged")
    _, errors = run_command("explore", folder, "--no-browser", code=2)
    assert "no run can be opened: `run/weights.safetensors`" in errors


def test_a_device_that_is_not_there_is_bad_input(vae_run: trompe.Run, run_command: Any) -> None:
    assert "hint:" in run_command("explore", vae_run.folder, "--device", "cuda:99", "--no-browser", code=2)[1]


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none_is_bad_input(vae_run: trompe.Run, run_command: Any, port: int) -> None:
    _, errors = run_command("explore", vae_run.folder, "--port", port, "--no-browser", code=2)
    assert "0 to 65535" in errors


def test_a_folder_that_is_no_run_is_bad_input(
    tmp_path: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, errors = run_command("explore", tmp_path, "--no-browser", code=2)
    assert "is not a run" in errors
    assert "hint:" in errors
    monkeypatch.chdir(tmp_path)
    assert "hint:" in run_command("explore", "--no-browser", code=2)[1]


@pytest.mark.parametrize(("host", "warns"), [("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)])
def test_others_on_the_network_are_warned_of(
    vae_run: trompe.Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str, warns: bool
) -> None:
    monkeypatch.setattr(serve.Server, "run", lambda self, sockets: sockets[0].close())
    serve.serve([vae_run.folder], host=host, port=0, browser=False)
    assert ("anyone who can reach" in " ".join(capsys.readouterr().err.split())) is warns


def test_no_browser_is_opened_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not serve.has_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(serve.webbrowser, "get", lambda: object())
    assert serve.has_browser()


def test_help_is_read_without_torch_and_the_server() -> None:
    code = (
        "import sys; from trompe import cli\n"
        "try: cli.main(['explore', '--help'])\n"
        "finally: print({'torch', 'fastapi', 'uvicorn', 'numpy'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
