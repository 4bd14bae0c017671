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

from results_games import games
from results_ladder import ladder
from results_measures import measures

DOCS = Path(__file__).parent.parent / "docs"
RESULTS = DOCS / "results"

ACTIVE_NATS = 0.01
"""A code number whose mean KL is below this carries nothing."""

PUBLISHED = [
    ("VAE, one layer, tanh 2x200, z = 50", "-86.76", "Burda et al. 2016, table 1"),
    ("the same as IWAE, k = 50", "-84.78", "Burda et al. 2016, table 1"),
    ("VAE, gated MLP 2x300, z = 40, warm-up", "-84.45", "Tomczak & Welling 2018"),
    ("VAE, residual convolutions, z = 32", "-81.08", "Kingma et al. 2016, table 1"),
]


def main() -> None:
    parts = [
        HEAD,
        *ladder(read, table, took, machine),
        *mnist(),
        *games(read, table, took, machine),
        *measures(read, table, machine),
        *throughput(),
        *startup(),
        *packing(),
        *pictures(),
        *resuming(),
    ]
    (DOCS / "results.md").write_text("\n\n".join(parts) + "\n")


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


def machine(conditions: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in conditions["packages"].items() if version)
    return (
        f"Machine: {conditions['cpu']}, {conditions['cores']} cores, no GPU; Python {conditions['python']}, "
        f"{versions}; commit {conditions['commit']}, load before the start {conditions['load']:.1f}."
    )


def alive_of(figures: dict[str, Any]) -> str:
    numbers = figures["kl_per_number"]
    return f"{sum(kl > ACTIVE_NATS for kl in numbers)} of {len(numbers)}"


def took(entry: dict[str, Any]) -> str:
    minutes = entry["training_seconds"] / 60
    return f"{minutes:.0f} min ({entry['conditions']})" if minutes >= 0.5 else "seconds"


def mnist() -> Iterable[str]:
    """Bounds on MNIST."""
    names = ("vae-mnist", "vae-mnist-2d", "vae-mnist-gated")
    entries = [entry for name in names if (entry := read(name))]
    if not entries:
        return
    yield "## MNIST: bounds on the likelihood"
    yield (
        "Nats per picture of the test set, higher is better; `k` is the number of codes of the importance bound, after "
        "it its standard error over pictures. Grey levels as Bernoulli means and binarised pictures do not compare."
    )
    rows = []
    for entry in entries:
        figures, protocol = entry["evaluation"]["figures"], entry["evaluation"]["protocol"]
        bound = f"{figures['importance_bound']:.2f} ± {figures['standard_error']:.2f} (k = {figures['codes']:,})"
        alive = alive_of(figures)
        elbo, count = f"{figures['elbo']:.2f}", f"{figures['pictures']:,}"
        rows.append((f"`{entry['command']}`", protocol["likelihood"]["levels"], elbo, bound, count, alive, took(entry)))
    yield table(("run", "levels", "ELBO", "importance bound", "pictures", "numbers alive", "training took"), rows)
    yield "Published, dynamically binarised, k = 5,000, the whole test set:"
    yield table(("model", "log p(x)", "source"), PUBLISHED)
    yield machine(entries[-1]["machine"])


def throughput() -> Iterable[str]:
    """Training throughput, and that it is the same work."""
    result = read("throughput")
    if result is None:
        return
    yield "## Training throughput"
    yield (
        f"`python benchmarks/throughput.py --check {result['check_steps']}`: the same MLP VAE on MNIST "
        f"(784-500-20-500-784, batch {result['batch']}, Adam, constant rate), every contender in turn, "
        f"{result['rounds']} rounds of {result['steps']} steps, so that a machine whose speed drifts hits all alike. "
        "Medians over the rounds, ratios taken within each. The test loss (grey levels as Bernoulli means, one code a "
        f"picture) after {result['check_steps']:,} steps shows that it is the same work. `bound` is the float32 matrix "
        "products of a step and nothing else."
    )
    rates, ratios, losses = result["images_per_second"], result["ratio"], result["test_loss"]
    against = [name for name in ("textbook", "pythae", "bound") if name in rates]
    rows = [
        (
            name,
            f"{rate:,.0f}",
            *(f"{ratios[name][other]:.2f}" for other in against),
            f"{losses[name]:.2f}" if name in losses else "",
        )
        for name, rate in rates.items()
    ]
    yield table(("contender", "images/s", *(f"/ {name}" for name in against), "test loss, nats"), rows)
    yield machine(result["conditions"])


def startup() -> Iterable[str]:
    """Start-up and memory."""
    if (result := read("startup")) is not None:
        yield "## Start-up and memory"
        yield "`python benchmarks/startup.py`: fresh processes, medians of several."
        rows = [
            (f"`{name}`", f"{seconds:.2f} s", f"{result['peak_bytes'][name] / 2**20:,.0f} MiB")
            for name, seconds in result["seconds"].items()
        ]
        yield table(("process", "wall time", "peak memory"), rows)
        yield machine(result["conditions"])


def packing() -> Iterable[str]:
    """Packing your own pictures."""
    results = [result for name in ("packing-faces", "packing-galaxies") if (result := read(name))]
    if not results:
        return
    yield "## Packing pictures"
    yield (
        "`python benchmarks/packing.py PATH`: decoding and scaling to 64x64, against a single-threaded loop of PIL's "
        "over the same files, as it is usually written and with `draft`, which lets JPEG decode at a smaller scale."
    )
    rows = []
    for result in results:
        rate, ratio = result["pictures_per_second"], result["ratio"]["trompe"]
        figures = (f"{rate['trompe']:,.0f}", f"{ratio['PIL']:.2f}", f"{ratio['PIL, draft']:.2f}")
        rows.append((result["source"], f"{result['pictures']:,}", *figures))
    yield table(("set", "pictures", "pictures/s", "/ PIL", "/ PIL, draft"), rows)
    yield machine(results[0]["conditions"])


def pictures() -> Iterable[str]:
    """Runs on pictures by the own-pictures path."""
    entries = [entry for name in ("faces", "tiny-imagenet") if (entry := read(name))]
    if not entries:
        return
    yield "## Colour pictures of 64x64"
    yield (
        "The generic `vae` recipe on pictures from a zip, a tenth of them held out (for Tiny ImageNet its validation "
        "pictures). The bound is of a density over grey levels in [0, 1], so it is positive. No published figure is of "
        "this protocol."
    )
    rows = []
    for entry in entries:
        figures = entry["evaluation"]["figures"]
        alive = alive_of(figures)
        error, elbo = f"{figures['squared_error']:.1f}", f"{figures['elbo']:,.0f}"
        rows.append((f"`{entry['command']}`", f"{entry['train_count']:,}", error, elbo, alive, took(entry)))
    head = ("run", "pictures", "squared error a picture", "ELBO, nats", "numbers alive", "training took")
    yield table(head, rows)
    yield machine(entries[0]["machine"])


def resuming() -> Iterable[str]:
    """The kill test's own words."""
    if (result := read("kills")) is not None:
        yield "## Killed and resumed"
        yield (
            f"`{result['command']}`: a training in processes that are killed with SIGKILL at random moments, each "
            "writing its state after every step, against one that nothing disturbed."
        )
        yield f"> {result['printed']}"


if __name__ == "__main__":
    main()
