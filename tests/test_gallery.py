"""The gallery: entries are complete, made once, gone on with, and one that cannot be made does not break the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import small
from trompe import cli
from trompe.errors import TrompeError
from trompe.experiments import EXPERIMENTS, Value
from trompe.experiments.store import Interrupted, Store
from trompe.gallery import ENTRIES, Entry, Training, make_gallery, plan
from trompe.gallery.make import kept
from trompe.gallery.page import duration, number
from trompe.gallery.table import PARTS, Explored, Item, Picture
from trompe.gallery.work import Work
from trompe.recipes import Published
from trompe.recipes.checks import checked
from trompe.runs.run import Run


@pytest.mark.parametrize("key", sorted(ENTRIES))
def test_an_entry_says_what_to_see_and_how_it_is_made(key: str) -> None:
    row = ENTRIES[key]
    assert key[0] in PARTS
    assert len(re.findall(r"[.?!](?: |$)", row.see)) in (2, 3), row.see
    assert row.commands
    assert row.title[-1] != "."
    for training in row.runs.values():
        for quick in (True, False):
            checked(training.made(quick))
    assert set(row.experiments) <= set(EXPERIMENTS)


def test_every_row_of_the_lecture_has_an_entry() -> None:
    assert {key[:2] for key in ENTRIES} == {*(f"A{n}" for n in range(1, 5)), "B1", "B2",
                                            *(f"C{n}" for n in range(1, 8)), *(f"D{n}" for n in range(1, 5)),
                                            "E1", "E2"}  # fmt: skip


class Digits(Training):
    """A recipe of the tests as a training."""

    def made(self, quick: bool) -> object:
        return replace(small().with_(steps=10 if quick else 20, **self.changes), name=self.name or "digits")


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Two entries that share a run, one of data that are not there; and how often each was made."""
    made = {"A1": 0, "A2": 0}
    monkeypatch.setattr(ENTRIES, "rows", {})
    entry = {"commands": ("trompe train vae-digits",), "see": "A figure. Look at it."}

    def add(key: str, runs: dict[str, Training]) -> None:
        @Entry(key, f"Entry {key} & more", runs=runs, **entry)
        def make(work: Work, digits: Run) -> Iterator[Item]:
            made[key] += 1
            yield work.figure("samples", digits, caption="<b>samples</b>")
            yield Value(f"value of {key}", 1.25, "nats", Published(-84.45, "K = 5,000", "somebody 2016"))
            yield Explored("digits", "map", "Open the map")

    add("A1", {"digits": Digits("vae-digits", 5)})
    add("A2", {"digits": Digits("vae-digits", 5)})

    @Entry("B1", "Not at hand", runs={"faces": Training("vae", 3, {"data": "/nowhere/faces"})}, **entry)
    def absent(work: Work, faces: Run) -> Iterator[Item]:
        raise AssertionError("its data are not there")

    monkeypatch.setattr("trompe.gallery.make.site", lambda runs: {"index.html": b"explorer"})
    return made


def test_a_gallery_is_made_once_and_says_what_it_lacks(tmp_path: Path, entries: dict[str, int]) -> None:
    store = Store(tmp_path / "runs")
    for _ in range(2):
        make_gallery(tmp_path, store)
    assert entries == {"A1": 1, "A2": 1}
    page = (tmp_path / "index.html").read_text()
    shown = "Entry A1 &amp; more", "&lt;b&gt;samples", "1.25", "\N{MINUS SIGN}84.45", "somebody 2016"
    shown += "explore/index.html#run=digits&amp;view=map", "there is nothing at", "trompe gallery --only A1"
    assert [text for text in shown if text not in page] == []
    assert "<b>samples" not in page
    for name in re.findall(r'(?:src|href)="([^"#:]+)"', page):
        assert (tmp_path / name.partition("#")[0]).is_file(), name
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_shared_run_is_counted_once_and_what_is_there_not_at_all(tmp_path: Path, entries: dict[str, int]) -> None:
    store = Store(tmp_path / "runs")
    before = plan([ENTRIES["A1"], ENTRIES["A2"], ENTRIES["B1"]], tmp_path, store, quick=False)
    assert [one.missing for one in before] == [("vae-digits",), (), ()]
    assert before[0].minutes == pytest.approx(5.2)
    assert "nowhere" in before[2].reason
    make_gallery(tmp_path, store, only=["a1"])
    after = plan([ENTRIES["A1"], ENTRIES["A2"]], tmp_path, store, quick=False)
    assert [round(one.minutes, 6) for one in after] == [0, 0.2]


def test_an_interrupted_gallery_goes_on(
    tmp_path: Path, entries: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "runs")

    def interrupted(*_: object, **__: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(ENTRIES["A2"], "make", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_gallery(tmp_path, store)
    assert "not made yet" in (tmp_path / "index.html").read_text().lower()
    make_gallery(tmp_path, store)
    assert entries == {"A1": 1, "A2": 1}


def test_an_entry_is_made_again_where_its_recipe_or_size_changed(tmp_path: Path, entries: dict[str, int]) -> None:
    store, row = Store(tmp_path / "runs"), ENTRIES["A1"]
    make_gallery(tmp_path, store, only=["A1"])
    row.runs = {"digits": Digits("vae-digits", 5, {"beta": 2.0})}
    assert kept(row, tmp_path, quick=False) is None
    make_gallery(tmp_path, store, only=["A1"])
    make_gallery(tmp_path, store, only=["A1"], quick=True)
    assert entries["A1"] == 3
    assert "quick gallery" in (tmp_path / "index.html").read_text()
    make_gallery(tmp_path, store, only=["A1"], quick=True, again=True)
    assert entries["A1"] == 4
    (tmp_path / "A1" / "samples.png").unlink()
    assert kept(row, tmp_path, quick=True) is None


def test_bad_input_is_refused_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    (tmp_path / "file").write_text("")
    for arguments, words in {
        f"--out {tmp_path}/mine": "is not empty, and no gallery",
        f"--out {tmp_path}/file": "is a file",
        f"--out {tmp_path}/new --only Q7": "no gallery entry is named `Q7`",
    }.items():
        with pytest.raises(SystemExit) as ended:
            cli.main(["gallery", *arguments.split()])
        assert ended.value.code == TrompeError.exit_code
        assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine"]


def test_the_plan_is_printed(tmp_path: Path, entries: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["gallery", "--out", str(tmp_path / "new"), "--plan", "--json"])
    assert ended.value.code in (0, None)
    assert [row["entry"] for row in json.loads(capsys.readouterr().out)] == ["A1", "A2", "B1"]
    assert not (tmp_path / "new" / "index.html").exists()


def test_pictures_have_words(entries: dict[str, int], tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = Work(store, quick=True)
    shown = [one for one in ENTRIES["A1"].make(work, store.run(small())) if isinstance(one, Picture)]
    assert all(len(one.alt) > 10 for one in shown)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.25, "1.25"), (-84.951, "\N{MINUS SIGN}84.95"), (8, "8"), (0.00123456, "0.001235"), (12345.0, "12,345")],
)
def test_numbers_have_few_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_times_are_in_words() -> None:
    assert [duration(one) for one in (4.4, 130, 9000)] == ["4 s", "2 min", "2.5 h"]
