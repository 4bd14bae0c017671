"""Text in consoles of any encoding, progress without a terminal, and the last words of a command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trompe import cli, terminal
from trompe.cli.consoles import accept_all_text
from trompe.errors import TrompeError
from trompe.text import printable_lines

ENCODINGS = ["ascii", "cp1252", "latin-1", "cp437", "utf-8", "utf-16"]
SIGNS = "1.5 \u00b1 0.1 \u2192 8\u00d78 \u2014 \u65e5\u672c \udcff"


def in_console(encoding: str, monkeypatch: pytest.MonkeyPatch) -> tuple[io.BytesIO, io.BytesIO]:
    """The bytes that stdout and stderr get, of a console of this encoding."""
    found = io.BytesIO(), io.BytesIO()
    for name, content in zip(("stdout", "stderr"), found, strict=True):
        stream = io.TextIOWrapper(content, encoding=encoding, errors="strict", write_through=True)
        monkeypatch.setattr(sys, name, stream)
    return found


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_text_can_be_printed_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    out, err = in_console(encoding, monkeypatch)
    accept_all_text()
    print(SIGNS)
    terminal.note(SIGNS)
    for content in (out, err):
        text = content.getvalue().decode(encoding)
        assert "1.5 +/- 0.1" in text or "1.5 \u00b1 0.1" in text
    if encoding == "ascii":
        assert out.getvalue() == b"1.5 +/- 0.1 -> 8x8 - ?? ?\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("command", ["data", "evaluate", "train vae --help", "--help", "figure"])
def test_lists_and_help_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str, command: str) -> None:
    out, err = in_console(encoding, monkeypatch)
    with pytest.raises(SystemExit) as ended:
        cli.main(command.split())
    assert not ended.value.code, err.getvalue()
    assert len(out.getvalue().decode(encoding)) > 100


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
    ids=str,
)
def test_a_command_in_a_narrow_console(variables: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL")} | variables
    command = [sys.executable, "-m", "trompe", "sample", "\u65e5\u672c \u00b1"]
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: `")
    assert b"Traceback" not in done.stderr


def test_nothing_that_a_terminal_obeys_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b]0;title\x07\x1b[31m[bold]x[/bold] :train: \u202e"
    terminal.note(hostile)
    with pytest.raises(SystemExit):
        cli.main(["sample", hostile])
    with pytest.raises(SystemExit):
        cli.main(["sample", "--class", "x", f"--{hostile}"])
    captured = capsys.readouterr()
    assert not set("\x1b\x07\u202e") & set(captured.out + captured.err)
    assert "[bold]x[/bold] :train:" in captured.err.split("\n")[0]
    assert printable_lines("two\nlines") == "two\nlines"


def test_progress_is_a_line_now_and_then_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "LINE_SECONDS", 0.0)
    with terminal.tracked("packing `[x]`", 20) as advance:
        advance(5)
        advance(15)
    with terminal.TrainingProgress("vae", 0, 1000) as progress:
        progress.show(100, 2000.0, {"vae/kl": 1.25}, "loss rises: ")
    assert capsys.readouterr().err.splitlines() == [
        "packing `[x]`: 5 of 20",
        "packing `[x]`: 20 of 20",
        "vae: step 100 of 1,000  2,000 images/s  loss rises: kl 1.25",
    ]
    monkeypatch.setattr(terminal, "LINE_SECONDS", 1e9)
    with terminal.tracked("packing", 20) as advance:
        advance(20)
    assert capsys.readouterr().err == ""


# How a command ends


def ended_with(error: BaseException, monkeypatch: pytest.MonkeyPatch, *before: str) -> object:
    def fail(name: str, arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(cli, "run", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main([*before, "data"])
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (TrompeError("wrong", hint="right"), 2, "error: wrong\nhint: right\n"),
        (MemoryError(), 2, "error: there is not enough memory for that"),
        (RuntimeError("CUDA out of memory."), 2, "error: there is not enough memory for that"),
        (OSError(28, "No space left on device", "x"), 2, "error: the system refused: No space left on device (`x`)"),
        (ValueError("a\nb"), 1, "error: this is a bug of trompe's: ValueError: a b (test_consoles.py, line "),
        (KeyError("x"), 1, "error: this is a bug of trompe's: KeyError: 'x' (test_consoles.py, line "),
        (BrokenPipeError(), 0, ""),
    ],
    ids=repr,
)
def test_how_a_command_ends(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    monkeypatch.delenv("TROMPE_TRACEBACK", raising=False)
    assert ended_with(error, monkeypatch) == code
    errors = capsys.readouterr().err
    assert errors.startswith(words)
    assert "Traceback" not in errors


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_traceback_is_shown_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, by_flag: bool
) -> None:
    monkeypatch.setenv("TROMPE_TRACEBACK", "0" if by_flag else "1")
    assert ended_with(ValueError("a"), monkeypatch, *(["--traceback"] if by_flag else [])) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("Traceback (most recent call last)")
    assert "TROMPE_TRACEBACK=1" in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_an_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m trompe recipes > /dev/full"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the system refused: No space left on device")
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(redirection: str) -> None:
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m trompe --help {redirection}"], capture_output=True)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
