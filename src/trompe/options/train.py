"""How a model is trained and evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .numbers import Count, Natural, NonNegative, Positive, Precision, Seed, Share, Strict


@dataclass(frozen=True)
class TrainOptions(Strict):
    """How long, how fast, and what is written meanwhile."""

    steps: Natural = 5000
    """Total training steps; a larger number extends a finished run."""
    batch: Count = 128
    """Samples per step."""
    optimizer: Literal["adam", "muon"] = "adam"
    """`muon` makes more progress per step on deep networks, and takes longer over each."""
    learning_rate: Positive = 1e-3
    """Peak learning rate."""
    schedule: Literal["constant", "cosine"] = "constant"
    """`cosine` decays the learning rate to a hundredth at `decay_steps`; use `constant` for a run to be extended."""
    decay_steps: Count | None = None
    """Steps of the cosine; by default `steps` as it was when the run was made."""
    warmup: Natural = 0
    """Learning-rate warm-up steps."""
    weight_decay: NonNegative = 0.0
    """Decoupled (AdamW) weight decay."""
    beta1: Share = 0.9
    """First-moment decay of Adam."""
    beta2: Share = 0.999
    """Second-moment decay of Adam."""
    clip: NonNegative = 0.0
    """Largest gradient norm; 0 for no clipping."""
    ema: Share = 0.0
    """Decay of the exponential moving average of the weights, which is then the model used; 0 for none."""
    precision: Precision | None = None
    """Precision of matrix products and convolutions; by default bfloat16 where the hardware supports it."""
    seed: Seed = 0
    """Seed of the weights, the data order and all noise."""
    log_every: Count = 100
    """Steps between log lines."""
    evaluate_every: Natural = 1000
    """Steps between evaluations of the loss on test samples; 0 for none."""
    sample_every: Natural = 500
    """Steps between sample grids; 0 for none."""
    snapshots: tuple[Natural, ...] = ()
    """Steps at which the weights are kept."""
    checkpoint_seconds: NonNegative = 60.0
    """Seconds between checkpoints."""


@dataclass(frozen=True)
class EvaluateOptions(Strict):
    """How `trompe evaluate` measures, where its flags do not say otherwise."""

    importance_samples: Count = 100
    """Importance samples per image (K) of the IWAE bound."""
    samples: Count = 10_000
    """Generated samples compared with data."""
