"""What the look for copies finds, of generators whose honesty is known, on CIFAR-10.

    python benchmarks/copies.py --out docs/results/copies.json

The training set is cut in two: some pictures serve as what a model was trained on, others, which it never saw, as the
samples of an honest one. Held-out pictures are of the test set. In pixels, and in fewer pictures in the FID network's
features, which are drawn once and kept.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from reporting import conditions

import trompe
from trompe.data.arrays import ImageData
from trompe.measures import opened
from trompe.measures.features import extract
from trompe.measures.memorisation import exact_copies, memorisation
from trompe.rng import Stream, numpy_generator


def generators(trained: np.ndarray, unseen: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Samples of each: honest ones, and those that owe themselves to single training pictures."""
    random = numpy_generator(0, Stream.SAMPLE)
    chosen = trained[random.integers(0, len(trained), count)]
    noisy = (chosen + random.normal(0, 10, chosen.shape)).clip(0, 255).astype(np.uint8)
    return {
        "honest": unseen[:count],
        "replays": chosen,
        "replays, with noise of 10 levels": noisy,
        "replays, moved by a pixel": np.roll(chosen, 1, 3),
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
    for features, trained, held_out, count in (("pixels", 40_000, 10_000, 5000), ("inception", 5000, 5000, 1000)):
        space = opened(features)
        known, unseen = train.take(slice(0, trained)), train.images[trained : trained + count]
        theirs = [extract(space, part, keep=True).vectors for part in (known, test.take(slice(0, held_out)))]
        for name, images in generators(known.images, unseen, count).items():
            began = time.perf_counter()
            samples = extract(space, ImageData(images, name), keep=True).vectors
            found = memorisation(samples, *theirs)
            figures = {key: value for key, value in asdict(found).items() if isinstance(value, float)}
            exact = exact_copies(images, known.images, test.images[:held_out])
            figures |= {"copies": found.copies or exact.copies, "exact_copies": exact.samples}
            sizes = {"samples": count, "trained_on": trained, "held_out": held_out}
            rows.append({"generator": name, "features": features, **sizes, **figures})
            rows[-1]["seconds"] = round(time.perf_counter() - began, 1)
            print(json.dumps(rows[-1]), flush=True)
    if arguments.out:
        entry = {"command": "python benchmarks/copies.py", "machine": machine, "rows": rows}
        arguments.out.write_text(json.dumps(entry, indent=2) + "\n")


if __name__ == "__main__":
    main()
