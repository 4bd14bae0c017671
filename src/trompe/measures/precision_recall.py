"""Whether samples look like data, and whether data are covered by samples, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from ..errors import TrompeError
from .neighbours import radii, squared_distances

NEIGHBOURS = 5


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(
    data: Float[np.ndarray, "count width"],
    samples: Float[np.ndarray, "other width"],
    *,
    neighbours: int = NEIGHBOURS,
) -> PrecisionRecall:
    """Each set is taken as the balls around its members that reach to their `neighbours`-th nearest other one.

    Precision is the share of samples in the balls of the data, recall the share of data in the balls of the samples;
    density how many balls of the data a sample lies in, over `neighbours`; coverage the share of the data's balls that
    hold a sample.

    Raises:
        TrompeError: one of the sets has not that many neighbours.
    """
    if min(len(data), len(samples)) <= neighbours:
        raise TrompeError(
            f"the {neighbours}th neighbour among {min(len(data), len(samples))} pictures",
            hint=f"give more than {neighbours} on either side",
        )
    reach, others_reach = (torch.from_numpy(radii(one, neighbours)) for one in (data, samples))
    inside = torch.zeros(len(samples), dtype=torch.int64)
    recalled = covered = 0
    for rows, squares in squared_distances(data, samples):
        within = squares < reach[rows, None]
        inside += within.sum(0)
        covered += int(within.any(1).sum())
        recalled += int((squares < others_reach).any(1).sum())
    return PrecisionRecall(
        precision=float((inside > 0).double().mean()),
        recall=recalled / len(data),
        density=float(inside.double().mean()) / neighbours,
        coverage=covered / len(data),
    )


def inception_score(probabilities: Float[np.ndarray, "count classes"], splits: int = 10) -> tuple[float, float]:
    """`exp E KL(p(class | sample) | p(class))` (Salimans et al. 2016): the mean over so many parts of the samples, as
    it is quoted, and its deviation.
    """
    scores = []
    for part in np.array_split(probabilities.astype(np.float64), min(splits, len(probabilities))):
        marginal = part.mean(0)
        logs = np.log(np.maximum(part, 1e-300)) - np.log(np.maximum(marginal, 1e-300))
        scores.append(np.exp((part * logs).sum(1).mean()))
    return float(np.mean(scores)), float(np.std(scores))
