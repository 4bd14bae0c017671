"""Samples on a device, and the batch of a step: a gather by index, a cast, and what the recipe does in the step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..condition import NOTHING, Condition
from ..options.data import DataOptions
from ..ranks import ALONE, Ranks
from ..rng import Draws
from .samples import Samples, as_floats
from .windows import moved, random_patches

RESIDENT_SHARE = 0.5
"""A set is moved to a GPU whole if it takes less than this share of its free memory."""


@dataclass(frozen=True)
class Batch:
    """What a loss sees: this process's rows of a global batch, and the noise that belongs to it.

    Attributes:
        images: in [0, 1].
        condition: what is known of each sample; a model is given what of it it takes.
        draws: the noise of the global batch.
        ranks: the processes that share the global batch.
        training: whether the loss is trained on, or only evaluated.
        indices: the place of each sample in its set; `None` where the images are of none.
    """

    images: Float[Tensor, "batch channels *spatial"]
    condition: Condition = NOTHING
    draws: Draws | None = None
    ranks: Ranks = ALONE
    training: bool = True
    indices: Int[Tensor, " batch"] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> Int[Tensor, " batch"] | None:
        return self.condition.labels

    def normal(self, *shape: int) -> Float[Tensor, "batch ..."]:
        """Standard normal numbers, of this shape for each sample."""
        return self._draws.normal(*shape)

    def uniform(self, *shape: int) -> Float[Tensor, "batch ..."]:
        """Uniform numbers in [0, 1), of this shape for each sample."""
        return self._draws.uniform(*shape)

    def integers(self, low: int, high: int, *shape: int) -> Int[Tensor, "batch ..."]:
        """Whole numbers from `low` up to but not including `high`, of this shape for each sample."""
        return self._draws.integers(low, high, *shape)

    def mean(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "*shape"]:
        """The mean over the global batch; differentiable."""
        return self.ranks.sum(x.sum(0)) / self._draws.size

    def share(self, x: Float[Tensor, " batch"]) -> Float[Tensor, ""]:
        """What these rows add to the mean over the global batch."""
        return x.sum() / self._draws.size

    @property
    def _draws(self) -> Draws:
        assert self.draws is not None, "this batch brings no noise"
        return self.draws


@runtime_checkable
class BatchSource(Protocol):
    """Where a step takes its batch from: an array in memory, a memory-map, a table, a stream."""

    device: torch.device

    def __len__(self) -> int: ...

    def prepared(
        self, indices: Int[np.ndarray, " batch"], draws: Draws, *, ranks: Ranks = ALONE, training: bool = True
    ) -> Batch:
        """These samples as a step sees them, with what is random about it from the draws."""
        ...


class Batches:
    """The samples of a set, ready to be gathered on a device.

    Attributes:
        names: file name of each sample, or empty.
    """

    def __init__(self, data: Samples, device: torch.device, options: DataOptions) -> None:
        self.device, self.options = device, options
        self.names, self.value_range = data.names, data.value_range
        self.resident = device.type != "cuda" or data.images.nbytes < RESIDENT_SHARE * torch.cuda.mem_get_info()[0]
        self.images = torch.from_numpy(np.ascontiguousarray(data.images))
        labels = None if data.labels is None else torch.from_numpy(data.labels.astype(np.int64))
        images = None if data.conditions is None else torch.from_numpy(np.ascontiguousarray(data.conditions))
        self.labels, self.conditions = labels, images
        if self.resident:
            self.images = self.images.to(device)
            self.labels, self.conditions = (None if part is None else part.to(device) for part in (labels, images))

    def __len__(self) -> int:
        return len(self.images)

    def gather(self, indices: Int[np.ndarray, " batch"] | Int[Tensor, " batch"]) -> Batch:
        """These samples as they are, without noise. Indices that lie on the device already must find the samples
        there.
        """
        index = indices if isinstance(indices, Tensor) else torch.from_numpy(np.ascontiguousarray(indices))
        if self.resident:
            index = index.to(self.device)
        images, labels, conditions = (
            None if part is None else part.index_select(0, index).to(self.device, non_blocking=True)
            for part in (self.images, self.labels, self.conditions)
        )
        assert images is not None
        condition = Condition(labels, None if conditions is None else as_floats(conditions))
        place = index.to(self.device, non_blocking=True)
        return Batch(as_floats(images, self.value_range), condition, indices=place)

    def prepared(
        self,
        indices: Int[np.ndarray, " batch"] | Int[Tensor, " batch"],
        draws: Draws,
        *,
        ranks: Ranks = ALONE,
        training: bool = True,
    ) -> Batch:
        """These samples as a step sees them, with what is random about it from the draws."""
        batch = self.gather(indices)
        images = batch.images
        if self.options.patch.resample:
            images = random_patches(images, self.options.patch, draws)
        if self.options.moves:
            images = moved(images, self.options, draws)
        if self.options.flip:
            mirrored = draws.uniform() < 0.5
            images = torch.where(mirrored.view(-1, *(1,) * (images.ndim - 1)), images.flip(-1), images)
        if self.options.binarize == "dynamic":
            images = (draws.uniform(*images.shape[1:]) < images).float()
        return replace(batch, images=images, draws=draws, ranks=ranks, training=training)
