"""The page's section on the measures: agreement with other implementations, scale, memorization, speed."""

from __future__ import annotations

from collections.abc import Iterable

from records import Rows, command, machine, plus_minus, read, table

NOISE = (
    "import numpy as np; np.savez('noise.npz', images=np.random.default_rng(0).integers(0, 256, (10000, 3, 32, 32), "
    "dtype=np.uint8))"
)
"""Makes the noise that is measured, whose hash is on record."""
UNRECORDED = {"cifar-vae": "a VAE of CIFAR-10 after 8,000 steps, whose command was not recorded"}
"""Runs whose evaluation cannot be repeated as it was given."""


def measures() -> Iterable[str]:
    parts = [*agreement(), *scale(), *memorization(), *speed()]
    if parts:
        yield "## Measures"
        yield from parts


def agreement() -> Iterable[str]:
    for entry in read("agreement"):
        yield (
            "**Agreement with independent implementations**, on the same features and images: the relative difference "
            "as a number of shared digits, of which float64 has 16. The features are the FID network's, of CIFAR-10."
        )
        rows = [
            (one["measure"], one["peer"], f"{one['ours']:.10g}", f"{one['theirs']:.10g}", f"{one['digits']:.1f}")
            for one in entry["rows"]
        ]
        yield table(("measure", "implementation", "trompe", "theirs", "shared digits"), rows)
        timed = entry["frechet"]
        yield (
            f"From the moments of 2,048 features, FID takes {timed['seconds']:.2f} s, and {timed['sqrtm_seconds']:.1f} "
            f"s by the general matrix square root (medians of {timed['rounds']} rounds, in turns). Where a covariance "
            "is singular, as of fewer images than features, general matrix square roots lose digits."
        )
        yield f"{command(entry)}. {machine(entry['machine'])}"


def scale() -> Iterable[str]:
    entries = read("fid-train", "fid-noise", "fid-vae", "fid-gan-lecture")
    if not entries:
        return
    yield (
        "**Reference values**: 10,000 samples against the 10,000 test images of CIFAR-10, in Inception features, "
        "resized `bilinear`; memorization in pixels. All 50,000 training images have a published FID of 3.15: the "
        "excess of 10,000 is the bias of a small sample. `noise.npz` is uniform noise, "
        f'`python -c "{NOISE}"`; `runs/lecture` is `trompe train gan-cifar10-lecture --out runs/lecture`.'
    )
    rows: Rows = []
    for entry in entries:
        found = entry["result"]["values"]
        kid = plus_minus(found["kid"], found["kid_standard_error"], 5) if "kid" in found else "-"
        four = [f"{found[name]:.3f}" for name in ("precision", "recall", "density", "coverage") if name in found]
        copies = {None: "-", True: "yes", False: "no"}[found.get("copies")]
        shown = UNRECORDED.get(entry["result"]["source"], command(entry))
        rows.append((shown, f"{found['frechet_distance']:.2f}", kid, " / ".join(four) or "-", copies))
    yield table(("command", "FID", "KID", "precision / recall / density / coverage", "copies"), rows)
    yield machine(entries[0]["machine"])


def memorization() -> Iterable[str]:
    for entry in read("copies"):
        yield (
            "**Memorization**, of generators known to copy or not: the samples of `honest` are training images of "
            "CIFAR-10 that were kept from the model, the others are copies of single images that it was trained on. "
            "About 0 is the memorization rate of an honest model, 0.01 its near-copy rate, and 1 its distance ratio."
        )
        head = (
            "generator",
            "features",
            "samples / training / held-out images",
            "memorization rate",
            "near-copy rate",
            "distance ratio",
            "exact copies",
            "copies",
        )
        rows = [
            (
                one["generator"],
                one["features"],
                f"{one['samples']:,} / {one['trained_on']:,} / {one['held_out']:,}",
                plus_minus(one["memorization_rate"], one["memorization_standard_error"], 3),
                plus_minus(one["near_copy_rate"], one["near_copy_standard_error"], 3),
                f"{one['distance_ratio']:.2f}",
                f"{one['exact_copies']:,}",
                "yes" if one["copies"] else "no",
            )
            for one in entry["rows"]
        ]
        yield table(head, rows)
        yield f"{command(entry)}. {machine(entry['machine'])}"


def speed() -> Iterable[str]:
    for entry in read("extraction"):
        rates = entry["images_per_second"]
        yield (
            f"**Speed of the FID network**: {rates['trompe']:.1f} images/s, {entry['seconds_per_thousand']:.0f} s per "
            f"1,000 images; {entry['ratio']:.2f} times the plain use of the same file in the same run "
            f"({rates['plain']:.1f} images/s), with features that differ by at most {entry['largest_difference']:.1e} "
            f"of the largest. {command(entry)}. {machine(entry['machine'])}"
        )
