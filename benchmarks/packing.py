"""Packing of a zip or folder of images, in images/s: trompe against a plain loop over PIL.

Both decode every image and scale it to cover a square, cropped around its center. trompe starts each time from an
empty cache; besides decoding it reads every header first, reads orientation tags, hashes, and writes the pack. The
loop has one thread and keeps nothing: once as it is usually written, and once with PIL's `draft`, which lets JPEG
decode at a half, quarter or eighth as trompe does. The contenders take turns, the values are medians over the
rounds, and a ratio is taken within each round first. Packing once before brings the files into the disk cache.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from unittest import mock

import numpy as np
from PIL import Image, ImageOps
from reporting import conditions, note, paired_ratio, report

from trompe.data.load import load_splits
from trompe.data.samples import Splits
from trompe.data.sources.files import Collection, collection


def main() -> None:
    arguments = parsed()
    before = conditions()
    images = collection(arguments.path)
    channels = packed(arguments.path, arguments.size).train.image_shape[0]
    mode = "L" if channels == 1 else "RGB"
    contenders: dict[str, Callable[[], object]] = {
        "trompe": partial(packed, arguments.path, arguments.size),
        "PIL": partial(decode_all, images, arguments.size, mode, draft=False),
        "PIL, draft": partial(decode_all, images, arguments.size, mode, draft=True),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(arguments.rounds):
        for name, contender in contenders.items():
            began = time.perf_counter()
            contender()
            rates[name].append(len(images.names) / (time.perf_counter() - began))
        latest = ", ".join(f"{name} {every[-1]:,.0f}" for name, every in rates.items())
        note(f"round {number + 1} of {arguments.rounds}: {latest}")
    ratios = {a: {b: paired_ratio(rates[a], rates[b]) for b in rates} for a in rates}
    values = {
        "source": arguments.path.name,
        "images": len(images.names),
        "size": arguments.size,
        "rounds": arguments.rounds,
        "images_per_second": {name: median(every) for name, every in rates.items()},
        "ratio": ratios,
        "every_round": rates,
    }
    rows = [
        [name, f"{median(every):,.0f}", f"{ratios[name]['PIL']:.2f}", f"{ratios[name]['PIL, draft']:.2f}"]
        for name, every in rates.items()
    ]
    report(["", "images/s", "/ PIL", "/ PIL, draft"], rows, values, before, arguments.json)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="a zip or a folder of images")
    parser.add_argument("--size", type=int, default=64, help="height and width to scale to (default 64)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def packed(path: Path, size: int) -> Splits:
    """Pack the images into an empty cache, as a first `trompe train` on them does."""
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, TROMPE_CACHE=cache):
        return load_splits(str(path), size=size)


def decode_all(images: Collection, size: int, mode: str, *, draft: bool) -> None:
    """Decode and scale the images one after another; a broken one may raise anything, and is skipped."""
    for name in images.names:
        with suppress(Exception), images.open(name) as file, Image.open(file) as image:
            if draft:
                image.draft(mode, (2 * size, 2 * size))
            np.asarray(ImageOps.fit(image.convert(mode), (size, size), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
