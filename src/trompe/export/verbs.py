"""The verbs of a model that can be exported, each a pure function of one tensor and of labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..condition import Condition
from ..core.model import Model
from ..runs.capabilities import LACKS
from ..runs.predictor import Predictor


@dataclass(frozen=True)
class Verb:
    """What a model does with one tensor.

    Attributes:
        takes: `images` in [0, 1], `latents`, or standard normal `noise`.
        gives: `images` in [0, 1], `latents`, `probabilities` of the classes, or `logits`, positive for real.
        run: the verb.
        requires: capabilities, as of figures and measures.
    """

    takes: str
    gives: str
    run: Callable[[Model, Tensor, Condition], Tensor]
    requires: tuple[str, ...]

    def lacks(self, predictor: Predictor) -> str | None:
        """Why a model does not have this verb, or `None`."""
        return next((reason for one in self.requires if (reason := LACKS[one](predictor))), None)

    def input_shape(self, model: Model) -> tuple[int, ...]:
        """The shape of one input."""
        return model.input_shape if self.takes == "images" else model.latent_shape


VERBS = {
    "sample": Verb("noise", "images", Model.sample, ("prior", "decoder")),
    "decode": Verb("latents", "images", Model.decode, ("decoder",)),
    "encode": Verb("images", "latents", Model.encode, ("encoder",)),
    "reconstruct": Verb("images", "images", Model.reconstruct, ("encoder", "decoder")),
    "classify": Verb("images", "probabilities", Model.classify, ("encoder", "trained classifier")),
    "discriminate": Verb("images", "logits", Model.discriminator_logits, ("discriminator of images",)),
}
