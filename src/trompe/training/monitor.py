"""Training diagnostics: what a log shows going wrong, in plain words and with what may help.

They are cheap: the discriminator's accuracies and the gradients' norms are there anyway, and samples from one fixed
noise are drawn for the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from statistics import fmean, median
from typing import Any

from ..recipes.tree import Recipe

Log = Sequence[dict[str, Any]]

RECENT = 10
"""This many lines of the log must agree, about a thousand steps."""
RECENT_GRIDS = 5
"""This many sample grids must agree."""
WINNING = 0.985
ONE_SIDED = 0.95
VANISHED, EXPLODED = 1e-3, 100.0
"""Of a gradient's norm, relative to what it was at first."""
FALLEN = 0.5
"""Of the samples' diversity, relative to the best it has been."""
ALIKE = 0.3
"""Of the real samples' diversity."""
OVERFITTED = 0.8
"""AUC of training against held-out samples: a half, if the discriminator does not overfit."""
FEW = 1000
"""A discriminator soon overfits to this many samples."""


@dataclass(frozen=True)
class Remedy:
    """Something to try: a change of a recipe's option, or `words` alone.

    Attributes:
        option: as in `family.r1`; the remedy is offered only where the recipe has it,
        value: and where it does not have this value already.
    """

    words: str
    option: str = ""
    value: Any = None

    def applies(self, recipe: Recipe) -> bool:
        if not self.option:
            return True
        part, _, name = self.option.partition(".")
        options = getattr(recipe, part)
        if name not in {field.name for field in fields(options)}:
            return False
        now = getattr(options, name)
        return not set(self.value) <= set(now) if isinstance(self.value, tuple) else now != self.value

    def __str__(self) -> str:
        if not self.option:
            return self.words
        value = self.value if isinstance(self.value, tuple) else (self.value,)
        given = "" if self.words or self.value is True else "".join(f" {one}" for one in value)
        flag = f"`--{self.option.replace('_', '-')}{given}`"
        return f"{self.words} {flag}" if self.words else flag


AUGMENT = Remedy("", "family.augment", ("color", "translation", "cutout"))
OBJECTIVE = Remedy("another", "family.objective")
SLOWER = (Remedy("a lower", "family.discriminator_lr_scale"), Remedy("a lower", "family.adversarial_lr_scale"))
FASTER = (Remedy("a higher", "family.discriminator_lr_scale"), Remedy("a higher", "family.adversarial_lr_scale"))
R1 = Remedy("", "family.r1", 1.0)
SPECTRAL = Remedy("", "nets.spectral_norm", True)
EARLIER = Remedy("an earlier snapshot")
LEARNING_RATE = Remedy("a lower", "train.learning_rate")


@dataclass(frozen=True)
class Diagnostic:
    """Something that goes wrong: in a few words, in a sentence, and what may help."""

    name: str
    finding: str
    remedies: tuple[Remedy, ...]

    def __str__(self) -> str:
        if not self.remedies:
            return f"{self.finding}."
        return f"{self.finding}. Try {', or '.join(map(str, self.remedies))}"


def diagnostics(log: Log, recipe: Recipe) -> list[Diagnostic]:
    """What the log shows now, with the remedies that the recipe has."""
    judged = "images" if "images" in recipe.family.discriminator_sees else "latents"
    found = (*accuracies(log, judged), *gradients(log), *samples(log))
    return [replace(one, remedies=tuple(each for each in one.remedies if each.applies(recipe))) for one in found]


def long_enough(log: Log) -> bool:
    """Whether there is enough to go by."""
    return len(series(log, "discriminator/real_accuracy")) >= RECENT


def accuracies(log: Log, judged: str) -> Iterator[Diagnostic]:
    """Whether the discriminator always wins, always says the same, or overfits."""
    real, fake = (series(log, f"discriminator/{kind}_accuracy")[-RECENT:] for kind in ("real", "fake"))
    if not long_enough(log):
        return
    if min(real + fake) >= WINNING:
        yield Diagnostic(
            "the discriminator always wins",
            f"The discriminator classifies {fmean(real + fake):.1%} of all {judged} correctly, so the network trained "
            "against it learns little",
            (OBJECTIVE, *SLOWER, Remedy("a larger", "family.r1"), AUGMENT),
        )
    for called, always, never in (("real", real, fake), ("generated", fake, real)):
        if min(always) >= ONE_SIDED and max(never) <= 1 - ONE_SIDED:
            yield Diagnostic(
                "the discriminator does not discriminate",
                f"The discriminator classifies all {judged} as {called}, so the network trained against it learns "
                "nothing from it",
                (*FASTER, Remedy("more", "family.discriminator_steps"), Remedy("a smaller", "family.r1")),
            )
    auc = series(log, "test/train_vs_held_out_auc")
    if auc and auc[-1] >= OVERFITTED:
        yield Diagnostic(
            "the discriminator overfits",
            f"The discriminator finds a training sample more real than a held-out one in {auc[-1]:.0%} of all pairs",
            (Remedy("more images"), Remedy("", "data.flip", True), AUGMENT, Remedy("a larger", "family.r1"), EARLIER),
        )


def gradients(log: Log) -> Iterator[Diagnostic]:
    """Whether a phase's gradients have vanished or exploded."""
    for name in sorted({key for line in log for key in line if key.endswith("/gradient_norm")}):
        norms = series(log, name)
        if len(norms) < 2 * RECENT:
            continue
        phase = name.split("/")[0].replace("_", " and ")
        first, now = median(norms[:RECENT]), median(norms[-RECENT:])
        finding = f"The norm of its gradient is {now:.2g}, and was {first:.2g} at first"
        if now < VANISHED * first:
            remedies = (OBJECTIVE, SLOWER[0], Remedy("", "nets.norm", "decoder"))
            yield Diagnostic(f"the {phase}'s gradient has vanished", f"{finding}: it no longer learns", remedies)
        if now > EXPLODED * first:
            clip = Remedy("", "train.clip", 10.0)
            yield Diagnostic(f"the {phase}'s gradient explodes", finding, (LEARNING_RATE, clip, SPECTRAL, R1))


def samples(log: Log) -> Iterator[Diagnostic]:
    """Whether samples of different noise are alike, or do not cover the data."""
    kinds = (
        ("samples/diversity", "all samples are alike", "Two samples differ {now:.0%} as much as two real ones"),
        ("samples/mode_coverage", "modes are lost", "Samples cover {now:.0%} as many real samples as real ones do"),
    )
    for key, name, finding in kinds:
        values = series(log, key)[1:]  # before the first step all samples are one gray
        if len(values) < RECENT_GRIDS:
            continue
        now, best = median(values[-RECENT_GRIDS:]), max(values)
        fell = now < FALLEN * best
        if now < ALIKE or (fell and now < 2 * ALIKE):
            said = finding.format(now=now) + (f"; once it was {best:.0%}" if fell else "")
            yield Diagnostic(
                name, said, (EARLIER, LEARNING_RATE, AUGMENT, R1, Remedy("a lower", "family.beta"), SPECTRAL)
            )


def series(log: Log, key: str) -> list[float]:
    return [line[key] for line in log if key in line]
