"""How many digits trompe's measures share with independent implementations, on the same features of real images.

    python benchmarks/agreement.py --out docs/results/agreement.json

Features are the FID network's, of the first training images of CIFAR-10 against the test images; they are drawn
once and kept in the cache. The peers come with the development set-up: scipy, torchmetrics, prdc, scikit-image. The
Frechet distance is also timed against the matrix square root, in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.linalg
import torch
from prdc import compute_prdc
from reporting import command, conditions, write
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

import trompe
from trompe.measures import reconstruction
from trompe.measures.distances import frechet_distance, precision_recall, unbiased_discrepancy
from trompe.measures.features import extract
from trompe.measures.moments import Moments, moments_of
from trompe.measures.networks import opened

ROUNDS = 5
SINGULAR = "FID, singular covariance"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000, help="images of each set")
    parser.add_argument("--compared", type=int, default=3000, help="of them for measures that compare all pairs")
    parser.add_argument("--features", default="inception")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    machine = conditions()
    space = opened(arguments.features)
    sets = [trompe.load_data(f"cifar10:{split}").take(slice(0, arguments.images)) for split in ("train", "test")]
    samples, data = (extract(space, one, keep=True).vectors for one in sets)
    rows = [
        *frechet(samples, data),
        *pairs(samples[: arguments.compared], data[: arguments.compared]),
        *similarities(sets[0].images_as_floats()[:50], sets[1].images_as_floats()[:50]),
    ]
    for row in rows:
        print(
            f"{row['measure']:22} {row['peer']:34} {row['ours']:.12g} {row['theirs']:.12g} {row['digits']:.1f} digits"
        )
    entry = {
        "command": command(),
        "machine": machine,
        "rows": rows,
        "frechet": timed(moments_of(samples), moments_of(data)),
    }
    print(json.dumps(entry["frechet"]))
    if arguments.out:
        write(arguments.out, entry)


def row(measure: str, peer: str, ours: float, theirs: float) -> dict[str, object]:
    """Both values, and the number of digits that they share: 16 is all of float64."""
    apart = abs(ours - theirs) / max(abs(theirs), 1e-300)
    return {
        "measure": measure,
        "peer": peer,
        "ours": ours,
        "theirs": theirs,
        "digits": min(16.0, -math.log10(apart)) if apart else 16.0,
    }


def frechet(samples: np.ndarray, data: np.ndarray) -> list[dict[str, object]]:
    first, second = moments_of(samples), moments_of(data)
    few = moments_of(samples[:1000])  # fewer images than features: a singular covariance
    rows = []
    for name, one in (("FID", first), (SINGULAR, few)):
        ours = frechet_distance(one, second)
        rows.append(row(name, "scipy.linalg.sqrtm", ours, by_matrix_root(one, second)))
        tensors = [torch.from_numpy(part) for m in (one, second) for part in (m.mean, m.covariance)]
        rows.append(row(name, "torchmetrics", ours, float(_compute_fid(*tensors))))
    exact = by_singular_values(samples[:1000], data)
    return [*rows, row(SINGULAR, "singular values of the features", frechet_distance(few, second), exact)]


def by_singular_values(samples: np.ndarray, data: np.ndarray) -> float:
    """Without any covariance: the trace is the nuclear norm of the product of the centered features."""
    centered = [(one - one.mean(0, dtype=np.float64)) / math.sqrt(len(one) - 1) for one in (samples, data)]
    common = scipy.linalg.svdvals(centered[0] @ centered[1].T).sum()
    apart = np.square(samples.mean(0, dtype=np.float64) - data.mean(0, dtype=np.float64)).sum()
    return float(apart + sum(np.square(one).sum() for one in centered) - 2 * common)


def by_matrix_root(first: Moments, second: Moments) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns where a matrix is singular
        root = scipy.linalg.sqrtm(first.covariance @ second.covariance)
    apart = np.square(first.mean - second.mean).sum()
    return float(apart + np.trace(first.covariance + second.covariance) - 2 * np.trace(root).real)


def pairs(samples: np.ndarray, data: np.ndarray) -> list[dict[str, object]]:
    left, right = samples[:1000].astype(np.float64), data[:1000].astype(np.float64)
    peer = float(poly_mmd(torch.from_numpy(left), torch.from_numpy(right)))
    rows = [row("KID, one block", "torchmetrics", unbiased_discrepancy(left, right), peer)]
    ours = precision_recall(data, samples)
    theirs = compute_prdc(data.astype(np.float64), samples.astype(np.float64), nearest_k=5)
    return rows + [row(name, "prdc", getattr(ours, name), float(value)) for name, value in theirs.items()]


def similarities(images: torch.Tensor, others: torch.Tensor) -> list[dict[str, object]]:
    images, others = images.double(), (0.7 * images + 0.3 * others).double()
    settings = {
        "channel_axis": 0,
        "data_range": 1,
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
    }
    arrays = list(zip(images.numpy(), others.numpy(), strict=True))
    ssim = float(reconstruction.structural_similarity(images, others).mean())
    psnr = float(reconstruction.peak_signal_to_noise(images, others).mean())
    peer = float(structural_similarity_index_measure(others, images, data_range=1.0))
    return [
        row("SSIM", "scikit-image", ssim, float(np.mean([structural_similarity(*one, **settings) for one in arrays]))),
        row("SSIM", "torchmetrics (mirrors borders)", ssim, peer),
        row(
            "PSNR",
            "scikit-image",
            psnr,
            float(np.mean([peak_signal_noise_ratio(*one, data_range=1) for one in arrays])),
        ),
    ]


def timed(first: Moments, second: Moments) -> dict[str, float]:
    """Medians over rounds in which the two take turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: frechet_distance(first, second)))
        theirs.append(seconds(lambda: by_matrix_root(first, second)))
    return {"seconds": float(np.median(ours)), "sqrtm_seconds": float(np.median(theirs)), "rounds": ROUNDS}


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
