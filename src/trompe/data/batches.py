"""Pictures on a device, and the batch of a step: a gather by index, a cast, and what the recipe does in the step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..options import DataOptions
from .arrays import ImageData
from .windows import moved, random_patches

RESIDENT_SHARE = 0.5
"""A set is moved to a GPU whole if it takes less than this share of its free memory."""


@dataclass(frozen=True)
class Batch:
    """What a loss sees: pictures in [0, 1] and, for a model that is told or learns them, their labels."""

    images: Float[Tensor, "batch channels *spatial"]
    labels: Int[Tensor, " batch"] | None = None


class BatchSource(Protocol):
    """What a step takes its batch from."""

    device: torch.device

    def prepared(self, indices: Int[np.ndarray, " batch"]) -> Batch: ...


class Batches:
    """The pictures of a set, ready to be gathered on a device."""

    def __init__(self, data: ImageData, device: torch.device, options: DataOptions, *, labelled: bool) -> None:
        self.device = device
        self.options = options
        self.resident = device.type != "cuda" or data.images.nbytes < RESIDENT_SHARE * torch.cuda.mem_get_info()[0]
        self.images = torch.from_numpy(np.ascontiguousarray(data.images))
        self.labels = torch.from_numpy(data.labels.astype(np.int64)) if labelled and data.labels is not None else None
        if self.resident:
            self.images = self.images.to(device)
            self.labels = None if self.labels is None else self.labels.to(device)

    def gather(self, indices: Int[np.ndarray, " batch"]) -> Batch:
        """These pictures as they are, without noise."""
        index = torch.from_numpy(np.ascontiguousarray(indices))
        if self.resident:
            index = index.to(self.device)
        images = self.images.index_select(0, index).to(self.device, non_blocking=True)
        labels = None if self.labels is None else self.labels.index_select(0, index).to(self.device)
        return Batch(as_floats(images), labels)

    def prepared(self, indices: Int[np.ndarray, " batch"]) -> Batch:
        """These pictures as a step sees them; what is random is drawn from the global generator, which the step has
        seeded.
        """
        batch = self.gather(indices)
        images = batch.images
        if self.options.patch.fresh:
            images = random_patches(images, self.options.patch)
        if self.options.moves:
            images = moved(images, self.options)
        if self.options.flip:
            mirrored = torch.rand(len(images), device=self.device) < 0.5
            images = torch.where(mirrored.view(-1, *(1,) * (images.ndim - 1)), images.flip(-1), images)
        if self.options.binarise == "dynamic":
            images = (torch.rand_like(images) < images).float()
        return Batch(images, batch.labels)


def as_floats(images: Tensor) -> Float[Tensor, "batch channels *spatial"]:
    """uint8 levels to [0, 1]."""
    return images.float().div_(255)
