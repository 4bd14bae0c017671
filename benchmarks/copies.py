"""What the memorization measure finds of generators that are known to copy, or not to, on CIFAR-10.

    python benchmarks/copies.py --out docs/results/copies.json

The training set is cut in two: some images serve as a model's training set, others, which it never saw, as the samples
of an honest model. Held-out images are of the test set. In pixels, and for fewer images in the FID network's features,
which are drawn once and kept in the cache.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from reporting import command, conditions, write

import trompe
from trompe.data.samples import Samples
from trompe.measures import opened
from trompe.measures.features import extract
from trompe.measures.memorization import ExactCopies, Memorization, exact_copies, memorization
from trompe.rng import Stream, numpy_generator

SETTINGS = (("pixels", 40_000, 10_000, 5000), ("inception", 5000, 5000, 1000))
"""Features, images trained on, held-out images, and samples."""


def generators(trained: np.ndarray, unseen: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Samples of each: honest ones, and copies of single training images."""
    random = numpy_generator(0, Stream.SAMPLE)
    chosen = trained[random.integers(0, len(trained), count)]
    noisy = (chosen + random.normal(0, 10, chosen.shape)).clip(0, 255).astype(np.uint8)
    return {
        "honest": unseen[:count],
        "replays": chosen,
        "replays, with noise of 10 levels": noisy,
        "replays, shifted by a pixel": np.roll(chosen, 1, 3),
        "replays, mirrored": np.ascontiguousarray(chosen[..., ::-1]),
        "honest, one in ten replayed": np.concatenate([unseen[: count - count // 10], chosen[: count // 10]]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    machine = conditions()
    train, test = (trompe.load_data(f"cifar10:{split}") for split in ("train", "test"))
    rows = []
    for features, trained, held_out, count in SETTINGS:
        space = opened(features)
        known, unseen = train.take(slice(0, trained)), train.images[trained : trained + count]
        theirs = [extract(space, part, keep=True).vectors for part in (known, test.take(slice(0, held_out)))]
        for name, images in generators(known.images, unseen, count).items():
            began = time.perf_counter()
            samples = extract(space, Samples(images, name), keep=True).vectors
            found = memorization(samples, *theirs)
            exact = exact_copies(images, known.images, test.images[:held_out])
            sizes = {"samples": count, "trained_on": trained, "held_out": held_out}
            rows.append({"generator": name, "features": features, **sizes, **values_of(found, exact)})
            rows[-1]["seconds"] = round(time.perf_counter() - began, 1)
            print(json.dumps(rows[-1]), flush=True)
    if arguments.out:
        write(arguments.out, {"command": command(), "machine": machine, "rows": rows})


def values_of(found: Memorization, exact: ExactCopies) -> dict[str, float]:
    """By the names that `trompe evaluate` gives them."""
    return {
        "memorization_rate": found.memorization_rate,
        "memorization_standard_error": found.memorization_standard_error,
        "near_copy_rate": found.near_copy_rate,
        "near_copy_standard_error": found.near_copy_standard_error,
        "distance_ratio": found.distance_ratio,
        "copies": found.copies or exact.copies,
        "exact_copies": exact.exact_copies,
    }


if __name__ == "__main__":
    main()
