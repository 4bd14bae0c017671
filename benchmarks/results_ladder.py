"""The page's tables of the autoencoder ladder, from the runs' JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev
from typing import Any

Read = Callable[[str], Any]
Table = Callable[[Iterable[str], Iterable[Iterable[object]]], str]
Rows = list[tuple[object, ...]]

HINTON = "Hinton & Salakhutdinov 2006"
VINCENT = "Vincent et al. 2010"


def ladder(read: Read, table: Table, took: Callable[[Any], str], machine: Callable[[Any], str]) -> Iterable[str]:
    """All sections that there are runs of."""
    parts = [*faces(read, table, took), *pictures(read, table, took), *identity(read, table, took)]
    parts += [*labels(read, table, took), *probes(read, table)]
    if not parts:
        return
    yield "## The autoencoder ladder"
    yield from parts
    known = next((entry for name in ("deep-faces", "deep-mnist", "dae-0") if (entry := read(name))), None)
    if known:
        yield machine(known["machine"])


def figures(entry: Any) -> dict[str, Any]:
    return entry["evaluation"]["figures"]


def faces(read: Read, table: Table, took: Callable[[Any], str]) -> Iterable[str]:
    """Face patches, on people not seen in training."""
    pca = read("pca-faces")
    if pca is None:
        return
    yield "### Face patches of unseen people"
    yield (
        "41,400 patches of 25x25 of the ten people of Olivetti that training did not see: each face is turned by a "
        "uniform angle within 90 degrees either way, enlarged by a uniform 1.4 to 1.8, and a square of 57 pixels of "
        "the enlarged picture, wholly inside it where it fits, is sampled at 25x25 points. The error is the squared "
        "error a patch in units in which the training patches' mean pixel variance is 1. The published crop law is "
        "not known exactly, so compare the ratios."
    )
    base = figures(pca)["standardised_error"]
    rows: Rows = []
    for name in ("pca-faces", "deep-faces"):
        if entry := read(name):
            error = figures(entry)["standardised_error"]
            rows.append((f"`{entry['command']}`", f"{error:.1f}", f"{error / base:.3f}", took(entry)))
    rows.append((f"published: PCA ({HINTON})", "135", "1", ""))
    rows.append((f"published: deep, pretrained ({HINTON})", "126", ".933", ""))
    yield table(("run", "error a patch", "/ PCA", "training took"), rows)


def pictures(read: Read, table: Table, took: Callable[[Any], str]) -> Iterable[str]:
    """Whole pictures: MNIST and curves."""
    published = {
        "pca-mnist": "13.87",
        "logistic-pca-mnist": "8.01",
        "deep-mnist": "3.00, pretrained",
        "rbm-mnist": "3.00, pretrained",
        "rbm-mnist-none": "",
        "pca-curves": "5.90",
        "deep-curves": "1.44, pretrained",
        "deep-curves-adam": "1.44, pretrained",
    }
    rows: Rows = [
        (f"`{entry['command']}`", f"{figures(entry)['squared_error']:.2f}", published[name], took(entry))
        for name in published
        if (entry := read(name))
    ]
    if not rows:
        return
    yield "### MNIST and curves"
    yield (
        f"Squared error a test picture in grey levels of [0, 1]; published figures are {HINTON}'s, whose set of curves "
        "follows a law that is not published in full. All codes of MNIST have 30 numbers; curves are given 18 by PCA "
        "and 6 by the deep network. The deep networks also learn from moved copies of the training pictures; those "
        "that Boltzmann machines pretrain do not, as those published."
    )
    yield table(("run", "squared error", "published", "training took"), rows)


def identity(read: Read, table: Table, took: Callable[[Any], str]) -> Iterable[str]:
    """What an over-complete autoencoder learns with and without corruption."""
    rows: Rows = []
    for name in ("dae-0", "dae-wd", "dae-0.1", "dae-0.25", "dae-0.5"):
        if entry := read(name):
            found = figures(entry)
            pixels, codes = found["probes"]
            errors = (f"{codes['nearest']:.2%} ({pixels['nearest']:.2%})", f"{codes['linear']:.2%}")
            command = f"`{entry['command']}`"
            rows.append((command, f"{found['squared_error']:.2f}", f"{found['copying']:.2f}", *errors, took(entry)))
    if not rows:
        return
    yield "### More hidden units than pixels: the identity, and what corruption does about it"
    yield (
        "1,000 logistic units on MNIST's 784 pixels. `passed on` is the share of holes (30 % of the pixels set to "
        "zero) that comes back as holes: 1 for the identity. The two classifiers learn from the codes of 12,000 "
        "training pictures; in brackets the nearest neighbour in pixels."
    )
    yield table(("run", "squared error", "passed on", "nearest neighbour", "linear classifier", "training took"), rows)


def labels(read: Read, table: Table, took: Callable[[Any], str]) -> Iterable[str]:
    """Test errors of stacked denoising autoencoders fine-tuned to labels."""
    kinds = [
        ("sdae-mnist", "pretrained", f"1.28 % ({VINCENT})"),
        ("sdae-mnist-none", "not pretrained", ""),
        ("sdae-rotated", "rotated, pretrained", f"9.53 % ({VINCENT})"),
        ("sdae-rotated-none", "rotated, not pretrained", ""),
        ("sdae-noise", "on noise, pretrained", f"10.30 % ({VINCENT})"),
        ("sdae-noise-none", "on noise, not pretrained", ""),
    ]
    rows: Rows = []
    for name, kind, published in kinds:
        entries = [entry for seed in range(5) if (entry := read(f"{name}-{seed}"))]
        if not entries:
            continue
        errors = [100 * figures(entry)["classification_error"] for entry in entries]
        rows.append((f"`{entries[0]['command']}`", kind, spread(errors), len(errors), published, took(entries[0])))
    if not rows:
        return
    yield "### Classification by stacked denoising autoencoders"
    yield (
        "Share of mistakes on the whole test set, at the last step, nothing chosen by it within a run; the mean over "
        "seeds and its standard deviation. Three layers of 1,000, no convolutions, no moved pictures; dropout and "
        "pictures moved against the model while labels are learned, which the published networks did not have. The "
        "variants are made by the published law from MNIST, 12,000 pictures to train on, where the published networks "
        "had 10,000 and chose by the other 2,000, and 50,000 to test on."
    )
    yield table(("run", "", "test error", "seeds", "published", "one training took"), rows)


def spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f} %"
    return f"{mean(values):.2f} ± {stdev(values):.2f} % ({min(values):.2f} to {max(values):.2f})"


def probes(read: Read, table: Table) -> Iterable[str]:
    """What a linear classifier makes of each layer, before fine-tuning."""
    rows: Rows = []
    for name in ("sdae-mnist", "sdae-rotated", "sdae-noise"):
        if entry := read(f"{name}-probes"):
            command = f"`{entry['command']}`"
            rows += [
                (command if place == 0 else "", probe["layer"], f"{probe['linear']:.2%}", f"{probe['nearest']:.2%}")
                for place, probe in enumerate(figures(entry)["probes"])
            ]
    if not rows:
        return
    yield "### What each layer's features are good for, before any label was seen"
    yield (
        "Test errors of a linear support vector machine and of the nearest neighbour, both from 12,000 training "
        f"pictures, on the pretrained layers. Published for rotated MNIST: 43.47 % from pixels, 10.00 % from the third "
        f"layer ({VINCENT})."
    )
    yield table(("run", "features", "linear", "nearest neighbour"), rows)
