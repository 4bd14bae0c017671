"""How fast features are extracted, as a ratio to the plain use of the same network file in the same run.

    python benchmarks/extraction.py --out docs/results/extraction.json

The plain loop is what most scripts do: the TorchScript module as it is loaded, images in batches of 50, default
memory layout. Both take the same images of CIFAR-10, in turns, and their features are compared.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reporting import command, conditions, record

import trompe
from trompe.measures.features import extract
from trompe.measures.networks import Inception, loaded, weights
from trompe.measures.resizing import bilinear


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200, help="images per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    machine = conditions()
    device = torch.device("cpu")
    space, module = Inception("bilinear", device), loaded(weights(), device)
    network = module.net if hasattr(module, "net") else module
    data = trompe.load_data("cifar10:test")
    times: dict[str, list[float]] = {"trompe": [], "plain": []}
    apart = 0.0
    for turn in range(arguments.rounds + 1):  # the first warms up
        part = data.take(slice(turn * arguments.images, (turn + 1) * arguments.images))
        shifted = trompe.Samples(part.images ^ 1, "images")  # so that none of their features is in the cache
        began = time.perf_counter()
        ours = extract(space, shifted).vectors
        between = time.perf_counter()
        theirs = plain(network, shifted.images)
        ended = time.perf_counter()
        apart = max(apart, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))
        if turn:
            times["trompe"].append(between - began)
            times["plain"].append(ended - between)
    rates = {name: arguments.images / float(np.median(one)) for name, one in times.items()}
    entry = {
        "command": command(),
        "machine": machine,
        "images_per_second": rates,
        "ratio": rates["trompe"] / rates["plain"],
        "seconds_per_thousand": 1000 / rates["trompe"],
        "largest_difference": apart,
    }
    record(entry, arguments.out)


@torch.inference_mode()
def plain(network: Any, images: np.ndarray) -> np.ndarray:
    parts = []
    for start in range(0, len(images), 50):
        levels = torch.from_numpy(np.ascontiguousarray(images[start : start + 50])).float()
        parts.append(network.layers((bilinear(levels, 299) - 128) / 128).flatten(1).numpy())
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
