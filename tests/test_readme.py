"""The README's and the documentation's commands are commands, and their Python runs."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import tyro

import trompe
from trompe import cli
from trompe.cli.conv import SUBCOMMANDS
from trompe.cli.experiment import flags_of
from trompe.cli.illusion import SUBCOMMANDS as ILLUSIONS
from trompe.cli.train import train_arguments
from trompe.cli.typed import as_typed
from trompe.experiments import EXPERIMENTS
from trompe.recipes import recipe

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(text: str) -> list[list[str]]:
    """The `trompe ...` lines and inline commands of a page, without what stands for something else."""
    blocks = re.findall(r"^(?:\$ | {4})(trompe .*)$", text, re.M) + re.findall(r"`(trompe [^`]*)`", text)
    lines = [shlex.split(line, comments=True) for line in blocks]
    given = [line[1:] for line in lines if not any(word.isupper() and word.isalpha() for word in line)]
    return [line for line in given if not line[0].startswith("--")]


def parsed_only(function: Callable[..., object]) -> Callable[..., object]:
    """A command's signature without its body."""

    @functools.wraps(function)
    def stub(*_: object, **__: object) -> None:
        return None

    return stub


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_parses(page: Path) -> None:
    for name, *arguments in commands(page.read_text()):
        assert name in cli.COMMANDS, name
        if arguments:  # otherwise it is mentioned, not given
            parse(name, arguments)


def parse(name: str, arguments: list[str]) -> None:
    config = (tyro.conf.AvoidSubcommands,)
    if name == "train":
        chosen = "vae" if ".py:" in arguments[0] else arguments[0]  # a recipe in a reader's own file
        tyro.cli(train_arguments(recipe(chosen)), args=arguments[1:], config=config)
    elif name == "experiment":
        tyro.cli(flags_of(EXPERIMENTS[arguments[0]]), args=arguments[1:], config=config)
    elif name in ("conv", "illusion"):
        commands_of = SUBCOMMANDS if name == "conv" else ILLUSIONS
        tyro.extras.subcommand_cli_from_dict(
            {key: parsed_only(function) for key, function in commands_of.items()}, args=arguments
        )
    else:
        tyro.cli(parsed_only(cli.command(name)), args=arguments, config=config)


def test_the_pages_name_enough_commands() -> None:
    named = {command[0] for page in PAGES for command in commands(page.read_text())}
    assert named == set(cli.COMMANDS)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from conftest import small

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trompe, "recipe", small, raising=False)  # the same calls on a smaller recipe
    names: dict[str, object] = {}
    if "array" in page.read_text():
        names["array"] = trompe.load_data("digits").images[:100, 0]
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        exec(block, names)


def test_the_demo_ends_with_the_commands_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each works from where the user stands, whether `trompe` is on PATH or not."""
    import trompe.recipes
    from conftest import small, trompe_command

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trompe.recipes, "recipe", small)
    monkeypatch.setattr("sys.argv", [".venv/bin/trompe", "demo"])
    out, _ = trompe_command("demo", capsys=capsys)
    report, said, *printed = out.splitlines()
    assert Path(report).read_text().startswith("<!doctype html>")
    assert "try" in said
    typed = [shlex.split(line) for line in printed]
    readme = [command for command in commands((ROOT / "README.md").read_text()) if "runs/demo" in command]
    assert [words[0] for words in typed] == [".venv/bin/trompe"] * 3
    assert [words[1:] for words in typed] == readme
    for words in typed:
        trompe_command(*words[1:], capsys=capsys)


def test_a_command_is_named_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin dir" / "trompe"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert shlex.split(as_typed()) == [str(script)]
    monkeypatch.setenv("PATH", str(script.parent))
    assert as_typed() == "trompe"
    monkeypatch.setattr("sys.argv", ["/src/trompe/__main__.py"])
    assert shlex.split(as_typed())[1:] == ["-m", "trompe"]


def test_the_first_screen_is_an_image_three_sentences_and_ones_own_images() -> None:
    _, image, words, own, *_ = (ROOT / "README.md").read_text().split("\n\n")
    assert image.startswith("![")
    assert len(re.findall(r"\.(?:\s|$)", words)) == 3
    assert own == "## Your own images"
