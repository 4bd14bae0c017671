"""Figures of anything: few, constant and oddly named images, damaged logs; their options and files; notebooks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import trompe
from conftest import small
from trompe.analysis.latents import Plane, label_places, manifold
from trompe.data.samples import Samples
from trompe.display.grid import image_grid
from trompe.figures import FIGURES, Request, draw
from trompe.figures.curves import numbers, terms
from trompe.figures.latents import latent_map
from trompe.figures.samples import reconstructions
from trompe.figures.style import panels


def images_of(count: int, values: str = "random", names: tuple[str, ...] = ()) -> Samples:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8), np.uint8)
    pixels = pixels if values == "random" else np.full_like(pixels, 128)
    labels = np.arange(count) % len(names) if names else None
    return Samples(pixels, "some", labels, names)


def trained(name: str, folder: Path, data: Samples) -> trompe.Run:
    recipe = small(name, steps=2, batch=4, sample_every=1, snapshots=(0, 2))
    return trompe.train(
        replace(recipe, nets=replace(recipe.nets, latent=min(4, recipe.nets.latent))), folder, data=data
    )


def pca(folder: Path, data: Samples | None = None, latent: int = 9) -> trompe.Run:
    recipe = trompe.recipe("pca-mnist")
    recipe = replace(recipe, nets=replace(recipe.nets, latent=latent), data=small().data)
    return trompe.train(recipe, folder, data=data)


def drawn_of(run: trompe.Run) -> list[str]:
    """The figures that this run allows, after each was drawn without a warning."""
    possible = [name for name, row in FIGURES.items() if row.unmet(run) is None]
    for name in possible:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(draw(name, [run])) > 100, name
    return possible


@pytest.mark.parametrize(
    ("name", "count"),
    [("vae-mnist", 1), ("vae-mnist", 2), ("autoencoder", 1), ("autoencoder", 22), ("dae", 2), ("cvae", 1), ("cgan", 1)],
)
def test_few_images_are_drawn(name: str, count: int, tmp_path: Path) -> None:
    """Whatever is possible of a run is also possible of a run of one image."""
    assert "loss-curves" in drawn_of(trained(name, tmp_path, images_of(count, names=("a", "b"))))


@pytest.mark.parametrize("name", ["vae-mnist", "autoencoder", "dae", "cgan"])
def test_constant_images_are_drawn(name: str, tmp_path: Path) -> None:
    drawn_of(trained(name, tmp_path, images_of(30, "constant", ("a", "b", "c"))))


@pytest.mark.filterwarnings("ignore:invalid value")  # of the fit, which is no figure
def test_principal_components_of_little_are_drawn(tmp_path: Path) -> None:
    drawn_of(pca(tmp_path / "few", images_of(3), 2))
    drawn_of(pca(tmp_path / "constant", images_of(30, "constant"), 3))


NAMES = ("$$", "$x_{$", "a&<b>]]>", "\x1b[31mred\x07", "-- >")


@pytest.fixture(scope="module")
def named_runs(tmp_path_factory: pytest.TempPathFactory) -> list[trompe.Run]:
    """Runs with odd names of classes, in folders with odd names."""
    folder = tmp_path_factory.mktemp("named")
    return [
        trained(name, folder / f"$x_{{$ & <{name}>", images_of(40, names=NAMES)) for name in ("cvae", "cgan", "dae")
    ]


def test_names_are_no_formulas_and_no_tags(named_runs: list[trompe.Run]) -> None:
    for run in named_runs:
        for name, row in FIGURES.items():
            if row.unmet(run) is None and ".svg" in row.suffixes:
                runs = [run, run] if row.compares else [run]
                assert ElementTree.fromstring(draw(name, runs, suffix=".svg")).tag.endswith("svg")


def test_names_are_shown_as_they_are() -> None:
    made, axes = panels(2, 2)
    axes[0, 0].set_title("$$ $x_{$ \x1b[31m")
    made._repr_png_()
    title = axes[0, 0].title
    assert not title.get_parse_math()
    assert title.get_text() == "$$ $x_{$ \ufffd[31m"


# Latent maps


def test_the_map_of_a_model_without_a_prior_is_the_range_of_its_latents(autoencoder_run: trompe.Run) -> None:
    latents = np.random.default_rng(0).uniform([-12, -10], [5, 5], (4000, 2))
    plane = Plane.of(latents, prior=False)
    assert plane.box is not None
    np.testing.assert_allclose(plane.box, [[-12, -10], [5, 5]], atol=1)
    np.testing.assert_array_equal(plane.coordinates(latents), latents)  # in its own units
    places = np.random.default_rng(1).random((50, 2))
    np.testing.assert_allclose(plane.in_unit_square(plane.from_unit_square(places)), places)
    caption = FIGURES["latent-map"].caption_of(autoencoder_run)
    assert "no prior" in caption
    assert "equally probable" not in caption


def test_the_map_of_a_prior_is_its_quantiles(vae_run: trompe.Run) -> None:
    plane = Plane.of(np.random.default_rng(0).normal(3, 5, (100, 2)))
    np.testing.assert_allclose(plane.from_unit_square(np.array([[0.5, 0.8413447460685429]])), [[0, 1]], atol=1e-12)
    images = manifold(vae_run.predictor, plane, 3)
    torch.testing.assert_close(images[4], vae_run.decode(torch.zeros(1, 2))[0], atol=1e-5, rtol=0)
    assert "equally probable under the prior" in FIGURES["latent-map"].caption_of(vae_run)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 50])
@pytest.mark.parametrize("prior", [True, False])
def test_a_plane_of_any_latents(count: int, dimensions: int, prior: bool) -> None:
    for spread in (0.0, 1.0):
        latents = spread * np.random.default_rng(0).normal(size=(count, dimensions)) + 1
        plane = Plane.of(latents, prior)
        square = plane.in_unit_square(plane.coordinates(latents))
        assert np.isfinite(square).all()
        assert np.isfinite(plane.latents(plane.from_unit_square(np.full((1, 2), 0.3)))).all()
        assert not any("nan" in name for name in plane.names())
        assert plane.names()[1] != "z2" or dimensions > 1


def test_a_class_conditional_map_says_and_takes_its_class(class_run: trompe.Run, run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    titles = [
        latent_map(Request((class_run,), label=label)).axes[1].get_title(loc="left")  # type: ignore[union-attr]
        for label in (None, 3)
    ]
    assert titles == [f"decoder: images of class {name} over the latent plane" for name in (0, 3)]
    assert "of class 0, unless `--class`" in FIGURES["latent-map"].caption_of(class_run)
    run_command("figure", "latent-map", class_run.folder, "--class", "3", "--out", tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes() == draw("latent-map", [class_run], label=3)
    assert (tmp_path / "map.png").read_bytes() != draw("latent-map", [class_run])


def test_maps_of_several_runs_stand_side_by_side(vae_run: trompe.Run, wide_run: trompe.Run) -> None:
    made = latent_map(Request((vae_run, wide_run)))
    assert isinstance(made, Figure)
    titles = [axes.get_title(loc="left") for axes in made.axes]
    assert len(titles) == 6
    assert titles[0].startswith(vae_run.folder.name)
    assert titles[3].startswith(wide_run.folder.name)


def test_names_of_classes_do_not_hide_each_other() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 3000)
    points = (0.5 + 0.12 * random.normal(size=(3000, 2))).clip(0, 1)  # all classes in one heap
    sizes = np.full((10, 2), (0.05, 0.055))
    places = label_places(points, labels, sizes)
    assert places.keys() == set(range(10))
    for one in range(10):
        assert (points[labels == one] == places[one]).all(1).any()  # at a point of its own class
        assert all((np.abs(places[one] - places[other]) >= sizes[0]).any() for other in range(one))


# What figures show


def test_principal_components_stand_by_the_variance_they_explain(tmp_path: Path) -> None:
    run = pca(tmp_path)
    made = FIGURES["filters"].draw(Request((run,), count=4))
    weight = next(one for one in run.model.networks["encoder"].modules() if isinstance(one, torch.nn.Linear)).weight
    scaled = (weight / weight.abs().amax(1, keepdim=True)).detach().view(-1, 1, 8, 8)[:4]
    assert isinstance(made, Figure)
    np.testing.assert_array_equal(made.axes[0].images[0].get_array(), image_grid(0.5 + 0.5 * scaled, 2))
    variances = run.encode(run.data("digits:train")).var(0)
    assert bool((variances.diff() <= 0).all())
    assert "variance explained" in FIGURES["filters"].caption_of(run)


def test_errors_are_also_in_the_published_unit(tmp_path: Path) -> None:
    run = pca(tmp_path)
    made = reconstructions(Request((run,)))
    assert isinstance(made, Figure)
    name, unit, error = made.axes[1].get_ylabel().split("\n")
    measured = trompe.measures.evaluate(run, measures=["reconstruction"]).values
    assert name == run.folder.name
    assert float(unit.split()[0]) == pytest.approx(measured["standardized_error"], abs=0.06)
    assert float(error.split()[0]) == pytest.approx(measured["squared_error"], abs=0.006)


def test_lines_of_one_elbo_have_names_of_their_own(vae_run: trompe.Run) -> None:
    made = FIGURES["rate-distortion"].draw(Request((vae_run,)))
    assert isinstance(made, Figure)
    texts = [text.get_text() for text in made.axes[0].findobj(Text) if isinstance(text, Text)]
    lines = [text for text in texts if text.startswith("ELBO")]
    assert len(lines) == len(set(lines)) > 1
    assert any("\nELBO -" in text for text in texts)  # the run's own


def test_traversals_and_fields_have_axes(vae_run: trompe.Run, tmp_path: Path) -> None:
    made = FIGURES["traversals"].draw(Request((vae_run,)))
    assert isinstance(made, Figure)
    rows = [label.get_text() for label in made.axes[0].get_yticklabels()]
    assert {row.split("\n")[0] for row in rows} == {"z1", "z2"}
    assert all("KL" in row for row in rows)
    assert "standard deviations" in made.axes[0].get_xlabel()
    plane = trompe.train(small("gan-2d", steps=2, snapshots=(0, 2)), tmp_path, data=trompe.load_data("ring"))
    made = FIGURES["discriminator-field"].draw(Request((plane,), suffix=".png"))
    assert isinstance(made, Figure)
    assert made.axes[0].get_xlabel() == "x1"
    assert "logit" in made.axes[-1].get_ylabel()
    assert [text.get_text() for text in made.legends[0].get_texts()] == ["real", "generated"]


def test_early_and_late_gradients_stand_below_each_other(named_runs: list[trompe.Run]) -> None:
    made = FIGURES["discriminator-gradient"].draw(Request((named_runs[1],)))
    assert isinstance(made, Figure)
    assert [axes.get_ylabel() for axes in made.axes if axes.get_ylabel()] == ["step 0", "step 2"]


def test_damaged_logs_are_drawn(tmp_path: Path, vae_run: trompe.Run) -> None:
    log = [{}, {"step": None, "loss": 1.0}, {"step": 3, "loss": float("nan"), "kl": None}, {"step": 4, "loss": "x"}]
    assert list(numbers(log)) == []
    assert terms([*log, {"step": 5, "loss": 2.0}]) == {"loss": {"training": [(5, 2.0)]}}
    shutil.copytree(vae_run.folder, tmp_path / "run")
    for text in ("", "\n\n", '{"step": 1, "loss": null}\n{"step": 2, "loss": NaN}\n', "[]\n3\n"):
        (tmp_path / "run" / "log.jsonl").write_text(text)
        with pytest.raises(trompe.TrompeError, match="it has logged no loss yet"):
            draw("loss-curves", [trompe.Run(tmp_path / "run")])


# Options and files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("kl {vae} -n 3", "takes no number of images"),
        ("kl {vae} --class 3", "not class-conditional"),
        ("samples {vae} -n 0", "cannot draw 0 images"),
        ("samples {vae} --class 3", "not class-conditional"),
        ("samples {cvae} --class eleven", "no class is named `eleven`"),
        ("kl {cvae} --class 3", "takes no class"),
        ("samples {vae} --fps 3", "3 frames a second of a `.png` file"),
        ("training-samples {vae} --fps nan", "nan frames a second"),
        ("training-samples {vae} --fps 0", "0 frames a second"),
        ("samples {vae} --scale 0", "cannot draw at 0 times the size"),
        ("samples {vae} --snapshot 7", "keeps no snapshot of step 7"),
        ("latnt-map {vae}", "did you mean `latent-map`"),
        ("samples {vae} --out {mine}", "is not what trompe last wrote there"),
        ("samples {vae}-not", "there is no such folder"),
    ],
)
def test_what_a_figure_does_not_take(  # type: ignore[no-untyped-def]
    arguments: str, message: str, vae_run: trompe.Run, class_run: trompe.Run, run_command, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_text("precious")
    words = [word.format(vae=vae_run.folder, cvae=class_run.folder, mine=mine) for word in arguments.split()]
    if "--out" not in words:
        words += ["--out", str(tmp_path / ("f.gif" if words[0] == "training-samples" else "f.png"))]
    out, error = run_command("figure", *words, code=2)
    assert out == ""
    assert message in error
    assert "hint: " in error
    assert mine.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [mine]


def test_numbers_of_images_and_classes(class_run: trompe.Run, vae_run: trompe.Run, tmp_path: Path) -> None:
    sevens = class_run.sample(5, labels=[7] * 5, seed=2)
    drawn = FIGURES["samples"].draw(Request((class_run,), seed=2, count=5, label=7))
    np.testing.assert_array_equal(drawn, image_grid(sevens))
    for name in ("reconstruction-grid", "reconstructions", "filters", "progress"):
        sizes = []
        for count in (2, 9):
            (tmp_path / "f.png").write_bytes(draw(name, [vae_run], count=count))
            with Image.open(tmp_path / "f.png") as image:
                sizes.append((image.size, image.tobytes()))
        assert sizes[0] != sizes[1]


def test_a_snapshot_is_drawn_as_the_run_was(named_runs: list[trompe.Run], run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder, out = named_runs[1].folder, tmp_path / "s.png"
    run_command("figure", "samples", folder, "--snapshot", 0, "-n", 4, "--seed", 3, "--out", out)
    early = trompe.Run(folder, snapshot=0)
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), image_grid(early.sample(4, seed=3)))
    for name, frames in (("progress", 1), ("training-samples", 1)):
        run_command("figure", name, folder, "--snapshot", 0, "--out", tmp_path / f"{name}.gif")
        with Image.open(tmp_path / f"{name}.gif") as image:
            assert image.n_frames == frames  # type: ignore[attr-defined]


def test_speed_and_size(vae_run: trompe.Run, tmp_path: Path) -> None:
    sizes, durations = [], []
    for scale, fps in ((1, 4), (2, 20)):
        (tmp_path / "f.gif").write_bytes(draw("training-samples", [vae_run], scale=scale, fps=fps))
        with Image.open(tmp_path / "f.gif") as image:
            sizes.append(image.size)
            durations.append(image.info["duration"])
    assert sizes[1] == tuple(2 * side for side in sizes[0])
    assert durations == [250, 50]
    for name in ("samples", "kl"):
        widths = []
        for scale in (1, 3):
            (tmp_path / "f.png").write_bytes(draw(name, [vae_run], scale=scale))
            with Image.open(tmp_path / "f.png") as image:
                widths.append(image.width)
        assert widths[1] == 3 * widths[0]


@pytest.mark.parametrize("name", ["samples", "kl"])
def test_static_figures_are_also_vectors(name: str, vae_run: trompe.Run) -> None:
    for suffix in (".pdf", ".svg"):
        assert draw(name, [vae_run], suffix=suffix) == draw(name, [vae_run], suffix=suffix)  # no dates, no random names
    assert draw(name, [vae_run], suffix=".pdf").startswith(b"%PDF")
    assert ElementTree.fromstring(draw(name, [vae_run], suffix=".svg")).tag.endswith("svg")


def test_a_video_is_made_by_ffmpeg(vae_run: trompe.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program of that name, which gets every frame, or an error in words."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(trompe.TrompeError, match="needs ffmpeg"):
        draw("training-samples", [vae_run], suffix=".mp4")
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(len(sys.stdin.buffer.read()), *sys.argv[1:])\n")
    program.chmod(0o755)
    length, *arguments = draw("training-samples", [vae_run], suffix=".mp4", fps=10).decode().split()
    width, height = map(int, arguments[arguments.index("-s") + 1].split("x"))
    assert int(length) == 3 * width * height * (len(vae_run.sample_grids) + 8)
    assert arguments[arguments.index("-r") + 1] == "10"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such codec')\n")
    with pytest.raises(trompe.TrompeError, match="ffmpeg failed: no such codec"):
        draw("training-samples", [vae_run], suffix=".mp4")


# Notebooks and homes


def test_what_python_is_given_shows_itself(vae_run: trompe.Run) -> None:
    made = FIGURES["kl"].draw(Request((vae_run,)))
    assert made._repr_png_().startswith(b"\x89PNG")  # type: ignore[union-attr]
    pixels = FIGURES["samples"].draw(Request((vae_run,)))
    assert pixels._repr_png_().startswith(b"\x89PNG")  # type: ignore[union-attr]
    assert pixels[0]._repr_png_() is None  # type: ignore[index, union-attr]
    shown = {
        (name, suffix): draw(name, [vae_run], suffix=suffix)._repr_mimebundle_()
        for name, suffix in (("kl", ".svg"), ("kl", ".png"), ("training-samples", ".gif"))
    }
    assert list(shown["kl", ".svg"]) == ["image/svg+xml"]
    assert list(shown["kl", ".png"]) == ["image/png"]
    assert list(shown["training-samples", ".gif"]) == ["image/gif"]


def test_a_home_that_cannot_be_written_to_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    environment = {"HOME": str(tmp_path / "home" / "none"), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    script = "import trompe.figures as f; f.side_by_side"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_figure_is_drawn_of_a_run_or_of_its_folder(vae_run: trompe.Run) -> None:
    """Alone or in a list."""
    drawn = {draw("loss-curves", given) for given in (vae_run, [vae_run], vae_run.folder, str(vae_run.folder))}
    assert len(drawn) == 1
