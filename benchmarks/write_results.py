"""Write docs/results.md from the JSON that runs and benchmarks printed.

    python benchmarks/write_results.py

Every figure in the page comes from a file in docs/results; what is written here by hand is what was published
elsewhere, with its protocol, and the words around the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
RESULTS = DOCS / "results"

PUBLISHED = [
    ("VAE, one layer, tanh 2x200, z = 50", "-86.76", "Burda et al. 2016, table 1"),
    ("the same as IWAE, k = 50", "-84.78", "Burda et al. 2016, table 1"),
    ("VAE, gated MLP 2x300, z = 40, warm-up", "-84.45", "Tomczak & Welling 2018"),
    ("VAE, residual convolutions, z = 32", "-81.08", "Kingma et al. 2016, table 1"),
]


def main() -> None:
    text = "\n\n".join([HEAD, *mnist(), *throughput(), *startup(), *packing(), *pictures(), *resuming()])
    (DOCS / "results.md").write_text(text + "\n")


HEAD = """# Results

Written by `benchmarks/write_results.py` from the JSON in `docs/results`. A figure stands with its command, its
machine and its protocol; a published figure beside it is of the same protocol unless the text says otherwise."""


def read(name: str) -> Any:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


def mnist() -> Iterable[str]:
    """Bounds on MNIST."""
    entries = [entry for name in ("vae-mnist", "vae-mnist-2d", "vae-mnist-gated") if (entry := read(name))]
    if not entries:
        return
    yield "## MNIST: bounds on the likelihood"
    yield "Nats per picture of the test set, higher is better. `k` is the number of codes of the importance bound."
    rows = []
    for entry in entries:
        figures, protocol = entry["evaluation"]["figures"], entry["evaluation"]["protocol"]
        rows.append(
            (
                f"`{entry['command']}`",
                protocol["levels"],
                f"{figures['elbo']:.2f}",
                f"{figures['importance_bound']:.2f} ± {figures['standard_error']:.2f} (k = {figures['samples']:,})",
                f"{figures['pictures']:,}",
                f"{figures['active']} of {len(figures['kl_per_number'])}",
                f"{minutes(entry['training_seconds'])}, {entry['conditions']}",
            )
        )
    yield table(("run", "levels", "ELBO", "importance bound", "pictures", "numbers alive", "training took"), rows)
    yield "Published, dynamically binarised, k = 5,000, the whole test set:"
    yield table(("model", "log p(x)", "source"), PUBLISHED)
    if peer := read("equal-work"):
        yield "### The same as a textbook's"
        yield peer["about"]
        yield table(("loop", "test bound, nats"), [(name, f"{value:.2f}") for name, value in peer["bounds"].items()])
    yield f"Machine: {entries[0]['machine']}."


def throughput() -> Iterable[str]:
    result = read("throughput")
    if result is None:
        return
    yield "## Training throughput"
    yield (
        "`python benchmarks/throughput.py`: the same MLP VAE on MNIST (784-500-20-500-784, batch 100, Adam), every "
        "contender in turn, round after round, so that a machine whose speed drifts hits all alike. Medians over "
        "rounds."
    )
    yield table(("contender", "images/s", "trompe's ratio to it"), result["rows"])
    yield f"Machine: {result['machine']}."


def startup() -> Iterable[str]:
    if (result := read("startup")) is not None:
        yield "## Start-up and memory"
        yield "`python benchmarks/startup.py`, fresh processes, medians."
        yield table(("what", "figure"), result["rows"])
        yield f"Machine: {result['machine']}."


def packing() -> Iterable[str]:
    if (result := read("packing")) is not None:
        yield "## Packing pictures"
        yield "`python benchmarks/packing.py PATH`, to 64x64, against a single-threaded loop of PIL's on the files."
        yield table(("set", "pictures", "images/s", "PIL's loop, images/s", "ratio"), result["rows"])
        yield f"Machine: {result['machine']}."


def pictures() -> Iterable[str]:
    """The runs on pictures of the own-pictures path."""
    entries = [(name, entry) for name in ("faces", "tiny-imagenet") if (entry := read(name))]
    if not entries:
        return
    yield "## Pictures from a zip"
    rows = []
    for name, entry in entries:
        figures = entry["evaluation"]["figures"]
        rows.append(
            (
                name,
                f"`{entry['command']}`",
                f"{figures['squared_error']:.1f}",
                f"{figures['elbo']:,.0f}",
                f"{figures['active']} of {len(figures['kl_per_number'])}",
                f"{minutes(entry['training_seconds'])}, {entry['conditions']}",
            )
        )
    head = ("set", "run", "squared error", "ELBO, nats (density)", "numbers alive", "training took")
    yield table(head, rows)
    yield f"Machine: {entries[0][1]['machine']}."


def resuming() -> Iterable[str]:
    if (result := read("kills")) is not None:
        yield "## Killed and resumed"
        yield f"`{result['command']}`"
        yield result["about"]


if __name__ == "__main__":
    main()
