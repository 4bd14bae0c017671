"""The part of docs/results.md on the measures themselves: agreement, the detector of copies, scale, speed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Read = Callable[[str], Any]
Table = Callable[[Iterable[str], Iterable[Iterable[object]]], str]

SCALE = ("fid-train", "fid-noise", "fid-vae", "fid-gan-lecture")


def measures(read: Read, table: Table, machine: Callable[[dict[str, Any]], str]) -> Iterable[str]:
    yield "## The measures themselves"
    if entry := read("agreement"):
        yield (
            "Agreement with independent implementations on the same features and pictures: the relative difference as "
            "a number of digits, of which float64 has 16. The features are the FID network's of CIFAR-10."
        )
        head = ("measure", "against", "trompe", "theirs", "digits")
        rows = [
            (one["measure"], one["peer"], f"{one['ours']:.10g}", f"{one['theirs']:.10g}", f"{one['digits']:.1f}")
            for one in entry["rows"]
        ]
        timed = entry["frechet"]
        yield table(head, rows)
        yield (
            f"From moments of 2,048 features the Frechet distance takes {timed['seconds']:.2f} s, by the general "
            f"matrix square root {timed['sqrtm_seconds']:.1f} s (medians of {timed['rounds']} rounds, in turns). Where "
            "a covariance is singular, of fewer pictures than features, the general roots lose digits."
        )
        yield f"`{entry['command']}`. {machine(entry['machine'])}"
    yield from scale(read, table, machine)
    yield from copies(read, table, machine)
    if entry := read("extraction"):
        rates = entry["pictures_per_second"]
        yield (
            f"**Speed of the FID network**: {rates['trompe']:.1f} pictures a second, "
            f"{entry['seconds_per_thousand']:.0f} s a thousand; {entry['ratio']:.2f} times the plain use of the same "
            f"file in the same run ({rates['plain']:.1f} a second), with features that differ by at most "
            f"{entry['largest_difference']:.1e} of the largest. `{entry['command']}`. {machine(entry['machine'])}"
        )


def scale(read: Read, table: Table, machine: Callable[[dict[str, Any]], str]) -> Iterable[str]:
    entries = [entry for name in SCALE if (entry := read(name))]
    if not entries:
        return
    yield (
        "**For scale**, ten thousand pictures against the ten thousand test pictures of CIFAR-10, the FID network, "
        "`bilinear`. For all 50,000 training pictures 3.15 is published: what ten thousand have more "
        "is the bias of small samples."
    )
    rows = []
    for entry in entries:
        figures = entry["result"]["figures"]
        kernel = "-"
        if "kernel_distance" in figures:
            kernel = f"{figures['kernel_distance']:.5f} ± {figures['kernel_standard_error']:.5f}"
        four = [f"{figures[name]:.3f}" for name in ("precision", "recall", "density", "coverage") if name in figures]
        said = {None: "-", True: "copies", False: "no sign"}[figures.get("copies")]
        command = f"`{entry['command']}`"
        rows.append((command, f"{figures['frechet_distance']:.2f}", kernel, " / ".join(four) or "-", said))
    head = ("command", "Frechet", "kernel", "precision / recall / density / coverage", "copies, in pixels")
    yield table(head, rows)
    yield machine(entries[0]["machine"])


def copies(read: Read, table: Table, machine: Callable[[dict[str, Any]], str]) -> Iterable[str]:
    if not (entry := read("copies")):
        return
    yield (
        "**Copies**, of generators whose honesty is known: training pictures that a model never saw are the samples of "
        "an honest one, the others owe themselves to single pictures it was trained on. CIFAR-10."
    )
    head = (
        "generator",
        "features",
        "samples / trained on / held out",
        "copied share",
        "close share",
        "distance ratio",
        "exact",
        "said",
    )
    yield table(
        head,
        [
            (
                one["generator"],
                one["features"],
                f"{one['samples']:,} / {one['trained_on']:,} / {one['held_out']:,}",
                f"{one['copied_share']:.3f} ± {one['standard_error']:.3f}",
                f"{one['close_share']:.3f} ± {one['close_standard_error']:.3f}",
                f"{one['distance_ratio']:.2f}",
                f"{one['exact_copies']:,}",
                "copies" if one["copies"] else "no sign",
            )
            for one in entry["rows"]
        ],
    )
    yield f"`{entry['command']}`. {machine(entry['machine'])}"
