"""Families, recipes, measures and figures from a user's own file and from an installed package, by the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trompe import TrompeError
from trompe.registry import load_plugin

EXAMPLES = Path(__file__).parent.parent / "examples" / "plugins"
FILES = sorted(EXAMPLES.glob("*.py"))


def trompe(*arguments: object, cwd: Path, path: Path | None = None, code: int = 0) -> tuple[str, str]:
    """Run the command in a process of its own; its stdout and stderr."""
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    command = [sys.executable, "-m", "trompe", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_under_forty_lines(file: Path) -> None:
    """The family alone is; its file adds a recipe."""
    lines = file.read_text().rstrip().split("\n")
    assert len(lines[: next((i for i, line in enumerate(lines) if line.startswith("def sparse")), None)]) < 43


def test_a_family_of_ones_own_trains_resumes_reports_and_evaluates(tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(file, tmp_path)
    quick = ("--train.batch", 32, "--train.log-every", 10, "--train.decay-steps", 40)
    out, _ = trompe("train", "sparse.py:sparse", "--train.steps", 40, *quick, "--out", "whole", "--json", cwd=tmp_path)
    whole = json.loads(out)
    assert whole["autoencoder/l1"] > 0
    trompe("train", "sparse.py:sparse", "--train.steps", 20, *quick, "--out", "parts", cwd=tmp_path)
    resumed = ("train", "sparse.py:sparse", "--train.steps", 40, *quick, "--out", "parts", "--json")
    assert json.loads(trompe(*resumed, cwd=tmp_path)[0])["digest"] == whole["digest"]
    recorded = json.loads((tmp_path / "whole" / "run.json").read_text())["recipe"]
    assert recorded["family"] == {"kind": "sparse", "sparsity": 0.1}
    assert recorded["name"] == "sparse"
    plugins = ("--plugin", "sparse.py", "--plugin", "histogram.py")
    trompe(*plugins, "report", "whole", cwd=tmp_path)
    page = (tmp_path / "whole" / "report.html").read_text()
    assert "A sparse autoencoder of" in page
    assert '<section id="latent-histogram">' in page
    trompe(*plugins, "figure", "latent-histogram", "whole", "--out", "h.svg", cwd=tmp_path)
    assert (tmp_path / "h.svg").read_text().startswith("<?xml")
    result = json.loads(trompe("--plugin", "sparse.py", "evaluate", "whole", "--json", cwd=tmp_path)[0])
    assert result["values"]["squared_error"] > 0
    assert "gaussian posterior" not in result["values"]
    _, errors = trompe("evaluate", "whole", cwd=tmp_path, code=2)
    assert "recipe field `family.kind` is 'sparse'" in errors
    assert "--plugin FILE.py" in errors


def test_a_recipe_and_a_measure_of_ones_own(tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(file, tmp_path)
    assert "tiny-vae" in trompe("--plugin", "tiny.py", "recipes", cwd=tmp_path)[0]
    assert "Expect elbo: -25.7 nats/image" in trompe("--plugin", "tiny.py", "recipes", "tiny-vae", cwd=tmp_path)[0]
    trompe("--plugin", "tiny.py", "train", "tiny-vae", "--train.steps", 20, "--out", "run", cwd=tmp_path)
    measure = ("--plugin", "brightness.py", "evaluate", "run", "--measures", "brightness", "--samples", 50, "--json")
    found = json.loads(trompe(*measure, cwd=tmp_path)[0])
    assert -1 < found["values"]["brightness_difference"] < 1
    assert found["protocols"]["brightness"] == {"samples": 50}
    assert "brightness" in trompe("--plugin", "brightness.py", "evaluate", cwd=tmp_path)[0]


def test_an_installed_package_adds_what_it_names(tmp_path: Path) -> None:
    """By its entry points: nothing has to be said on the command line, and the run opens again."""
    site = tmp_path / "site"
    about = site / "trompe_extras-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: trompe-extras\nVersion: 1.0\n")
    names = [file.stem for file in FILES]
    entries = "\n".join(f"{name} = trompe_extras.{name}" for name in names)
    (about / "entry_points.txt").write_text(f"[trompe.plugins]\n{entries}\n")
    (site / "trompe_extras").mkdir()
    (site / "trompe_extras" / "__init__.py").write_text("")
    for file in FILES:
        shutil.copy(file, site / "trompe_extras")
    assert "tiny-vae" in trompe("recipes", cwd=tmp_path, path=site)[0]
    assert "latent-histogram" in trompe("figure", cwd=tmp_path, path=site)[0]
    assert "brightness" in trompe("evaluate", cwd=tmp_path, path=site)[0]
    file = site / "trompe_extras" / "sparse.py"
    trompe("train", "tiny-vae", "--train.steps", 10, "--out", "run", cwd=tmp_path, path=site)
    trompe("report", "run", cwd=tmp_path, path=site)
    assert '<section id="latent-histogram">' in (tmp_path / "run" / "report.html").read_text()
    assert file.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
        ("x = 1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def f(:\n", "SyntaxError"),
        ("from trompe.families import VAE, family\nfamily(VAE)\n", "there are two families named `vae`"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(content)
    _, errors = trompe("--plugin", "mine.py", "recipes", cwd=tmp_path, code=2)
    assert message in errors
    assert "Traceback" not in errors


def test_what_is_no_recipe_is_refused(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "sparse.py", tmp_path)
    _, errors = trompe("train", "sparse.py:spare", cwd=tmp_path, code=2)
    assert "has no function `spare` that returns a recipe" in errors
    assert "did you mean `sparse`?" in errors
    shutil.copy(EXAMPLES / "tiny.py", tmp_path)
    _, errors = trompe("train", "tiny.py:tinny", cwd=tmp_path, code=2)
    assert "did you mean `tiny`?" in errors
    _, errors = trompe("train", "tiny.py", cwd=tmp_path, code=2)
    assert "name the function too: `tiny.py:FUNCTION`" in errors
    (tmp_path / "broken.py").write_text("a = 1\nb = (\n")
    _, errors = trompe("--plugin", "broken.py", "recipes", cwd=tmp_path, code=2)
    assert "SyntaxError: '(' was never closed" in errors
    assert "broken.py`, line 2)" in errors
    _, errors = trompe("train", "absent.py:sparse", cwd=tmp_path, code=2)
    assert "there is no Python file at" in errors


def test_a_file_named_like_a_module_does_not_replace_it(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("value = 3\n")
    assert load_plugin(str(tmp_path / "json.py")).value == 3
    assert sys.modules["json"] is json
    assert load_plugin(str(tmp_path / "json.py")) is load_plugin(str(tmp_path / "json.py"))


def test_a_file_that_failed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mended.py"
    file.write_text("value = 1 / 0\n")
    with pytest.raises(TrompeError, match="ZeroDivisionError"):
        load_plugin(str(file))
    file.write_text("value = 1 / 1  # of another size\n")
    assert load_plugin(str(file)).value == 1
