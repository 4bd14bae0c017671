"""What a family of models is: options, networks, phases, and the checks its options must pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeVar

from ..options.names import LikelihoodName, PosteriorName, PriorName
from ..options.nets import NetsOptions
from ..options.numbers import Strict
from ..registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from ..core.model import Model
    from ..core.phases import Phase
    from ..data.samples import Format, Samples
    from ..recipes.tree import Recipe


class Family(Strict, ABC):
    """A family is one frozen dataclass. Its fields are flags of the command line and keys of the record; their
    docstrings are the help. Nothing here may import torch before it is called.

    Attributes:
        kind: the family's name in records.
        title: the same in words.
        encodes: whether its models have an encoder.
        discriminator_sees: `images`, `latents` or both, where its models have a discriminator.
        takes_condition_images: whether its networks are given the image that each sample comes with.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    encodes: ClassVar[bool] = True
    discriminator_sees: ClassVar[tuple[str, ...]] = ()
    takes_condition_images: ClassVar[bool] = False

    # what its models are: a field, or a class variable

    @property
    @abstractmethod
    def likelihood(self) -> LikelihoodName: ...

    @property
    @abstractmethod
    def posterior(self) -> PosteriorName: ...

    @property
    @abstractmethod
    def prior(self) -> PriorName | None: ...

    def networks(self, nets: NetsOptions, data: Format) -> dict[str, nn.Module]:
        """The networks of a model for this data, by their slots; by default those that the attributes say."""
        from ..nets.build import networks

        return networks(
            nets,
            data,
            posterior=self.posterior,
            encodes=self.encodes,
            discriminator_sees=self.discriminator_sees,
            classifies=self.learns_labels,
        )

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """What is trained, with which loss, and when."""

    @property
    def learns_labels(self) -> bool:
        """Whether it trains a classifier."""
        return False

    def latent_shape(self, nets: NetsOptions, data: Format) -> tuple[int, ...]:
        """The shape of a latent; by default a vector."""
        return (nets.latent,)

    def input_shape(self, data: Format) -> tuple[int, ...]:
        """The shape of what the encoder takes; by default the samples'."""
        return data.shape

    def check(self, recipe: Recipe) -> None:
        """Raise a `TrompeError` where these options do not fit each other, or the rest of the recipe."""

    def resolved(self, recipe: Recipe, count: int) -> Family:
        """These options with what they leave open decided, for this many training samples.

        Raises:
            TrompeError: they do not fit that many.
        """
        return self

    def fit(self, model: Model, data: Samples) -> None:
        """Set what of a new model is a function of its training data."""


FamilyClass = TypeVar("FamilyClass", bound=type[Family])
FAMILIES: Registry[type[Family]] = Registry("family", "trompe recipes", "families")


def family(cls: FamilyClass) -> FamilyClass:
    """Register a family under its `kind`."""
    FAMILIES.add(cls.kind, cls)
    return cls
