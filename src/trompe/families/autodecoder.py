"""Autodecoders: a decoder with a latent for each training image, and no encoder.

Bojanowski et al. 2018, *Optimizing the latent space of generative networks*; Park et al. 2019, *DeepSDF* (the name).
They give back what they were trained on, and know no latent of any other image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName
from ..options.nets import NetsOptions
from ..options.numbers import Count, Positive
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch
    from ..data.samples import Format
    from ..recipes.tree import Recipe

INITIAL_DEVIATION = 0.01
"""Of free latents at first, as in DeepSDF: the decoder begins with the mean image, and the latents part from there."""


@family
@dataclass(frozen=True)
class Autodecoder(Family):
    """A decoder, and a table with a latent for each training image.

    Of a batch only the rows of its images have gradients. Adam still moves the others a little, by its momentum.
    """

    kind: ClassVar[str] = "autodecoder"
    title: ClassVar[str] = "autodecoder"
    encodes: ClassVar[bool] = False
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None

    likelihood: LikelihoodName = "squared-error"
    """Reconstruction loss."""
    latents: Literal["ones", "one-hot", "free"] = "free"
    """Latents of the training images: the same vector of ones for all, the i-th unit vector for the i-th image, or
    vectors optimized with the decoder."""
    latent_lr_scale: Positive = 100.0
    """Learning-rate scale of free latents, each of which has a gradient once an epoch only."""
    images: Count | None = None
    """Latents in the table; by default, and no other number is accepted, as many as there are training images."""

    def networks(self, nets: NetsOptions, data: Format) -> dict[str, nn.Module]:
        return super().networks(nets, data) | {"table": self.table(nets.latent)}

    def table(self, latent: int) -> nn.Embedding:
        """The latents of the training images, in their order; a phase trains them or does not."""
        import torch
        from torch import nn

        assert self.images is not None, "the number of latents is not resolved"
        start = {
            "ones": lambda: torch.ones(self.images, latent),
            "one-hot": lambda: torch.eye(self.images, latent),
            "free": lambda: INITIAL_DEVIATION * torch.randn(self.images, latent),
        }
        return nn.Embedding(self.images, latent, _weight=start[self.latents]())

    def phases(self) -> tuple[Phase, ...]:
        from ..core.phases import Phase, constant

        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            if not batch.training:  # there are no latents of other images
                return {}
            assert batch.indices is not None, "an autodecoder needs the place of each image in its set"
            parameters = model.decoder_parameters(model.network("table")(batch.indices), batch.condition)
            return {"reconstruction": model.likelihood.nll(parameters, batch.images)}

        decoder = Phase("decoder", ("decoder",), loss, variant=constant)
        latents = Phase("latents", ("table",), loss, lr_scale=self.latent_lr_scale, variant=constant)
        return (decoder, latents) if self.latents == "free" else (decoder,)

    def check(self, recipe: Recipe) -> None:
        data = recipe.data
        if data.flip or data.moves or data.patch.resample:
            raise TrompeError(
                "an autodecoder has one latent for each image, and augmentation makes many of each",
                hint="leave flips, rotation, scaling, translation and resampled patches out",
            )

    def resolved(self, recipe: Recipe, count: int) -> Autodecoder:
        if self.images not in (None, count):
            raise TrompeError(
                f"a table of {self.images:,} latents for {count:,} training images", hint="leave `--family.images` out"
            )
        if self.latents == "one-hot" and count > recipe.nets.latent:
            raise TrompeError(
                f"one-hot vectors of {recipe.nets.latent:,} dimensions are for as many images, and there are {count:,}",
                hint=f"give `--data.limit {recipe.nets.latent}`, or `--nets.latent {count}`",
            )
        return replace(self, images=count)
