"""Discriminators: networks whose output is a logit, how real what they see is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from .layers import Encoder, with_label

JOINT = 512
"""Units of each layer that sees picture and code together, and of each that sees codes alone."""


class Discriminator(nn.Module, ABC):
    """From pictures, or their codes, or both (and labels) to a logit each."""

    sees_codes: ClassVar[bool] = True

    @abstractmethod
    def forward(
        self,
        images: Float[Tensor, "batch channels *spatial"],
        labels: Int[Tensor, " batch"] | None = None,
        codes: Float[Tensor, "batch latent"] | None = None,
    ) -> Float[Tensor, " batch"]: ...


class ImageDiscriminator(Discriminator):
    """Of pictures alone: an encoder of one output. Of a class-conditional model it is a projection discriminator
    (Miyato & Koyama 2018): the class has a vector of its own, whose product with the last features is added to the
    logit; a class that were only set beside them could not be compared with them.
    """

    sees_codes = False

    def __init__(self, body: Encoder, classes: int = 0) -> None:
        super().__init__()
        self.body = body
        self.classes = None if classes == 0 else nn.Embedding(classes, body.width)
        if self.classes is not None:
            nn.init.normal_(self.classes.weight, std=body.width**-0.5)

    def forward(
        self,
        images: Float[Tensor, "batch channels *spatial"],
        labels: Int[Tensor, " batch"] | None = None,
        codes: Float[Tensor, "batch latent"] | None = None,
    ) -> Float[Tensor, " batch"]:
        layers = self.body.features(images)
        logits = layers[-1].squeeze(1)
        return logits if self.classes is None else logits + (self.classes(labels) * layers[-2]).sum(1)

    def features(self, images: Float[Tensor, "batch channels *spatial"]) -> Float[Tensor, "batch width"]:
        """The last features of pictures that the logit is made of."""
        return self.body.features(images)[-2]


class PairDiscriminator(Discriminator):
    """Of pictures with their codes: what an encoder makes of a picture, and its code, meet in two further layers."""

    def __init__(self, body: Encoder, latent: int) -> None:
        super().__init__()
        self.body = body
        self.of_code = nn.Linear(latent, JOINT)
        self.joint = nn.Linear(JOINT, JOINT)
        self.head = nn.Linear(JOINT, 1)

    def forward(
        self,
        images: Float[Tensor, "batch channels *spatial"],
        labels: Int[Tensor, " batch"] | None = None,
        codes: Float[Tensor, "batch latent"] | None = None,
    ) -> Float[Tensor, " batch"]:
        assert codes is not None
        together = F.leaky_relu(self.body(images, labels) + self.of_code(codes), 0.2)
        return self.head(F.leaky_relu(self.joint(together), 0.2)).squeeze(1)


class CodeDiscriminator(Discriminator):
    """Of codes alone."""

    def __init__(self, latent: int, classes: int = 0) -> None:
        super().__init__()
        self.num_classes = classes
        self.layers = nn.Sequential(
            nn.Linear(latent + classes, JOINT),
            nn.LeakyReLU(0.2),
            nn.Linear(JOINT, JOINT),
            nn.LeakyReLU(0.2),
            nn.Linear(JOINT, 1),
        )

    def forward(
        self,
        images: Float[Tensor, "batch channels *spatial"],
        labels: Int[Tensor, " batch"] | None = None,
        codes: Float[Tensor, "batch latent"] | None = None,
    ) -> Float[Tensor, " batch"]:
        assert codes is not None
        return self.layers(with_label(codes, labels, self.num_classes)).squeeze(1)


def make_spectral(network: nn.Module) -> None:
    """Divide each weight by its largest singular value (Miyato et al. 2018), by a power iteration that goes on with
    each batch.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Embedding | nn.modules.conv._ConvNd):
            if not module.weight.any():  # a block that starts as the identity: zero has no largest singular value
                nn.init.normal_(module.weight)
            nn.utils.parametrizations.spectral_norm(module)
