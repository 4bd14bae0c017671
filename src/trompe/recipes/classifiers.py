"""Recipes of plain classifiers."""

from __future__ import annotations

from ..families import Classifier
from ..options.data import DataOptions
from ..options.nets import MLPOptions
from ..options.train import TrainOptions
from .table import Figure, named
from .tree import Recipe


@named(
    Figure("classification_error", 0.014, "on the test set"),
    command="trompe train classifier-mnist --out runs/classifier && trompe evaluate runs/classifier",
    cost="a minute",
)
def classifier_mnist() -> Recipe:
    """A plain classifier of MNIST: two hidden layers, and as many parameters as `cvae-mnist` has in all."""
    return Recipe(
        data=DataOptions("mnist"),
        nets=MLPOptions(widths=(594,), latent=594, linear_latent=False),
        family=Classifier(),
        train=TrainOptions(schedule="cosine", steps=6000, batch=100, sample_every=0),
    )
