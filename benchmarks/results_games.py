"""The part of docs/results.md on adversarial networks: encoders in the game, classes, codes, modes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Read = Callable[[str], Any]
Table = Callable[[Iterable[str], Iterable[Iterable[object]]], str]


def games(read: Read, table: Table, took: Callable[[Any], str], machine: Callable[[Any], str]) -> Iterable[str]:
    entries = [entry for name in ("cgan-mnist", "stacked-mnist", "ring") if (entry := read(name))]
    nearest = read("bigan-nearest")
    if nearest is None and not entries:
        return
    yield "## Games"
    rows = [row for entry in entries for row in figures_of(entry, took)]
    if nearest is not None:
        found = nearest["accuracy"]
        rows.insert(
            0,
            (
                f"`{nearest['command']}`",
                f"nearest neighbour right for {found['codes']:.2%} (in pixels {found['pixels']:.2%})",
                "97.39 % (Donahue et al. 2017, 400 epochs)",
                "codes of 60,000 training and 10,000 test pictures of MNIST",
                took(nearest),
            ),
        )
    yield table(("command", "figure", "published", "protocol", "training"), rows)
    yield machine((nearest or entries[0])["machine"])
    inverted = [entry for name in ("invert-bigan", "invert-gan") if (entry := read(name))]
    if inverted:
        yield (
            "**Which code makes this picture**: mean squared error of a grey level, of MNIST's test set, by descent "
            "from several codes of the prior, by the encoder, and by descent from the encoder's code."
        )
        ways = ("descent", "encoder", "both")
        found = []
        for entry in inverted:
            result = entry["result"]
            errors = [result["mean_squared_error"].get(way) for way in ways]
            shown = ["-" if error is None else f"{error:.4f}" for error in errors]
            found.append(
                (f"`{entry['command']}`", result["pictures"], f"{result['starts']} x {result['steps']}", *shown)
            )
        yield table(("command", "pictures", "starts x steps", *ways), found)
        yield machine(inverted[0]["machine"])
    yield from equal_time(read, table, took, machine)
    yield from speed(read, machine)


EQUAL = ("equal-lecture", "equal-dcgan", "equal-modern")


def equal_time(read: Read, table: Table, took: Callable[[Any], str], machine: Callable[[Any], str]) -> Iterable[str]:
    if not (entries := [entry for name in EQUAL if (entry := read(name))]):
        return
    rows = []
    for entry in entries:
        figures, protocol = entry["evaluation"]["figures"], entry["evaluation"]["protocol"]
        samples = f"{protocol['fid']['samples']:,}"
        seen = f"{entry['evaluation']['step'] * entry['recipe']['train']['batch']:,}"
        copied = f"{figures['copied_share']:.3f} ± {figures['copied_standard_error']:.3f}"
        said = "copies" if figures["copies"] else "no sign"
        distance = f"{figures['frechet_distance']:.1f}"
        rows.append((f"`{entry['command']}`", took(entry), seen, distance, samples, f"{said} ({copied})"))
    taken = entries[0]["evaluation"]["protocol"]["fid"]
    yield (
        f"**CIFAR-10 at equal time**: the Frechet distance of samples from the {taken['against']:,} test pictures in "
        f"the features of `{taken['features']}`, `{taken['resize']}`, and the share of copies in pixels. It is too "
        "short a time for any of them. Published, of 10,000 samples or more, other implementations of the network, and "
        "trainings many times as long: DCGAN 49.0 and WGAN-GP 25.9 (StudioGAN), DCGAN 28.95 (mimicry)."
    )
    yield table(("command", "training", "pictures seen", "Frechet", "samples", "copies"), rows)
    yield machine(entries[0]["machine"])


def speed(read: Read, machine: Callable[[Any], str]) -> Iterable[str]:
    if entry := read("adversarial"):
        rates = entry["images_per_second"]
        yield (
            f"**Speed of the game**: `{entry['recipe']}`, batches of {entry['batch']} at 32x32, {entry['precision']}: "
            f"{rates['trompe']:.0f} pictures a second, {entry['ratio']:.2f} times a textbook loop in float32 of the "
            f"same networks in the same run, {entry['share_of_bound']:.0%} of the fastest product of matrices. "
            f"`{entry['command']}`. {machine(entry['machine'])}"
        )


def figures_of(entry: dict[str, Any], took: Callable[[Any], str]) -> Iterable[tuple[str, ...]]:
    figures, protocol = entry["evaluation"]["figures"], entry["evaluation"]["protocol"]
    command, minutes = f"`{entry['command']}`", took(entry)
    if "recognised" in figures:
        taken = protocol["recognised"]
        yield (
            command,
            f"{figures['recognised']:.2%} recognised as the class asked for",
            "",
            f"{taken['samples']:,} samples, by {taken['features']} at step {taken['step']}",
            minutes,
        )
    if "modes_found" in figures:
        taken = protocol["modes"]
        quality = f", {figures['high_quality']:.1%} near one" if figures["high_quality"] < 1 else ""
        yield (
            command,
            f"{figures['modes_found']:,} of {figures['modes']:,} modes, KL {figures['mode_kl']:.3f} nats{quality}",
            "",
            f"{taken['samples']:,} samples of {taken['modes_of']}",
            minutes,
        )
