"""Results of measures as text: one, or several side by side where their protocols agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..measures.memorisation import NOTABLE, SURE
from ..measures.results import alike, protocol_of, repetitions, shared_protocol, shown, spread
from ..measures.table import MEASURES

MEANINGS = {
    "squared_error": "of the reconstruction, a picture; lower is better",
    "psnr": "peak signal to noise ratio of the reconstruction, in decibels; higher is better",
    "ssim": "structural similarity of the reconstruction; 1 for a perfect one",
    "standardised_error": "the squared error in units of the training pictures' mean variance of a pixel",
    "copying": "share of holes in a picture that come back as they are; 1 for the identity",
    "classification_error": "share of mistaken classes",
    "elbo": "evidence lower bound; higher is better; minus the next two",
    "reconstruction": "distortion: cost of a picture given its code",
    "kl": "rate: cost of the code",
    "importance_bound": "a tighter lower bound; higher is better",
    "standard_error": "of the importance bound, over pictures",
    "bits_per_dimension": "of the importance bound, a number of the picture; lower is better",
    "mutual_information": "of picture and code, in nats",
    "marginal_kl": "of the mean posterior from the prior, in nats",
    "active_units": "code numbers that vary with the picture",
    "annealed_bound": "a lower bound by annealing, on the first pictures; higher is better",
    "annealed_standard_error": "of it, over pictures",
    "importance_bound_of_these": "the importance bound of the same pictures",
    "acceptance": "of the annealing's proposals; best around 0.65",
    "silhouette": "of the classes among the codes, from -1 to 1",
    "neighbour_error": "share of codes whose five nearest are of another class",
    "frechet_distance": "of samples from data; lower is better",
    "kernel_distance": "of samples from data; 0 for equal laws",
    "kernel_standard_error": "of the kernel distance",
    "precision": "share of samples within the data",
    "recall": "share of data within the samples",
    "density": "of the data around samples; about 1 for equal laws",
    "coverage": "share of the data's neighbourhoods that have a sample",
    "inception_score": "higher is better",
    "inception_deviation": "of the score, over ten parts",
    "recognised": "share of samples that the classifier takes for the class asked for",
    "copied_share": "of the samples, by how many more are near a training picture; about 0 if honest",
    "copied_standard_error": "of the copied share",
    "close_share": "of the samples nearer to a training picture than 99 % of honest pictures; 0.01 if honest",
    "close_standard_error": "of the close share",
    "distance_ratio": "to training against held-out pictures; about 1 for an honest model",
    "exact_copies": "samples that are a training picture to the bit",
    "held_out_exact_copies": "held-out pictures that are a training picture to the bit",
    "held_out_samples": "samples that are a held-out picture to the bit",
    "repeated_samples": "samples that are another sample to the bit",
    "copies": "whether samples are copies of training pictures",
    "modes_found": "modes that have a sample",
    "modes": "of so many",
    "high_quality": "share of samples within three deviations of a mode",
    "mode_kl": "of the samples' law over modes from the uniform one, in nats",
}


def show(results: Sequence[dict[str, Any]]) -> None:
    """Print results, one protocol a table."""
    if len(results) == 1:
        show_one(results[0])
        return
    for measure in MEASURES:
        groups = alike(results, measure)
        if len(groups) > 1:
            print(f"{measure}: results of unlike protocols, not to be compared across tables")
        for places in groups:
            show_several([results[place] for place in places], measure)
    for result in results:
        print_skipped(result, f"{title(result)}: ")


def show_one(result: dict[str, Any]) -> None:
    figures = result["figures"]
    for name, value in figures.items():
        if name in MEANINGS:
            print(f"{name.replace('_', ' '):25} {shown(value):>14}  {MEANINGS[name]}")
    for found in figures.get("probes", []):
        print(f"{found['layer']:25} {found['linear']:14.2%}  mistakes of a linear classifier on these features")
        print(f"{'':25} {found['nearest']:14.2%}  mistakes of the nearest neighbour")
    for name, share in figures.get("recognised_by_class", {}).items():
        print(f"  {name:23} {share:14.2%}  of this class")
    if "copies" in figures:
        print(verdict(figures))
    print(f"protocol: {in_words(shared_protocol(result))}")
    for name in result["measures"]:
        if own := result["protocol"].get(name):
            print(f"  {name}: {in_words(own)}")
    print_skipped(result)


def show_several(results: Sequence[dict[str, Any]], measure: str) -> None:
    """A table of one measure, of one protocol."""
    columns = [cells(result, measure) for result in results]
    table = Table(title=f"{measure} ({in_words(protocol_of(results[0], measure))})", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in headings(results):
        table.add_column(heading, justify="right", overflow="fold")
    over = spread(results) if repetitions(results) else {}
    if over:
        table.add_column("mean ± spread", justify="right", no_wrap=True)
    for name in dict.fromkeys(name for column in columns for name in column):
        row = [column.get(name, "-") for column in columns]
        if over:
            row.append(" ± ".join(map(shown, over[name])) if name in over else "")
        table.add_row(name.replace("_", " "), *row)
    console = Console(highlight=False, soft_wrap=False)
    console.print(table, width=None if console.is_terminal else 40 + 24 * (len(results) + 1))


def cells(result: dict[str, Any], measure: str) -> dict[str, str]:
    """A column of a table: the figures of a measure that are one number, and a probe's by layer."""
    figures = result["figures"]
    found = {name: shown(figures[name]) for name in MEANINGS if name in result["measures"][measure]}
    for probe in figures["probes"] if measure == "probe" else []:
        found |= {f"{probe['layer']}, {kind}": f"{probe[kind]:.2%}" for kind in ("linear", "nearest")}
    return found


def headings(results: Sequence[dict[str, Any]]) -> list[str]:
    """A name for each result: its folder's, or the whole path where several have that name."""
    names = [title(result) for result in results]
    return names if len(set(names)) == len(names) else [title(result, whole=True) for result in results]


def title(result: dict[str, Any], whole: bool = False) -> str:
    place = Path(result.get("run") or result["images"])
    return f"{place if whole else place.name} seed {result['protocol']['seed']}"


def verdict(figures: dict[str, Any]) -> str:
    if count := figures["held_out_samples"]:
        return f"memorisation: {count:,} samples are held-out pictures to the bit, of which nothing can be told"
    if figures["copies"]:
        return (
            "memorisation: this model COPIES training pictures: see the shares above, and the most copied samples "
            "beside their sources"
        )
    near, remote = (
        min(1.0, max(NOTABLE, SURE * figures[name])) for name in ("close_standard_error", "copied_standard_error")
    )
    return f"memorisation: no sign of copies; {near:.0%} of near ones would show, or {remote:.0%} of others"


def print_skipped(result: dict[str, Any], prefix: str = "") -> None:
    for name, reason in result["skipped"].items():
        print(f"{prefix}skipped {name}: {reason}")


def in_words(protocol: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in protocol.items())
