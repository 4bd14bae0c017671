"""Principal component analysis as a model: the best linear autoencoder there is (Baldi & Hornik 1989), in closed form.

It has no phases. `fit` sets the one linear layer of each network from the training images when a run is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName
from ..options.nets import MLPOptions
from .base import Family, family

if TYPE_CHECKING:
    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.samples import Samples
    from ..recipes.tree import Recipe

MOST_VALUES = 2**29
"""At most this many values are analyzed; of a larger set, images evenly spread over it."""


@family
@dataclass(frozen=True)
class PCA(Family):
    """Principal component analysis: fitted when the run is made, not trained."""

    kind: ClassVar[str] = "pca"
    title: ClassVar[str] = "principal component analysis"
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None
    likelihood: ClassVar[LikelihoodName] = "linear"

    def phases(self) -> tuple[Phase, ...]:
        return ()

    def check(self, recipe: Recipe) -> None:
        nets, data = recipe.nets, recipe.data
        if nets != MLPOptions(widths=(), latent=nets.latent, standardize=True):
            raise TrompeError("PCA has one linear layer to the latent and one back", hint="change only `--nets.latent`")
        if recipe.train.steps:
            raise TrompeError("PCA is fitted, not trained", hint="leave `--train.steps` at 0")
        if data.flip or data.moves or data.binarize != "no":
            raise TrompeError("PCA has no steps in which images could be augmented", hint="leave those options out")

    def fit(self, model: Model, data: Samples) -> None:
        """Scikit-learn's analysis of the images, standardized as networks see them, written into their one layer."""
        import torch
        from sklearn.decomposition import PCA as Analysis

        from ..data.samples import as_floats
        from ..nets.mlp import linear_of

        latent = model.latent_shape[0]
        most = min(len(data), data.images[0].size)
        if latent > most:
            raise TrompeError(
                f"{len(data)} images of {data.images[0].size} values have no {latent} principal components",
                hint=f"give `--nets.latent` at most {most}",
            )
        encoder, decoder = model.network("encoder"), model.network("decoder")
        every = -(-data.images.size // MOST_VALUES)
        images = torch.from_numpy(data.images[::every])
        with torch.no_grad():
            rows = torch.cat([encoder.inputs(as_floats(part, data.value_range)) for part in images.split(4096)])
            components = torch.from_numpy(Analysis(latent, random_state=0).fit(rows.numpy()).components_)
            for layer, weight in ((encoder.layers[0], components), (decoder.layers[0], components.T)):
                linear = linear_of(layer)
                linear.weight.copy_(weight)
                linear.bias.zero_()
