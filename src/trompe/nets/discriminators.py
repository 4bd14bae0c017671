"""Discriminators: networks that give a logit of images, latents or both, positive where they look real."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..condition import NOTHING, Condition
from .layers import Encoder, Images, Latents, class_vectors, with_class

JOINT = 512
"""Units of each layer of images and latents together, and of each of latents alone."""

Logits = Float[Tensor, " batch"]


class Discriminator(nn.Module, ABC):
    """Called with what it `sees`, in that order, and a condition."""

    sees: ClassVar[tuple[str, ...]]


class ImageDiscriminator(Discriminator):
    """A discriminator of images: an encoder of one output. Where it is class-conditional (a projection discriminator,
    Miyato & Koyama 2018), the inner product of the last features and a learned vector of the class is added.
    """

    sees = ("images",)

    def __init__(self, body: Encoder, classes: int = 0) -> None:
        super().__init__()
        self.body = body
        self.classes = None if classes == 0 else class_vectors(classes, body.width)

    def forward(self, images: Images, condition: Condition = NOTHING) -> Logits:
        layers = self.body.features(images)
        logits = layers[-1].squeeze(1)
        return logits if self.classes is None else logits + (self.classes(condition.labels) * layers[-2]).sum(1)

    def features(self, images: Images) -> Float[Tensor, "batch width"]:
        """The last features, from which the logit is computed."""
        return self.body.features(images)[-2]


class PairDiscriminator(Discriminator):
    """A discriminator of pairs of image and latent: two further layers see the image's features and the latent."""

    sees = ("images", "latents")

    def __init__(self, body: Encoder, latent: int) -> None:
        super().__init__()
        self.body = body
        self.of_latent = nn.Linear(latent, JOINT)
        self.joint = nn.Linear(JOINT, JOINT)
        self.head = nn.Linear(JOINT, 1)

    def forward(self, images: Images, latents: Latents, condition: Condition = NOTHING) -> Logits:
        together = F.leaky_relu(self.body(images, condition) + self.of_latent(latents), 0.2)
        return self.head(F.leaky_relu(self.joint(together), 0.2)).squeeze(1)


class LatentDiscriminator(Discriminator):
    """A discriminator of latents."""

    sees = ("latents",)

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

    def forward(self, latents: Latents, condition: Condition = NOTHING) -> Logits:
        return self.layers(with_class(latents, condition, self.num_classes)).squeeze(1)


def make_spectral(network: nn.Module) -> None:
    """Spectral normalization: each weight divided by its largest singular value (Miyato et al. 2018), estimated by a
    power iteration that continues with each batch.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Embedding | nn.modules.conv._ConvNd):
            if (
                not module.weight.is_meta and not module.weight.any()
            ):  # a block that starts as the identity: zero has no largest singular value
                nn.init.normal_(module.weight)
            nn.utils.parametrizations.spectral_norm(module)
