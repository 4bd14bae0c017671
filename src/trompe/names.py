"""Words that recipes and the code reading them share, where neither should import the other."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "leaky-relu", "tanh", "elu", "silu", "gelu", "sigmoid"]
LikelihoodName = Literal["squared-error", "linear", "bernoulli", "gaussian", "linear-gaussian", "logistic"]
CorruptionName = Literal["masking", "gaussian", "salt-and-pepper"]
Objective = Literal["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]
NormName = Literal["none", "batch", "decoder"]
PriorName = Literal["normal", "uniform"]
PosteriorName = Literal["point", "gaussian"]
ResizeName = Literal["bilinear", "antialiased", "tensorflow"]
