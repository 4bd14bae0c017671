"""Commands that make runs: `demo`, `recipes`, `train`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import INTERRUPTED, TrompeError
from ..text import printable_lines
from .flags import Device, Json
from .outputs import print_rows

if TYPE_CHECKING:
    from ..recipes.tree import Recipe
    from ..runs.run import Run


def demo(out: Path = Path("runs/demo")) -> None:
    """Train a VAE on bundled digits, write its report, and print what to try next.

    Takes about a minute and no download. The recipe is `vae-digits`.

    Args:
        out: The run folder.
    """
    from ..measures import evaluate
    from ..recipes import recipe
    from ..training.loop import train as train_run
    from ..web.report import write_report
    from ..web.sentences import next_commands
    from .typed import as_typed

    run = train_run(recipe("vae-digits"), out)
    exit_if_interrupted(run)
    evaluate(run, run.data())
    report, tries = write_report(run), "\n  ".join(next_commands(run, as_typed())[:3])
    print(printable_lines(f"{report}\nopen it in a browser; then try:\n  {tries}"))


def recipes(name: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE")] = None) -> None:
    """List the named recipes, or show one in full.

    Args:
        name: The recipe to show.
    """
    from ..recipes import RECIPES
    from ..recipes.serialize import to_json

    if name is None:
        print_rows({name: row.summary for name, row in RECIPES.items()})
    else:
        print(f"{RECIPES[name]}\n\n{json.dumps(to_json(RECIPES[name].make()), indent=2)}")


def train(arguments: list[str]) -> None:
    """Train a recipe into a run folder, or resume the run there.

    `trompe train RECIPE --help` shows the recipe's fields, each of them a flag.
    """
    from ..recipes import RECIPES, recipe
    from ..recipes.checks import check_data, checked
    from ..recipes.serialize import to_json
    from ..recipes.tree import with_parts

    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: trompe train RECIPE [--out FOLDER] [OPTIONS]\n")
        print(fill(f"recipes: {', '.join(RECIPES)}", get_terminal_size().columns, break_on_hyphens=False))
        print("\n`trompe recipes` describes each; `trompe train RECIPE --help` shows its flags. RECIPE may also be")
        print("FILE.py:FUNCTION, a recipe of your own, or FILE.json, what `--dry-run` printed. For example:")
        print("  trompe train vae --data ~/holiday --size 64 --out runs/mine")
        print("  trompe train vae-mnist --family.beta 4 --train.steps 2000 --out runs/beta")
        sys.exit(0 if arguments else 2)
    name, *rest = arguments
    if name.startswith("-"):
        hint = "for your own images: `trompe train vae --data PATH --out FOLDER`"
        raise TrompeError(f"`trompe train` begins with a recipe, not with `{name}`", hint=hint)
    if Path(name).is_dir():
        hint = f"to resume a run, name its recipe: `trompe train RECIPE --out {name}`"
        raise TrompeError(f"`{name}` is a folder, and `trompe train` begins with a recipe", hint=hint)
    chosen = recipe(name)
    config = (tyro.conf.AvoidSubcommands,)
    parsed = tyro.cli(train_arguments(chosen), prog=f"trompe train {name}", args=rest, config=config)
    chosen = checked(with_parts(chosen.name, parsed.recipe))
    if parsed.dry_run:
        print(json.dumps(to_json(chosen), indent=2))
        return
    check_data(chosen)
    from ..training.loop import train as train_run

    out = parsed.out or Path("runs") / chosen.name
    run = train_run(chosen, out, device=parsed.device, start_from=parsed.start_from)
    print(json.dumps(summary(run)) if parsed.json else printable_lines(in_words(run)))
    exit_if_interrupted(run)


def train_arguments(recipe: Recipe) -> Any:
    """The flags of `trompe train`: the recipe's fields, and these."""
    from ..recipes.tree import parts

    narrow = parts(recipe)

    @dataclass(frozen=True)
    class TrainArguments:
        recipe: Any = narrow
        out: Path | None = None
        """The run folder; by default the recipe's name under `runs/`."""
        start_from: Annotated[Path | None, tyro.conf.arg(name="from", metavar="RUN")] = None
        """Start a new run from the weights of this one, or of a weights file, in networks of the same shapes."""
        device: Device = None
        dry_run: bool = False
        """Print the recipe as it would be recorded, and stop."""
        json: Json = False

    TrainArguments.__annotations__["recipe"] = Annotated[type(narrow), tyro.conf.arg(name="")]
    return TrainArguments


def summary(run: Run) -> dict[str, Any]:
    """The result of a training."""
    last = {key: value for line in run.log for key, value in line.items()}
    terms = {key: value for key, value in last.items() if "/" in key or key == "images_per_second"}
    return {"run": str(run.folder), "step": run.step, "digest": run.digest, **terms}


def in_words(run: Run) -> str:
    result, phases = summary(run), run.record.recipe.family.phases()
    if not phases:
        return f"{run.folder}: fitted to {run.record.data.source} (state {result['digest']})"
    last = f"test/{phases[-1].name}/"
    terms = ", ".join(
        f"{key.removeprefix(last).replace('_', ' ')} {value:.4g}" for key, value in result.items() if last in key
    )
    where = f"{run.folder}: step {run.step} on {run.record.data.source}"
    loss = f"test loss as weighted: {terms}" if terms else "test loss not evaluated"
    return f"{where}, {loss} (state {result['digest']})"


def exit_if_interrupted(run: Run) -> None:
    if not run.finished:
        print(f"stopped at step {run.step}; the same command resumes from there", file=sys.stderr)
        sys.exit(INTERRUPTED)
