"""A model ready for use on a device: its verbs over any number of samples, without a disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..condition import NOTHING, Condition
from ..core.model import Model
from ..data.samples import Format, Samples, as_floats
from ..device import pick_device
from ..errors import TrompeError
from ..options.nets import ConvOptions
from ..recipes.build import build_model
from ..recipes.tree import Recipe
from ..rng import Stream, normal
from . import tensors
from .record import Record

BATCH = 500
CONFIG = "config.json"
"""A folder with this file and weights is a model that `trompe export --safetensors` wrote."""
MOST_LATENT = 1e6
"""Larger latents are mistakes: where they are none, images say nothing of them."""
WIDE = {torch.uint16, torch.uint32, torch.uint64}
"""Types that torch can do little with."""
Labels = Sequence[int] | np.ndarray | Tensor


class Predictor:
    """A trained model.

    Images are given as a tensor or array, float in [0, 1] or uint8, of shape `(N, C, *spatial)`, or as `Samples`, and
    come back as float tensors in [0, 1] on the CPU. Everything is computed in float32, and is the same whatever is
    computed beside it.

    Attributes:
        model: with the weights to use.
        record: the recipe and the data it was trained by.
        step: training steps behind these weights.
    """

    def __init__(self, model: Model, record: Record, step: int, device: torch.device) -> None:
        self.model = model.to(device).eval().requires_grad_(False)
        self.record, self.step, self.device = record, step, device

    def __repr__(self) -> str:
        return f"<Predictor {self.recipe.name} of {self.record.data.source}, step {self.step:,}>"

    @property
    def recipe(self) -> Recipe:
        return self.record.recipe

    @property
    def format(self) -> Format:
        """Of the samples it was trained on."""
        return self.record.data.format

    # Verbs

    def sample(
        self, count: int = 64, *, seed: int = 0, labels: Labels | None = None, conditions: Any = None
    ) -> Float[Tensor, "count channels *spatial"]:
        """Images from the prior. The first of them are the same however many are sampled.

        Args:
            labels: a class for each image of a class-conditional model; by default the classes in turn.
            conditions: an image for each, where the model is conditioned on images.
        """
        if count < 1:
            raise TrompeError(f"cannot sample {count} images", hint="give a count of at least 1")
        return self._batched(self.model.sample, self.noise(count, seed), self.condition(count, labels, conditions))

    def samples(self, count: int, *, seed: int = 0) -> Samples:
        """The images of `sample` as samples are stored, however many they are."""
        images, labels = self.format.restored(self.sample(count, seed=seed)), self.condition(count).labels
        found = None if labels is None else labels.numpy()
        return samples_of(self.format, f"samples of {self.recipe.name}", images, found)

    def encode(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count *latent"]:
        """The latent of each image: the posterior's mean."""
        return self.apply(Model.encode, images, labels)

    def decode(
        self, latents: Any, labels: Labels | None = None, conditions: Any = None
    ) -> Float[Tensor, "count channels *spatial"]:
        """The image of each latent."""
        tensor = as_numbers(latents, "latents").float()
        shape = self.model.latent_shape
        if tuple(tensor.shape[1:]) != shape:
            raise TrompeError(
                f"latents of shape {tuple(tensor.shape)} for a model whose latents have {shape}",
                hint=f"give an array of shape (count, {', '.join(map(str, shape))})",
            )
        if not bool((tensor.abs() <= MOST_LATENT).all()):  # nor are these NaN
            raise TrompeError(
                f"latents from {tensor.min():g} to {tensor.max():g} have no images",
                hint=f"give finite numbers, within {MOST_LATENT:g} of zero; samples are decoded from some within 5",
            )
        return self._batched(self.model.decode, tensor, self.condition(len(tensor), labels, conditions))

    def reconstruct(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count channels *spatial"]:
        """Each image, encoded and decoded."""
        return self.apply(Model.reconstruct, images, labels)

    def classify(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count classes"]:
        """The probability of each class for each image, of a model that learned labels."""
        return self.apply(Model.classify, images, labels)

    def discriminator_logits(self, images: Any, labels: Labels | None = None) -> Float[Tensor, " count"]:
        """The discriminator's logit of each image."""
        return self.apply(Model.discriminator_logits, images, labels)

    def log_likelihood_estimate(self, images: Any, labels: Labels | None = None) -> Float[Tensor, " count"]:
        """A log-likelihood estimate of each image without noise; see `Model.log_likelihood_estimate`."""
        return self.apply(Model.log_likelihood_estimate, images, labels)

    def apply(
        self, function: Callable[[Model, Tensor, Condition], Tensor], images: Any, labels: Labels | None = None
    ) -> Tensor:
        """`function(model, images, condition)` over all images, a batch at a time; one row per image. It may take
        gradients of its own.
        """
        tensor, condition = self.prepare(images, labels)
        return self._batched(partial(function, self.model), tensor, condition)

    # What verbs take

    def prepare(self, images: Any, labels: Labels | None = None) -> tuple[Tensor, Condition]:
        """Images as every verb takes them, with the condition that this model takes, checked."""
        conditions = None
        if isinstance(images, Samples):
            labels = images.labels if labels is None else labels
            conditions = images.conditions
            if self.model.lifts and conditions is None:
                raise TrompeError(f"`{images.name}` has no images to lift", hint="give samples with `conditions`")
            whole = images.images if images.images.dtype == np.uint8 else images.images_as_floats()
            images = conditions if self.model.lifts else whole
        tensor, shape = as_levels(images, "images"), self.model.input_shape
        if tuple(tensor.shape[1:]) != shape or len(tensor) == 0:
            like = {(len(tensor), *shape[1:]): "`images[:, None]`", shape: "`images[None]`"}.get(tuple(tensor.shape))
            raise TrompeError(
                f"images of shape {tuple(tensor.shape)} for a model of {shape}",
                hint=f"{like} has the shape it takes"
                if like
                else "give (count, channels, height, width), or read files with `read_images`",
            )
        if self.model.num_classes and labels is None:
            raise TrompeError("this model is class-conditional and needs labels", hint="give a class for each image")
        return tensor, self.condition(len(tensor), labels, conditions)

    def noise(self, count: int, seed: int = 0) -> Float[Tensor, "count *latent"]:
        """Standard normal noise for `sample`."""
        return normal((count, *self.model.latent_shape), seed, Stream.SAMPLE)

    def condition(self, count: int, labels: Labels | None = None, images: Any = None) -> Condition:
        """What this model takes as a condition: the labels given, or the classes in turn; the images given."""
        return condition_of(self.model, count, labels, images)

    @torch.no_grad()
    def _batched(self, verb: Callable[..., Tensor], inputs: Tensor, condition: Condition = NOTHING) -> Tensor:
        results = []
        for start in range(0, len(inputs), BATCH):
            rows = slice(start, start + BATCH)
            part = inputs[rows].to(self.device)
            part = as_floats(part) if part.dtype == torch.uint8 else part.float()
            results.append(verb(part, condition[rows].to(self.device)).cpu())
        return torch.cat(results) if results else torch.empty(0)


def condition_of(model: Model, count: int, labels: Labels | None = None, images: Any = None) -> Condition:
    """What a model takes as a condition, checked: labels, by default the classes in turn, and images."""
    shape, classes = model.condition_shape, model.num_classes
    images = None if shape is None or images is None else as_floats(as_levels(images, "conditions"))
    if images is not None and shape is not None and tuple(images.shape) != (count, *shape):
        raise TrompeError(
            f"conditions of shape {tuple(images.shape)} for {count} samples of a model that takes {shape}",
            hint="give one image for each sample",
        )
    if classes == 0:
        return Condition(None, images)
    if labels is None:
        return Condition(torch.arange(count) % classes, images)
    tensor = as_numbers(labels, "labels")
    whole = tensor.ndim == 1 and not tensor.is_floating_point() and tensor.dtype != torch.bool
    if not whole or len(tensor) != count or not bool(((tensor >= 0) & (tensor < classes)).all()):
        raise TrompeError(
            f"{tensor.dtype} labels of shape {tuple(tensor.shape)} for {count} images of a model of {classes} classes",
            hint=f"give one label per image, a whole number from 0 to {classes - 1}",
        )
    return Condition(tensor.long(), images)


def as_numbers(values: Any, what: str) -> Tensor:
    """A tensor, or whatever is like an array of numbers, as a tensor without a gradient on the CPU.

    Raises:
        TrompeError: it is text, objects, complex numbers, or rows of unlike lengths.
    """
    try:
        if not isinstance(values, Tensor):
            array = np.ascontiguousarray(np.asarray(values))
            values = torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=not array.flags.writeable))
        if values.is_complex():
            raise TypeError("complex numbers")
        tensor = values.detach().cpu().to_dense()
        return tensor.long() if tensor.dtype in WIDE else tensor
    except (TypeError, ValueError, RuntimeError) as error:
        kind = getattr(values, "dtype", type(values).__name__)
        raise TrompeError(f"{what} of type {kind}", hint="give an array or a tensor of numbers") from error


def as_levels(values: Any, what: str) -> Tensor:
    """Images as a tensor, which is uint8 or of floats in [0, 1].

    Raises:
        TrompeError: they are of another type, or out of this range.
    """
    tensor = as_numbers(values, what)
    if len(tensor) == 0 or tensor.dtype == torch.uint8 or (tensor.is_floating_point() and _in_unit_interval(tensor)):
        return tensor
    wrong = f"{what} of {tensor.dtype} from {tensor.min():g} to {tensor.max():g}"
    raise TrompeError(wrong, hint="give float in [0, 1], or uint8")


def _in_unit_interval(tensor: Tensor) -> bool:
    return bool(tensor.min() >= 0 and tensor.max() <= 1)


def samples_of(
    data: Format, name: str, images: np.ndarray, labels: np.ndarray | None = None, conditions: np.ndarray | None = None
) -> Samples:
    """Arrays as samples of a format."""
    return Samples(images, name, labels, data.class_names, (), data.kind, data.value_range, data.unit, conditions)


def open_weights(path: Path, device: torch.device | None = None) -> Predictor:
    """A predictor from a weights file alone: its metadata say how to build the model around them.

    Raises:
        TrompeError: it is not a weights file of trompe's, or it is damaged.
    """
    metadata, weights = tensors.read_metadata(path), tensors.read_tensors(path)
    if any(name.startswith("model.") for name in weights):
        raise TrompeError(
            f"`{path}` holds a trainer's state, not weights", hint="give the `weights.safetensors` beside it"
        )
    try:
        record = Record.from_json(metadata["run"])
        check_weights(record, weights)
        model = build_model(record.recipe, record.data.format)
        model.load_state_dict(weights)
    except tensors.DAMAGE as error:
        raise tensors.damaged(path, error) from error
    return Predictor(model, record, metadata["step"], device or pick_device())


def check_weights(record: Record, weights: dict[str, Tensor]) -> None:
    """Refuse weights that are not a recipe's, before anything of the size that the recipe states is built."""
    for name, tensor in weights.items():
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"`{name}` has values that are not finite")
    if not type(record.recipe.family).__module__.startswith("trompe."):
        return  # code of the user's own, which may not run without memory
    recipe = record.recipe
    if isinstance(recipe.nets, ConvOptions):
        if recipe.nets.blocks > len(weights):
            raise ValueError(f"its recipe states {recipe.nets.blocks} blocks")
        recipe = replace(recipe, nets=replace(recipe.nets, init_std=0.0))  # which looks at values, and there are none
    with torch.device("meta"):
        expected = build_model(recipe, record.data.format).state_dict()
    for name in sorted(expected.keys() | weights.keys()):
        one, other = (f"{known[name].dtype} {tuple(known[name].shape)}" if name in known else "absent"
                      for known in (expected, weights))  # fmt: skip
        if one != other:
            raise ValueError(f"`{name}` is {other}, and the recipe's is {one}")
