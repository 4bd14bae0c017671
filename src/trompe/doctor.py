"""Signs of a training that goes wrong, read from its log, in plain words and with what to try.

They are cheap: the discriminator's verdicts and the gradients' norms are there anyway, and the samples of one fixed
noise are drawn for the film.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from .families import family_of
from .options import Recipe

Log = Sequence[dict[str, Any]]

RECENT = 10
"""So many lines of the log must agree, about a thousand steps."""
DRAWN = 5
"""So many drawings of the samples must agree."""
PINNED = 0.985
CALLED = 0.95
VANISHED, EXPLODED = 1e-3, 100.0
"""Of a gradient's norm, in units of what it was at first."""
FALLEN = 0.5
"""Of what the samples' variety once was."""
ALIKE = 0.3
"""Of the real pictures' variety."""
KNOWN = 0.8
"""Share of pairs in which the picture that was trained on is the more real one: a half, if none is known by heart."""
SIDE = 8
"""Samples are compared as thumbnails, so that noise is no variety."""
FEW = 1000
"""So many pictures a discriminator soon knows one by one."""
AUGMENT = "`--family.augment colour shift cutout`"


@dataclass(frozen=True)
class Sign:
    """Something that goes wrong: in two words, in a sentence, and what may help."""

    name: str
    finding: str
    remedies: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.finding}. Try {', or '.join(self.remedies)}" if self.remedies else f"{self.finding}."


def signs(log: Log, recipe: Recipe) -> list[Sign]:
    """What the log shows now, with the remedies that are open to the recipe."""
    of_codes = family_of(recipe.family).discriminates == "codes"
    found = (*verdicts(log, "codes" if of_codes else "pictures"), *gradients(log), *samples(log))
    return [replace(sign, remedies=tuple(one for one in sign.remedies if open_to(recipe, one))) for sign in found]


def long_enough(log: Log) -> bool:
    """Whether there is enough to go by."""
    return len(values(log, "discriminator/real_right")) >= RECENT


def open_to(recipe: Recipe, remedy: str) -> bool:
    """Whether all flags that a remedy names are the recipe's, and none is as it says already."""
    for part, flag, words in re.findall(r"--(\w+)\.([\w-]+)([^`]*)", remedy):
        options, name = getattr(recipe, part), flag.replace("-", "_")
        if not hasattr(options, name) or in_force(getattr(options, name), words.split()):
            return False
    return True


def in_force(value: object, words: Sequence[str]) -> bool:
    """Whether a flag with these words would leave an option's value as it is."""
    if isinstance(value, bool):
        return value
    now = value if isinstance(value, tuple) else (f"{value:g}" if isinstance(value, float) else str(value),)
    return bool(words) and set(words) <= set(now)


def verdicts(log: Log, judged: str) -> Iterator[Sign]:
    """What the discriminator is right about, of the pictures or codes that it judges."""
    real, fake = (values(log, f"discriminator/{kind}_right")[-RECENT:] for kind in ("real", "fake"))
    if not long_enough(log):
        return
    if min(real + fake) >= PINNED:
        yield Sign(
            "the discriminator always wins",
            f"The discriminator is right about {fmean(real + fake):.1%} of all {judged}: who plays against it learns "
            "little",
            (
                "another `--family.objective` where it is `minimax`",
                "a lower `--family.discriminator-rate`",
                "a lower `--family.adversarial-rate`",
                "a larger `--family.r1`",
                AUGMENT,
            ),
        )
    for called, always, never in (("real", real, fake), ("made", fake, real)):
        if min(always) >= CALLED and max(never) <= 1 - CALLED:
            yield Sign(
                "the discriminator has given up",
                f"The discriminator calls all {judged} {called}: it tells the other player nothing",
                (
                    "a higher `--family.discriminator-rate`",
                    "a higher `--family.adversarial-rate`",
                    "more `--family.discriminator-steps`",
                    "a weaker `--family.r1`",
                ),
            )
    known = values(log, "test/known")
    if known and known[-1] >= KNOWN:
        yield Sign(
            "the discriminator learns by heart",
            f"The discriminator finds a picture that it was trained on more real than one that it never saw in "
            f"{known[-1]:.0%} of all pairs",
            ("more pictures", "`--data.flip`", AUGMENT, "a larger `--family.r1`", "an earlier snapshot"),
        )


def gradients(log: Log) -> Iterator[Sign]:
    """Whether a phase's gradients have vanished or exploded."""
    for name in sorted({key for line in log for key in line if key.endswith("/gradient_norm")}):
        norms = values(log, name)
        if len(norms) < 2 * RECENT:
            continue
        player = name.split("/")[0].replace("_", " and ")
        first, now = median(norms[:RECENT]), median(norms[-RECENT:])
        finding = f"The norm of its gradient is {now:.2g}, and was {first:.2g} at first"
        if now < VANISHED * first:
            yield Sign(
                f"the {player}'s gradient has vanished",
                f"{finding}: it no longer learns",
                (
                    "another `--family.objective` where it is `minimax`",
                    "a lower `--family.discriminator-rate`",
                    "`--nets.norm decoder` where it is `none`",
                ),
            )
        if now > EXPLODED * first:
            yield Sign(
                f"the {player}'s gradient explodes",
                finding,
                ("a lower `--train.learning-rate`", "`--train.clip 10`", "`--nets.spectral`", "`--family.r1 1`"),
            )


def samples(log: Log) -> Iterator[Sign]:
    """Whether samples of different noise are alike, or leave kinds of pictures out."""
    kinds = (
        ("samples/variety", "all samples are alike", "Two samples differ {now:.0%} as much as two real pictures"),
        ("samples/kinds", "modes are lost", "Samples are nearest to {now:.0%} as many real pictures as real ones are"),
    )
    for key, name, finding in kinds:
        known = values(log, key)[1:]  # before the first step all samples are one grey
        if len(known) < DRAWN:
            continue
        now, best = median(known[-DRAWN:]), max(known)
        fell = now < FALLEN * best
        if now < ALIKE or (fell and now < 2 * ALIKE):
            yield Sign(
                name,
                finding.format(now=now) + (f"; once it was {best:.0%}" if fell else ""),
                (
                    "an earlier snapshot",
                    "a lower `--train.learning-rate`",
                    AUGMENT,
                    "`--family.r1 1`",
                    "a lower `--family.beta`",
                    "`--nets.spectral`",
                ),
            )


def values(log: Log, key: str) -> list[float]:
    return [line[key] for line in log if key in line]


# What is measured of samples


def measured(
    made: Float[Tensor, "count channels *spatial"], real: Float[Tensor, "twice channels *spatial"]
) -> dict[str, float]:
    """Of samples from one noise against real pictures, twice as many: `samples/variety`, the mean distance between two
    of them, and `samples/kinds`, how many real pictures are the nearest to one of them; both as a share of what real
    pictures would have, about 1 for a perfect model.
    """
    half = len(real) // 2
    if half < 2:
        return {}
    one, other, thumbnails = (thumbnail(part) for part in (real[:half], real[half : 2 * half], made[:half]))
    variety = {name: float(torch.pdist(part).mean()) for name, part in (("real", one), ("made", thumbnails))}
    kinds = {
        name: len(torch.cdist(part, one).argmin(1).unique()) for name, part in (("real", other), ("made", thumbnails))
    }
    return {
        "samples/variety": variety["made"] / max(variety["real"], 1e-12),
        "samples/kinds": kinds["made"] / kinds["real"],
    }


def thumbnail(images: Float[Tensor, "count channels *spatial"]) -> Float[Tensor, "count numbers"]:
    sizes = [min(SIDE, side) for side in images.shape[2:]]
    shrink: Any = {2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[len(sizes)]
    return shrink(images.float(), sizes).flatten(1)
