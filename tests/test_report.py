"""What the report says and shows follows from the run, whatever its data are named and however few they are."""

from __future__ import annotations

import re
import shlex
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import trompe
from conftest import small
from trompe.errors import TrompeError
from trompe.figures.style import panels
from trompe.web import sentences
from trompe.web.report import environment, images_of, sections, write_report

KINDS = ("vae-mlp", "autoencoder", "gan-mnist")


def run_of(name: str, folder: Path, count: int, *, constant: bool = False, **train: object) -> trompe.Run:
    """A run of three steps on a few images of two classes."""
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)
    data = trompe.Samples(
        np.full_like(images, 100) if constant else images, "mine", labels=np.arange(count) % 2, class_names=("a", "b")
    )
    return trompe.train(small(name, **{"steps": 3, "batch": 4, **train}), folder, data=data)


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize(("count", "constant"), [(1, False), (2, False), (20, True), (24, False)])
def test_few_or_constant_images_are_reported_without_a_warning(count: int, constant: bool, tmp_path: Path) -> None:
    for name in KINDS:
        if name != "gan-mnist" or count > 2:
            run = run_of(name, tmp_path / name, count, constant=constant)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                page = write_report(run).read_text()
            assert f"3 of 3 steps of {run.record.recipe.train.batch} images each" in page


def test_a_figure_that_the_data_do_not_allow_gives_the_reason(
    vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: object) -> Figure:
        raise TrompeError("one image has no neighbor", hint="give more")

    monkeypatch.setattr(trompe.figures.FIGURES["latent-map"], "draw", refuse)
    found = {one.figure.name: one for one in sections(vae_run, vae_run.data())}
    assert not found["latent-map"].images
    assert found["latent-map"].reason == "one image has no neighbor"
    assert found["loss-curves"].images


def test_what_was_seen_is_steps_times_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = small("vae-mlp", steps=10, batch=32)
    run = trompe.train(recipe, tmp_path)
    assert "10 of 10 steps of 32 images each: 320 images, or 0.2 epochs of 1,438" in sentences.trained(run)
    monkeypatch.setattr(trompe.Run, "step", 7)  # as it was stopped
    assert "7 of 10 steps of 32 images each: 224 images" in sentences.trained(run)


@pytest.mark.parametrize("name", ["vae-mlp", "cvae", "autoencoder", "cgan", "bigan-mnist", "gan-2d"])
def test_every_command_that_is_offered_works(
    name: str,
    tmp_path: Path,
    run_command,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "gan-2d":
        recipe = trompe.recipe(name)
        run = trompe.train(replace(recipe, train=replace(recipe.train, steps=2)), Path("a run"))
    else:
        run = run_of(name, Path("a run"), 30)
    commands = sentences.next_commands(run)
    assert commands
    page = write_report(run).read_text()
    for command in commands:
        assert command.split(" ", 3)[1] in page
        run_command(*shlex.split(command)[1:])
    assert ("trompe reconstruct" in page) == ("encoder" in run.model.networks)


def test_a_gan_shows_its_progress_and_its_gradients(tmp_path: Path) -> None:
    run = run_of("gan-mnist", tmp_path, 30, steps=6, sample_every=3)
    page = write_report(run).read_text()
    assert [int(step) for step in re.findall(r'"step": (\d+)', page)] == [step for step, _ in run.sample_grids]
    assert len(run.sample_grids) > 2
    assert '<section id="discriminator-gradient">' in page
    assert "<dt>logit</dt>" in page
    assert "<dt>nats</dt>" not in page  # nothing of it is in nats


def test_terms_are_those_that_are_used() -> None:
    assert list(sentences.terms(["ELBO, nats/image", "the posterior means"])) == ["ELBO", "nats", "posterior"]
    assert not sentences.terms(["a figure of images"])


def test_other_data_are_shown_and_named(vae_run: trompe.Run, tmp_path: Path) -> None:
    default = write_report(vae_run, tmp_path / "a.html").read_text()
    of_training = write_report(vae_run, tmp_path / "b.html", "digits:train").read_text()
    assert "The data shown here are" not in default
    assert "The data shown here are <code>digits:train</code>" in of_training


def test_panels_side_by_side_become_an_image_each() -> None:
    made, axes = panels(9, 3, 1, 3)
    for panel in axes[0]:
        panel.plot([1, 2])
    images = list(images_of(made, 0))
    assert len(images) == 3
    assert all(image.least < 400 for image in images)  # fits a telephone
    made, axes = panels(9, 3, 1, 3)
    made.supxlabel("one label for all")
    assert len(list(images_of(made, 0))) == 1
    assert len(list(images_of(panels(9, 6, 2, 3)[0], 0))) == 1


HOSTILE = ["<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "\"><b>'&", "\x1b[31m", "$$ $x_{$"]


@pytest.fixture(scope="module")
def named_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    return run_of("cvae", tmp_path_factory.mktemp("named"), 24)


@settings(max_examples=25)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from("<>&\"'$/\x1b"), max_size=40))
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[3])
def test_no_name_becomes_markup(named_run: trompe.Run, name: str) -> None:
    """Each value of the page goes through the same door; here the template's text is of one value each."""
    shown = environment().from_string(
        '<p title="{{ name }}">{{ name }}</p><script>const a = {{ [name]|tojson }};</script>'
    )
    page = shown.render(name=name)
    assert Tags(page).tags == ["p", "script"]
    assert page.count("</script") == 1
    assert "\x1b" not in page


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "image", "quotes", "escape", "formula"])
def test_names_that_others_chose_are_text_in_the_whole_page(
    name: str, named_run: trompe.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = named_run.record
    plain = Tags(write_report(named_run, tmp_path / "plain.html").read_text()).tags
    data = replace(record.data, source=name, format=replace(record.data.format, class_names=(name, "b")))
    monkeypatch.setattr(named_run, "record", replace(record, data=data, recipe=replace(record.recipe, name=name)))
    monkeypatch.setattr(named_run, "folder", Path(f"{named_run.folder}/../{named_run.folder.name}"))
    samples = replace(named_run.data(), class_names=(name, "b"))
    page = write_report(named_run, tmp_path / "named.html", samples).read_text()
    assert [tag for tag in Tags(page).tags if tag in ("script", "img")] == [t for t in plain if t in ("script", "img")]
    assert "alert(1)</script>" not in page
    assert "\x1b" not in page
