"""Plain classifiers: an encoder and a linear layer to the classes. A discriminative model, and no more than that: it
gives p(y | x), and has neither a decoder nor a distribution of images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import TrompeError
from ..options.names import LikelihoodName, PosteriorName
from ..options.nets import NetsOptions
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.batches import Batch
    from ..data.samples import Format
    from ..recipes.tree import Recipe


@family
@dataclass(frozen=True)
class Classifier(Family):
    """A classifier of images, trained on their labels alone."""

    kind: ClassVar[str] = "classifier"
    title: ClassVar[str] = "plain classifier"
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None
    likelihood: ClassVar[LikelihoodName] = "linear"  # of a decoder, of which it has none

    @property
    def learns_labels(self) -> bool:
        return True

    def networks(self, nets: NetsOptions, data: Format) -> dict[str, nn.Module]:
        from torch import nn

        from ..nets.build import body

        return {"encoder": body(nets, data, nets.latent), "classifier": nn.Linear(nets.latent, data.num_classes)}

    def phases(self) -> tuple[Phase, ...]:
        import torch.nn.functional as F

        from ..core.phases import Phase, constant

        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            assert batch.labels is not None, "a classifier needs labels"
            logits = model.class_logits(model.encode(batch.images))
            return {"cross_entropy": F.cross_entropy(logits, batch.labels, reduction="none")}

        return (Phase("classifier", ("encoder", "classifier"), loss, variant=constant),)

    def check(self, recipe: Recipe) -> None:
        if recipe.nets.conditional:
            raise TrompeError(
                "a classifier that is conditioned on the class is given the answer",
                hint="leave `--nets.conditional` out",
            )
        if recipe.nets.norm == "decoder":
            raise TrompeError("a classifier has no decoder to normalize", hint="use `--nets.norm batch`")
