"""Literal types that recipes share with the modules that read them."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "leaky-relu", "tanh", "elu", "silu", "gelu", "sigmoid"]
AugmentationName = Literal["color", "translation", "cutout"]
ColorName = Literal["auto", "gray", "rgb"]
CorruptionName = Literal["masking", "gaussian", "salt-and-pepper"]
FitName = Literal["crop", "letterbox", "stretch"]
LikelihoodName = Literal["squared-error", "linear", "bernoulli", "gaussian", "linear-gaussian", "logistic"]
NormName = Literal["none", "batch", "decoder"]
ObjectiveName = Literal["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]
PosteriorName = Literal["point", "gaussian"]
PriorName = Literal["normal", "uniform"]
ResizeName = Literal["bilinear", "antialiased", "tensorflow"]
