"""Random commands from trompe's own list of flags, with right and with hostile values."""

from __future__ import annotations

import os
import random
import re
import shlex
from dataclasses import dataclass
from functools import cache

RUNS = ("in/vae", "in/cvae", "in/gan")
PATHS = ("in/image.png", "in/images", "in/images.zip", "in/arrays.npz", "in/latents.npz", "in/damaged.npz",
         "in/damaged.zip", "in/broken.png", "in/damaged", "in/foreign", "in/empty", "in/link.png", "in/note.txt",
         "in/missing", "/dev/null", "../..", ".", "~/x", "~nobody/x", "in/\udcff\x1b[31m.png", *RUNS)  # fmt: skip
HOSTILE = ("", " ", "0", "-1", "2147483648", str(10**30), "1e400", "-0.5", "nan", "inf", "\u00b2", "\u0663",
           "\x1b[31mred\x1b[0m", "a\nb\r", "\udcff", "$(touch x)", "`x`", "%s{0}", "x" * 300, "None", "True", "--",
           "-x", "1:2", "mnist:test", "mnist", "digits:none", "\u202egnp.exe", *PATHS)  # fmt: skip
OUTPUTS = ("new.png", "new.npz", "new.html", "new.gif", "new.svg", "new.csv", "new", "new/deep/x.png", "in/image.png",
           "in/latents.npz", "in/images", "in/vae", "in/vae/weights.safetensors", "in/link.png")  # fmt: skip
SOURCES = ("digits", "digits:test", "in/images", "in/images.zip", "in/arrays.npz", "digits:train", "ring")
DIGITS = ("0", "1", "2")
LATENTS = ("0", "3:1", "in/image.png", "in/latents.npz", "in/latents.npz:1")
RIGHT: dict[str, tuple[str, ...]] = {
    "RUN": RUNS, "IMAGES": ("in/image.png", "in/images/one/0.png"), "LATENTS": ("in/latents.npz",), "NUMBER": DIGITS,
    "FROM": LATENTS, "TO": LATENTS, "--take": LATENTS, "--minus": LATENTS, "--plus": LATENTS, "--input": ("4", "6"),
    "SOURCE": SOURCES, "--data": SOURCES, "--data.source": SOURCES, "PATH": OUTPUTS, "--device": ("cpu",),
    "--class": ("0", "3"), "--features": ("pixels", "in/vae"), "--grid": ("2x3",), "STEP": DIGITS,
    "--padding": ("0", "1", "same", "full"), "INT|HEIGHTxWIDTH": ("8", "8x12"), "INT": ("1", "2", "3"),
    "FLOAT": ("0.5", "1", "2"), "NAME": ("dilation", "padding_strides"),
}  # fmt: skip
"""Values that make sense, by flag or by what the help calls them."""
LONG = re.compile(r"--steps|--starts|--(evaluate\.)?(importance-)?samples")
"""Flags that ask for more of the same work; with large values it is done, and takes long."""


@dataclass(frozen=True)
class Argument:
    """A flag, or a positional argument, and what the help says of its values."""

    name: str
    kind: str
    required: bool
    several: bool
    right: tuple[str, ...]

    def words(self, draw: random.Random, hostile: float) -> list[str]:
        """The argument with a value, which is a hostile one with this probability."""
        if self.kind == "" and self.name.startswith("-"):
            return [self.name]
        flag = [self.name] * self.name.startswith("-")
        values = [self.value(draw, hostile) for _ in range(draw.choice((1, 1, 2, 3)) if self.several else 1)]
        return [f"{self.name}={values[0]}"] if flag and draw.random() < 0.1 else [*flag, *values]

    def value(self, draw: random.Random, hostile: float) -> str:
        if draw.random() > hostile:
            return draw.choice(self.right)
        chosen = draw.choice(HOSTILE)
        return "-1" if LONG.fullmatch(self.name) and re.fullmatch("[0-9]{10,}", chosen) else chosen


@cache
def arguments_of(*command: str) -> list[Argument]:
    """A command's arguments, positional ones first, as its help lists them."""
    from trompe.cli import help_of

    found, positional = [], False
    for entry in re.split(r"\n(?=  ?[^\s-]|  --?\w)", help_of(command[0], list(command[1:]))):
        if not entry.startswith("  "):
            positional = entry.startswith(" positional")
            continue
        usage = entry.strip().split("  ")[0].split("\n")[0]
        for one in usage.split(", ") if usage.startswith("-") else [usage] * positional:
            name, _, values = one.partition(" ")
            kind = re.sub(r"\{None\}\|?|[][{}]|\.\.\.", "", values).split() or ["" if name.startswith("-") else name]
            several = "..." in one or "(default: )" in entry or "FLOAT FLOAT" in values or "HEIGHT" in values
            right = RIGHT.get(name) or RIGHT.get(kind[0]) or tuple(re.findall(r"[\w.-]+", kind[0]))
            if kind[0] == "PATH":
                right += tuple(f"new{suffix}" for suffix in re.findall(r"`(\.\w+)`", entry)) * 3
            if name not in ("-h", "--help"):
                found.append(Argument(name, kind[0], "(required)" in entry, several, right))
    return found


def random_command(draw: random.Random) -> list[str]:
    """A command of trompe's, its required arguments, and a few of the others."""
    from trompe.cli import COMMANDS
    from trompe.cli.conv import SUBCOMMANDS
    from trompe.cli.illusion import SUBCOMMANDS as ILLUSIONS
    from trompe.figures import FIGURES
    from trompe.measures import MEASURES
    from trompe.recipes import RECIPES

    RIGHT["FIGURE"], RIGHT["RECIPE"], RIGHT["NAMES"] = tuple(FIGURES), tuple(RECIPES), ("all", *MEASURES)
    commands = [one for one in COMMANDS if one not in ("experiment", "gallery")]  # which train whatever they are given
    name = draw.choice([*commands, *3 * [one for one in commands if one not in ("demo", "report")], "train", "train"])
    named = {"conv": tuple(SUBCOMMANDS), "illusion": tuple(ILLUSIONS)}
    first = {"train": (*RECIPES, "in/recipe.json", "in/recipe.py:mine"), **named}.get(name)
    command = [name, *([draw.choice(first)] if first else [])]
    known = arguments_of(*command)
    words, hostile = list(command), draw.choice((0.0, 0.0, 0.3, 0.5))
    if first and draw.random() < 0.1 * hostile:
        words[1] = draw.choice(HOSTILE)
    flags = [one for one in known if one.name.startswith("-") and not one.required]
    chosen = draw.sample(flags, min(len(flags), draw.choice((0, 1, 1, 2, 2, 3, 5))))
    for one in known:  # in the order in which positional arguments stand
        if one in chosen or (one not in flags and draw.random() < (1 - hostile / 20 if one.required else 0.8)):
            words += one.words(draw, hostile / 3 if one.required else hostile)
    if name == "train":
        words += ["--data", draw.choice(SOURCES)] * (not {"--data", "--data.source"} & {*words})
    if draw.random() < 0.1 * hostile:
        words.insert(draw.randrange(len(words) + 1), draw.choice(HOSTILE))
    return words


def as_typed(words: list[str]) -> str:
    """The command as it can be pasted into a shell, whatever is in it."""
    return " ".join(["trompe", *map(quoted, words)])


def quoted(word: str) -> str:
    if word.isprintable() and word.isascii():
        return shlex.quote(word)
    escaped = (chr(one) if 32 <= one < 127 and one not in b"'\\" else f"\\x{one:02x}" for one in os.fsencode(word))
    return "$'" + "".join(escaped) + "'"
