"""Principal component analysis as a model: the best linear autoencoder there is (Baldi & Hornik 1989), in closed form.

It has no phases. `fit` sets the one linear layer of each network from the training pictures when a run is made.
"""

from __future__ import annotations

import torch

from ..data.arrays import ImageData
from ..data.batches import as_floats
from ..errors import TrompeError
from ..model import Model
from ..nets import linear_of
from ..options import PCAOptions
from ..phases import Phase
from .stacked import networks

MOST_NUMBERS = 2**29
"""At most so many numbers are analysed; of a larger set, pictures evenly spread over it."""


def phases(options: PCAOptions) -> tuple[Phase, ...]:
    return ()


@torch.no_grad()
def fit(model: Model, options: PCAOptions, data: ImageData) -> None:
    """Scikit-learn's analysis of the pictures, standardised as the networks see them, written into their one layer."""
    from sklearn.decomposition import PCA

    encoder, decoder = networks(model)
    most = min(len(data), data.images[0].size)
    if model.latent > most:
        raise TrompeError(
            f"{len(data)} pictures of {data.images[0].size} numbers have no {model.latent} principal components",
            hint=f"give `--nets.latent` at most {most}",
        )
    every = -(-data.images.size // MOST_NUMBERS)
    rows = torch.cat([encoder.inputs(part) for part in as_floats(torch.from_numpy(data.images[::every])).split(4096)])
    components = torch.from_numpy(PCA(model.latent, random_state=0).fit(rows.numpy()).components_)
    for layer, weight in ((encoder.layers[0], components), (decoder.layers[0], components.T)):
        linear = linear_of(layer)
        linear.weight.copy_(weight)
        linear.bias.zero_()
