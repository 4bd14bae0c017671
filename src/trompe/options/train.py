"""How a model is trained and evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Lt

from .numbers import Count, Natural, NonNegative, Positive, Precision, Strict


@dataclass(frozen=True)
class TrainOptions(Strict):
    """How long, how fast, and what is written meanwhile."""

    steps: Natural = 5000
    """Steps in all; a larger number extends a finished run."""
    batch: Count = 128
    """Pictures per step."""
    optimiser: Literal["adam", "muon"] = "adam"
    """`muon` makes more of each step of a deep network, and takes longer over it."""
    learning_rate: Positive = 1e-3
    """At its highest."""
    schedule: Literal["constant", "cosine"] = "constant"
    """`cosine` takes the learning rate down to a hundredth at `decay_steps`; a run to be extended is best constant."""
    decay_steps: Count | None = None
    """By default `steps`, as they were when the run was made."""
    rate_warmup: Natural = 0
    """Steps over which the learning rate rises from 0."""
    weight_decay: NonNegative = 0.0
    """Pull of all weights towards zero, times the learning rate."""
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of Adam's mean of gradients."""
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    """Of Adam's mean of squared gradients."""
    clip: NonNegative = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    ema: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Decay of the moving average of the weights, which is what is used afterwards; 0 for none."""
    precision: Precision | None = None
    """Of matrix products and convolutions; by default bfloat16 where the machine has units for it."""
    seed: Natural = 0
    """Of everything random: weights, order, noise."""
    log_every: Count = 100
    """Steps between lines of the log."""
    evaluate_every: Natural = 1000
    """Steps between evaluations of the loss on test pictures; 0 for none."""
    sample_every: Natural = 500
    """Steps between pictures of progress; 0 for none."""
    snapshots: tuple[Natural, ...] = ()
    """Steps whose weights and pictures are kept."""
    checkpoint_seconds: NonNegative = 60.0
    """Seconds of work that a power cut may cost."""


@dataclass(frozen=True)
class EvaluateOptions(Strict):
    """How `trompe evaluate` measures, where its flags do not say otherwise."""

    codes: Count = 100
    """Codes per picture of the importance-weighted bound."""
    samples: Count = 10_000
    """Samples that are compared with data."""
