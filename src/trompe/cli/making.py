"""Commands that make runs: `demo`, `recipes`, `train`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..errors import INTERRUPTED, TrompeError

if TYPE_CHECKING:
    from ..options import Recipe
    from ..run import Run


def demo(out: Path = Path("runs/demo")) -> int:
    """Train a VAE on bundled digits and write its report.

    Takes about a minute and no download. The recipe is `vae-digits`.

    Args:
        out: the run folder.
    """
    from ..measures import evaluate
    from ..recipes import recipe
    from ..report import write_report
    from ..training import train as train_run

    run = train_run(recipe("vae-digits"), out)
    if not run.finished:
        return interrupted(run)
    evaluate(run, run.data())
    print(write_report(run))
    return 0


def recipes(name: Annotated[str | None, tyro.conf.Positional] = None) -> int:
    """List the named recipes, or show one whole.

    Args:
        name: the recipe to show.
    """
    from ..recipes import RECIPES, describe, recipe
    from ..rules import to_json

    if name is None:
        width = max(map(len, RECIPES))
        for known in RECIPES:
            print(f"{known:{width}}  {describe(known).splitlines()[0]}")
        return 0
    shown = recipe(name)
    print(describe(name))
    print()
    print(json.dumps(to_json(shown), indent=2))
    return 0


def train(arguments: list[str]) -> int:
    """Train a recipe into a run folder, or go on with the run there.

    `trompe train RECIPE --help` shows the recipe's fields, each of them a flag.
    """
    from ..recipes import RECIPES, recipe
    from ..rules import checked, to_json

    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: trompe train RECIPE [--out FOLDER] [OPTIONS]\n\nrecipes: {', '.join(RECIPES)}")
        print("\n`trompe recipes` says what each is; `trompe train RECIPE --help` shows its flags. For example:")
        print("  trompe train vae --data ~/pictures --size 64 --out runs/mine")
        print("  trompe train vae-mnist --family.beta 4 --train.steps 2000 --out runs/beta")
        return 0 if arguments else 2
    if arguments[0].startswith("-"):
        raise TrompeError(
            f"`trompe train` begins with a recipe, not with `{arguments[0]}`",
            hint="for your own pictures: `trompe train vae --data PATH --out FOLDER`",
        )
    name = arguments[0]
    kind = _train_arguments()
    parsed = tyro.cli(
        kind,
        default=kind(recipe(name)),
        prog=f"trompe train {name}",
        args=arguments[1:],
        config=(tyro.conf.AvoidSubcommands,),
    )
    chosen: Recipe = checked(parsed.recipe)
    if parsed.dry_run:
        print(json.dumps(to_json(chosen), indent=2))
        return 0
    from ..training import train as train_run

    run = train_run(chosen, parsed.out or Path("runs") / name, device=parsed.device)
    print(json.dumps(summary(run)) if parsed.json else in_words(run))
    return 0 if run.finished else interrupted(run)


def _train_arguments() -> Any:
    """The flags of `trompe train`, made when they are needed: recipes take a moment to import."""
    from ..options import Recipe

    @dataclass(frozen=True)
    class TrainArguments:
        recipe: Annotated[Recipe, tyro.conf.arg(name="")]
        out: Path | None = None
        """The run folder; by default the recipe's name under `runs/`."""
        device: str | None = None
        """`cpu`, `cuda`, ...; by default the best there is."""
        dry_run: bool = False
        """Print the recipe as it would be recorded, and stop."""
        json: bool = False
        """Print the result as JSON."""

    TrainArguments.__annotations__["recipe"] = Annotated[Recipe, tyro.conf.arg(name="")]
    return TrainArguments


def summary(run: Run) -> dict[str, Any]:
    """What a training came to."""
    terms = {
        key: value for line in run.log for key, value in line.items() if "/" in key or key == "images_per_second"
    }  # the last of each
    return {"run": str(run.folder), "step": run.step, "digest": run.digest, **terms}


def in_words(run: Run) -> str:
    from ..families import phases_of

    result, phases = summary(run), phases_of(run.record.recipe.family)
    if not phases:
        return f"{run.folder}: fitted to {run.record.data.source} (state {result['digest']})"
    last = f"test/{phases[-1].name}/"
    terms = ", ".join(
        f"{key.removeprefix(last).replace('_', ' ')} {value:.4g}" for key, value in result.items() if last in key
    )
    where = f"{run.folder}: step {run.step} on {run.record.data.source}"
    loss = f"test loss as it is weighted: {terms}" if terms else "test loss not evaluated"
    return f"{where}, {loss} (state {result['digest']})"


def interrupted(run: Run) -> int:
    print(f"stopped at step {run.step}; the same command goes on from there", file=sys.stderr)
    return INTERRUPTED
