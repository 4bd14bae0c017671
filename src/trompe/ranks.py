"""The processes that share one global batch, and what is summed over them.

A statistic over a batch (batch norm, free bits, a mean logit) is one over the global batch: whoever needs it asks
`Ranks.sum`, which a process alone answers with what it was given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class Ranks(ABC):
    """A process among those that train together."""

    rank: int
    size: int

    @abstractmethod
    def sum(self, x: Tensor) -> Tensor:
        """The sum over all ranks of what each of them gives. Differentiable: its gradient is summed likewise."""

    def __deepcopy__(self, memo: object) -> Ranks:
        return self  # a copied model trains with the same processes

    def rows(self, count: int) -> slice:
        """The rank's share of a global batch of `count`."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)


class Alone(Ranks):
    """The only process."""

    rank = 0
    size = 1

    def sum(self, x: Tensor) -> Tensor:
        return x


ALONE = Alone()
