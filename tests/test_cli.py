"""The command line, run as a user runs it, and every error a user can meet there."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trompe
from trompe import cli
from trompe.display.grid import to_bytes
from trompe.figures import FIGURES
from trompe.measures import MEASURES


@pytest.fixture(scope="session")
def image_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for number, pixels in enumerate(trompe.load_data("digits:test").images[:3, 0]):
        paths.append(folder / f"{number}.png")
        Image.fromarray(pixels).resize((40, 40)).save(paths[-1])
    return paths


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image.copy()


def frames(path: Path) -> int:
    with Image.open(path) as image:
        return image.n_frames  # type: ignore[attr-defined]


# As processes


@pytest.mark.parametrize("start", [[Path(sys.executable).parent / "trompe"], [sys.executable, "-m", "trompe"]])
def test_the_command_and_the_module(start: list[object]) -> None:
    done = subprocess.run([*map(str, start), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"trompe {trompe.version.__version__}\n"


HELP = """
import contextlib, io, sys
from trompe.cli import COMMANDS, main

def imported(*arguments, slow):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
    assert "usage" in out.getvalue()
    print(*(name for name in slow if name in sys.modules), file=sys.stderr)
    return out.getvalue()

SLOW = ("torch", "numpy", "scipy", "matplotlib", "sklearn", "tensorboard")
print(imported(slow=(*SLOW, "pydantic", "jaxtyping", "rich")))
for name in COMMANDS:
    imported(name, slow=SLOW)
imported("train", "vae-mnist", slow=SLOW)
"""


def test_help_does_not_wait_for_torch() -> None:
    """Nor for matplotlib, scikit-learn or anything else that is slow, and no command's own help does."""
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert done.stderr.split("\n") == [""] * (len(cli.COMMANDS) + 3)
    assert all(f"    {name}" in done.stdout for name in cli.COMMANDS)


def test_a_closed_pipe_is_no_error() -> None:
    shell = f"{sys.executable} -m trompe recipes vae-mnist | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_train_and_use_from_a_folder_of_images(tmp_path: Path, random: np.random.Generator) -> None:
    """What a new user does, as real processes: look at the images, train, sample, measure, report."""
    for number in range(30):
        size = (int(random.integers(20, 60)), int(random.integers(20, 60)), 3)
        Image.fromarray(random.integers(0, 256, size, dtype=np.uint8)).save(tmp_path / f"{number}.jpg")
    (tmp_path / "broken.jpg").write_text("x")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "trompe", *arguments], capture_output=True, text=True, cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with_broken = run("data", ".", "--size", "16", "20")
    assert "broken.jpg: UnidentifiedImageError: cannot identify image file\n" in with_broken
    assert "26 images to train on, 4 to test on" in run("data", ".", "--size", "16", "20")
    command = "train vae --data . --size 16 20 --nets.widths 4 8 --train.steps 4 --out r"
    run(*command.split())
    run("sample", "r", "-n", "5", "--out", "s.png")
    run("reconstruct", "r", "0.jpg", "--out", "p.png")
    assert json.loads(run("evaluate", "r", "--importance-samples", "3", "--json"))["values"]["images"] == 4
    assert run("report", "r") == "r/report.html\n"
    assert (tmp_path / "r" / "report.html").stat().st_size > 10_000


# In this process


def test_recipes(run_command) -> None:  # type: ignore[no-untyped-def]
    listed, _ = run_command("recipes")
    assert {line.split()[0] for line in listed.splitlines()} >= {"vae", "vae-mnist", "vae-mnist-2d", "autoencoder"}
    shown, _ = run_command("recipes", "vae-mnist")
    assert "Command: trompe train vae-mnist" in shown
    assert json.loads(shown[shown.index("{") :])["data"]["source"] == "mnist"


def test_dry_run_prints_the_recipe_and_writes_nothing(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out, _ = run_command(
        "train", "vae-mnist", "--out", tmp_path / "r", "--family.beta", 4, "--train.steps", 7, "--size", 32, "--dry-run"
    )
    recipe = json.loads(out)
    assert (recipe["family"]["beta"], recipe["train"]["steps"], recipe["data"]["size"]) == (4.0, 7, 32)
    assert not (tmp_path / "r").exists()


def test_train_prints_json(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    arguments = ["train", "vae-digits", "--out", tmp_path / "r", "--nets.widths", 16, "--train.steps", 12, "--json"]
    result = json.loads(run_command(*arguments)[0])
    assert (result["step"], len(result["digest"])) == (12, 16)
    assert "test/vae/kl" in result
    assert json.loads(run_command(*arguments)[0])["digest"] == result["digest"]


def test_data_lists_and_reports(run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "fashion-mnist" in run_command("data")[0]
    report = json.loads(run_command("data", "digits", "--json")[0])
    assert (report["train"], report["test"], sum(report["classes"].values())) == (1438, 359, 1438)
    assert "10 classes: 0 " in run_command("data", "digits", "--out", tmp_path / "sheet.png")[0]
    assert opened(tmp_path / "sheet.png").size == (582, 582)


def test_sample_gives_the_same_images_for_the_same_seed(run_command, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name, seed, count in (("a", 3, 16), ("b", 3, 5), ("c", 4, 5)):
        run_command("sample", vae_run.folder, "-n", count, "--seed", seed, "--out", tmp_path / f"{name}.npz")
    a, b, c = (np.load(tmp_path / f"{name}.npz")["images"] for name in "abc")
    assert a.shape == (16, 1, 8, 8)
    assert np.array_equal(a[:5], b)
    assert not np.array_equal(b, c)


def test_sample_as_grid_and_as_files(run_command, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_command("sample", vae_run.folder, "--grid", "2x5", "--out", tmp_path / "s.png")
    assert opened(tmp_path / "s.png").size == (5 * 58 + 2, 2 * 58 + 2)
    run_command("sample", vae_run.folder, "-n", 3, "--out", tmp_path / "files")
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == [f"00000{n}.png" for n in range(3)]
    one = np.asarray(opened(tmp_path / "files" / "000001.png"))
    assert np.array_equal(one, to_bytes(vae_run.sample(3))[1, 0])


def test_sample_by_class(run_command, class_run, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name in ("7", "3"):
        run_command("sample", class_run.folder, "-n", 4, "--class", name, "--out", tmp_path / f"{name}.npz")
    seven, three = (np.load(tmp_path / f"{name}.npz")["images"] for name in ("7", "3"))
    assert not np.array_equal(seven, three)
    _, errors = run_command("sample", class_run.folder, "--class", "seven", code=2)
    assert "no class is named `seven`" in errors
    _, errors = run_command("interpolate", class_run.folder, 1, 2, "--out", tmp_path / "i.png", code=2)
    assert "this model is class-conditional and needs the class" in errors
    run_command("interpolate", class_run.folder, 1, 2, "--class", "7", "--out", tmp_path / "i.png")
    _, errors = run_command("sample", vae_run.folder, "--class", "7", code=2)
    assert "this model is not class-conditional" in errors


def test_reconstruct_a_set_and_files(run_command, vae_run, image_files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_command("reconstruct", vae_run.folder, "--data", "digits:test", "-n", 10, "--out", tmp_path / "a.npz")
    arrays = np.load(tmp_path / "a.npz")
    assert np.array_equal(arrays["images"], trompe.load_data("digits:test").images[:10] / np.float32(255))
    assert np.abs(arrays["images"] - arrays["reconstructions"]).mean() < 0.25
    run_command("reconstruct", vae_run.folder, *image_files, "--out", tmp_path / "b.png")
    assert opened(tmp_path / "b.png").size == (3 * 58 + 2, 2 * 58 + 2)


def test_encode_to_arrays_and_tables(run_command, vae_run, image_files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_command("encode", vae_run.folder, "--data", "digits:test", "--out", tmp_path / "c.npz")
    latents = np.load(tmp_path / "c.npz")
    assert latents["latents"].shape == (359, 2)
    assert latents["labels"].tolist() == trompe.load_data("digits:test").labels.tolist()
    run_command("encode", vae_run.folder, "--data", "digits:test", "-n", 4, "--out", tmp_path / "c.csv")
    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["z1"]) for row in rows] == pytest.approx(latents["latents"][:4, 1].tolist(), abs=1e-5)
    run_command("encode", vae_run.folder, *image_files, "--out", tmp_path / "d.csv")
    assert (tmp_path / "d.csv").read_text().startswith("name,z0,z1\n")


def test_interpolate_between_images_and_seeds(run_command, vae_run, image_files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = image_files[:2]
    run_command("interpolate", vae_run.folder, a, b, "--steps", 7, "--out", tmp_path / "row.npz")
    row = np.load(tmp_path / "row.npz")["images"]
    ends = to_bytes(vae_run.reconstruct(vae_run.read_images([a, b])))
    assert row.shape == (7, 1, 8, 8)
    assert np.array_equal(row[[0, -1]], ends)
    run_command("interpolate", vae_run.folder, 1, 2, "--steps", 5, "--out", tmp_path / "row.gif")
    assert frames(tmp_path / "row.gif") == 8
    run_command("interpolate", vae_run.folder, 1, a, "--out", tmp_path / "row.png")


@pytest.mark.parametrize(
    "name", ["samples", "reconstructions", "latent-map", "traversals", "kl", "loss-curves", "training-samples"]
)
def test_figures(run_command, vae_run, wide_run, class_run, autoencoder_run, name: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    suffix = "gif" if name == "training-samples" else "png"
    for run in (vae_run, wide_run, class_run, autoencoder_run):
        out = tmp_path / f"{run.folder.name}.{suffix}"
        if name == "samples" and run is autoencoder_run:
            _, errors = run_command("figure", name, run.folder, "--out", out, code=2)
            assert "nothing can be sampled" in errors
            continue
        assert run_command("figure", name, run.folder, "--out", out)[0] == f"{out}\n"
        assert np.asarray(opened(out).convert("L")).std() > 5  # something is drawn


def test_evaluate_keeps_what_it_measures(run_command, vae_run, autoencoder_run) -> None:  # type: ignore[no-untyped-def]
    command = ["evaluate", vae_run.folder, "--data", "digits:test", "--importance-samples", 20, "--limit", 50, "--json"]
    first, second = (json.loads(run_command(*command)[0]) for _ in range(2))
    assert first["values"] == second["values"]
    assert first["values"]["iwae_bound"] > first["values"]["elbo"]
    assert first["protocols"]["likelihood"]["levels"] == "gray levels as Bernoulli means"
    kept = (vae_run.folder / "measures.jsonl").read_text().splitlines()
    assert json.loads(kept[-1])["values"] == first["values"]
    plain, _ = run_command("evaluate", autoencoder_run.folder)
    assert plain.startswith("squared error")


def test_alone_figure_and_evaluate_list_their_tables(run_command) -> None:  # type: ignore[no-untyped-def]
    for command, table in (("figure", FIGURES), ("evaluate", MEASURES)):
        listed, _ = run_command(command)
        assert [line.split()[0] for line in listed.splitlines() if not line.startswith(" ")] == list(table)
        for row in table.values():
            assert all(requirement in listed for requirement in row.requires)


def test_help_of_every_command(run_command) -> None:  # type: ignore[no-untyped-def]
    for name in cli.COMMANDS:
        assert "usage" in run_command(name, "--help")[0]
    out, _ = run_command("train", "vae-mnist", "--help")
    for flag in ("--data", "--size", "--family.beta", "--train.steps", "--nets.widths", "--out", "--dry-run"):
        assert flag in out


# What a user gets wrong


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train vae-mnits --out {tmp}/r", "did you mean `vae-mnist`?"),
        ("train --out {tmp}/r", "`trompe train` begins with a recipe"),
        ("train vae --data {tmp}/nothing --out {tmp}/r", "there is nothing at"),
        ("train vae --data minst --out {tmp}/r", "did you mean `mnist`?"),
        ("train vae-digits --train.steps -4 --out {tmp}/r", "recipe field `train.steps` is -4"),
        ("train vae-digits --train.ema 1 --out {tmp}/r", "recipe field `train.ema` is 1.0"),
        ("train vae-digits --nets.conditional --family.importance-samples 3 --out {tmp}/r", "no separate KL to weight"),
        ("train vae-digits --device warp --out {tmp}/r", "no device `warp` here"),
        ("train vae-digits --out {file}", "is a file"),
        ("train vae-digits --out {file}/r", "cannot write"),
        ("train vae --data digits:test --out {tmp}/r", "not the split `digits:test`"),
        ("train vae --nets.widths --out {tmp}/r", "recipe field `nets.widths` is []"),
        ("sample {run} --seed -1 --out {tmp}/s.png", "the seed -1 is negative"),
        ("evaluate {run} --seed -1", "the seed -1 is negative"),
        ("data digits --size -3", "have no pixels"),
        ("train vae --data digits:tset --out {tmp}/r", "`digits` has no split named `tset`"),
        ("train vae --size 999999 --out {tmp}/r", "images of 999999x999999 are too large"),
        ("train {run}", "is a folder, and `trompe train` begins with a recipe"),
        ("figure {run} latent-map", "the figure comes first: `trompe figure latent-map"),
        ("train vae-digits --nets.widths 99999999 99999999 --out {tmp}/r", "there is not enough memory"),
        ("sample {run} -n 1000000000000 --out {tmp}/s.npz", "there is not enough memory"),
        (f"sample {{run}} -n {10**30} --out {{tmp}}/s.npz", "there is not enough memory"),
        (f"interpolate {{run}} 1 2 --steps {10**30} --out {{tmp}}/s.npz", "there is not enough memory"),
        ("sample {run} -n 1000000 --out {tmp}/s.png", "a grid of 1,000,000 images is too large"),
        ("sample {run} --out /proc/s.png", "the system refused: No such file or directory"),
        ("train cvae --data {tmp}/photos --out {tmp}/r", "there is nothing at"),
        ("sample {tmp}/nothing", "is not a run: there is no such folder"),
        ("sample {tmp}", "is not a run: it holds no `run.json`"),
        ("sample {run} --out s.bmp", "`--out s.bmp` has an unknown suffix"),
        ("sample {run} -n 0", "cannot sample 0 images"),
        ("sample {run} --grid 8", "`--grid 8` is not rows x columns"),
        ("sample {run} --snapshot 3", "keeps no snapshot of step 3"),
        ("sample {run} --out {file}/s.png", "cannot write"),
        ("reconstruct {run} {tmp}/no.png --out {tmp}/o.png", "there is no image at"),
        ("reconstruct {run} {file} --out {tmp}/o.png", "cannot be read as an image"),
        ("reconstruct {run} {file} --data digits --out {tmp}/o.png", "both image files and `--data`"),
        ("encode {run} -n -1 --out {tmp}/c.npz", "cannot take -1 images"),
        ("interpolate {run} 1 2 --steps 1 --out {tmp}/o.png", "has no two ends"),
        ("interpolate {run} one 2 --out {tmp}/o.png", "there is no image at `one`"),
        ("data {file}", "but not a zip of images"),
        ("report {run} --out {tmp}/r.pdf", "has an unknown suffix"),
        ("figure training-samples {run} --out {tmp}/f.png", "has an unknown suffix"),
    ],
)
def test_bad_input_is_answered_in_words(run_command, vae_run, tmp_path: Path, command: str, message: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "file.txt"
    file.write_text("precious")
    before = sorted(tmp_path.rglob("*"))
    words = [word.format(tmp=tmp_path, file=file, run=vae_run.folder) for word in command.split()]
    out, errors = run_command(*words, code=2)
    assert out == ""
    assert errors.startswith("error: ")
    assert message in errors
    assert "\nhint: " in errors
    assert "Traceback" not in errors
    assert sorted(tmp_path.rglob("*")) == before
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    "command", ["", "trian", "sample", "train vae --nonsense 3", "figure nonsense {run}", "sample {run} -n many"]
)
def test_what_cannot_be_parsed_exits_with_two(run_command, vae_run, command: str) -> None:  # type: ignore[no-untyped-def]
    words = [word.format(run=vae_run.folder) for word in command.split()]
    _, errors = run_command(*words, code=2)
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        ("trian vae", "no command is named `trian`", "did you mean `train`? (`trompe --help` lists the commands)"),
        ("zzz", "no command is named `zzz`", "known: arithmetic, conv"),
        ("train vae --lr 3", "`trompe train vae` has no flag `--lr`", "did you mean `--train.learning-rate`?"),
        ("train vae --epochs 3", "`trompe train vae` has no flag `--epochs`", "did you mean `--train.steps`? An epoch"),
        ("train vae --batch_size 3", "has no flag `--batch_size`", "did you mean `--train.batch`?"),
        ("train vae --seed=3", "has no flag `--seed`", "did you mean `--train.seed`?"),
        ("train vae --latent-dim 3", "has no flag `--latent-dim`", "did you mean `--nets.latent`?"),
        ("train vae --dataset mnist", "has no flag `--dataset`", "did you mean `--data`?"),
        ("train vae --image-size 32", "has no flag `--image-size`", "did you mean `--size`?"),
        ("train vae --family.beat 2", "has no flag `--family.beat`", "did you mean `--family.beta`?"),
        ("train vae --train.steps many", "`--train.steps many` is not a whole number", "total training steps"),
        ("train vae --family.beta much", "`--family.beta much` is not a number", ""),
        ("train vae --nets.widths a b", "`--nets.widths a b` is not a list of whole numbers", ""),
        ("train vae --nets.activation rellu", "`--nets.activation rellu` is not known", "did you mean `relu`?"),
        ("sample r --coutn 4", "`trompe sample` has no flag `--coutn`", "did you mean `--count`?"),
        ("sample r --num-samples 4", "`trompe sample` has no flag `--num-samples`", "did you mean `--count`?"),
        ("sample r -n many", "`--count many` is not a whole number", "number of images"),
        ("sample r -n", "`--count` needs a value", "number of images"),
        ("sample r --snapshot x", "`--snapshot x` is not a whole number", "use the weights kept at this step"),
        ("sample", "`trompe sample` needs RUN", "the run folder; `trompe sample --help` describes its arguments"),
        ("sample r more", "`trompe sample` cannot take `more` as well", "`trompe sample --help`"),
        ("data digits --size 8x8x8", "`--size 8x8x8` is no", ""),
        ("evaluate r --color red", "`--color red` is not known", "known: auto, gray, rgb"),
        ("conv drwa", "`trompe conv` has no command `drwa`", "did you mean `draw`?"),
        ("conv", "`trompe conv` needs a command", "known: draw, case, cases"),
        ("conv draw", "`trompe conv draw` needs --input", "cells of the input"),
        ("conv draw --input 5 --kernl 3", "`trompe conv draw` has no flag `--kernl`", "did you mean `--kernel`?"),
    ],
)
def test_a_mistyped_command_line_is_one_error_with_a_hint(run_command, command: str, message: str, hint: str) -> None:  # type: ignore[no-untyped-def]
    out, errors = run_command(*command.split(), code=2)
    assert out == ""
    first, second, *more = errors.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith(f"hint: {hint}")
    assert not more


EARLY = """
import contextlib, io, sys
from trompe.cli import main

for words in sys.argv[1:]:
    with contextlib.redirect_stderr(io.StringIO()) as err, contextlib.suppress(SystemExit):
        main(words.split())
    assert err.getvalue().startswith("error: "), (words, err.getvalue())
    print(words.split()[0], *(name for name in ("torch", "matplotlib") if name in sys.modules))
"""


def test_paths_are_checked_before_torch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    run, nothing = tmp_path / "run", tmp_path / "nothing"
    commands = [
        f"sample {nothing}", f"sample {run} --out s.bmp", f"sample {run} --grid 8",
        f"reconstruct {run} {nothing}.png", f"reconstruct {run} --data {nothing}/x:test", f"encode {nothing}",
        f"encode {run} --data {nothing}/y", f"decode {nothing} z.npz", f"interpolate {nothing} 1 2",
        f"arithmetic {nothing} --take 1 --minus 2 --plus 3", f"invert {run} {nothing}.png", f"evaluate {nothing}",
        f"evaluate {run} --data {nothing}/x", f"evaluate {run} --save-moments m.txt",
    ]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", EARLY, *commands], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [command.split()[0] for command in commands]


def test_a_mistyped_run_is_answered_with_the_nearest(run_command, vae_run) -> None:  # type: ignore[no-untyped-def]
    wrong = vae_run.folder.parent / f"{vae_run.folder.name}x"
    _, errors = run_command("sample", wrong, code=2)
    assert f"hint: did you mean `{vae_run.folder}`?" in errors


def test_a_training_says_what_it_sees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["train", "pca", "--data", "digits", "--out", str(tmp_path / "run")])
    assert "pca on digits: 1,438 training and 359 test samples, 8x8 grayscale" in capsys.readouterr().err
