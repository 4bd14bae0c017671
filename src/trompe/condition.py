"""What a model is given beside the noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Condition:
    """Class labels, images (to restore, to lift to 3-D), both, or nothing; one row per sample."""

    labels: Int[Tensor, " batch"] | None = None
    images: Float[Tensor, "batch channels *space"] | None = None

    def __getitem__(self, rows: slice) -> Condition:
        return self._each(lambda part: part[rows])

    def to(self, device: torch.device) -> Condition:
        return self._each(lambda part: part.to(device))

    def repeat(self, times: int) -> Condition:
        """The whole condition `times` over, one after another."""
        return self._each(lambda part: part.repeat(times, *(1,) * (part.ndim - 1)))

    def repeat_interleave(self, times: int) -> Condition:
        """Each row `times` over."""
        return self._each(lambda part: part.repeat_interleave(times, 0))

    def _each(self, function) -> Condition:  # type: ignore[no-untyped-def]
        labels, images = (None if part is None else function(part) for part in (self.labels, self.images))
        return Condition(labels, images)


NOTHING = Condition()
