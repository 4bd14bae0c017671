"""A run folder, opened: what every verb starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from . import state as states
from .build import build_model
from .data.arrays import ImageData
from .data.batches import as_floats
from .data.load import for_recipe, split_source
from .data.pictures import SUFFIXES, read_picture
from .device import pick_device
from .errors import TrompeError
from .log import read_log
from .model import Model
from .record import Record, read_record
from .rng import Stream, normal

BATCH = 500
Labels = Sequence[int] | np.ndarray | Tensor


class Run:
    """A trained model in its folder, ready to use.

    Pictures are given as a tensor or array, float in [0, 1] or uint8, of shape `(N, C, H, W)`, and come back as float
    tensors in [0, 1] on the CPU. What is computed is in float32, and the same whatever is asked for beside it.

    Attributes:
        folder: the run folder.
        record: recipe and data, as the folder records them.
        model: the model, with the weights to use.
        step: training steps behind these weights.
    """

    STATE: ClassVar[str] = "state.safetensors"
    WEIGHTS: ClassVar[str] = "weights.safetensors"
    PICTURES: ClassVar[str] = "test-pictures.safetensors"

    def __init__(self, folder: str | Path, *, device: str | None = None, snapshot: int | None = None) -> None:
        self.folder = Path(folder)
        self.record: Record = read_record(self.folder)
        self.device = pick_device(device)
        path = self._weights(snapshot)
        self.step = int(states.read_metadata(path)["step"])
        shape, classes = self.record.data.image_shape, self.record.num_classes
        self.model = build_model(self.record.recipe, shape, classes)
        try:
            self.model.load_state_dict(states.read_tensors(path))
        except RuntimeError as error:
            raise states.damaged(path, error) from error
        self.model.to(self.device).eval().requires_grad_(False)

    def _weights(self, snapshot: int | None) -> Path:
        if snapshot is None:
            path = self.folder / self.WEIGHTS
            if not path.exists():
                raise TrompeError(f"`{self.folder}` holds no weights yet", hint="give `trompe train` again to go on")
            return path
        path = self.folder / "snapshots" / f"step-{snapshot:06d}.safetensors"
        if not path.exists():
            kept = [step for step, _ in by_step(path.parent, ".safetensors")]
            raise TrompeError(
                f"`{self.folder}` keeps no snapshot of step {snapshot}",
                hint=f"it keeps {kept}" if kept else "keep some with `--train.snapshots 300 900 6000`",
            )
        return path

    # Verbs

    def sample(
        self, count: int = 64, *, seed: int = 0, labels: Labels | None = None
    ) -> Float[Tensor, "count channels height width"]:
        """Pictures from the prior. The first of them are the same however many are asked for.

        Args:
            labels: a class for each picture of a class-conditional model; by default the classes in turn.
        """
        if count < 1:
            raise TrompeError(f"cannot sample {count} pictures", hint="give a count from 1 on")
        return self._batched(self.model.sample, self.noise(count, seed), self.labels_for(count, labels))

    def samples(self, count: int, *, seed: int = 0) -> ImageData:
        """The pictures of `sample` as pictures are stored, 256 levels a number, however many they are."""

        def stored(noise: Tensor, labels: Tensor | None) -> Tensor:
            return (self.model.sample(noise, labels) * 255).round().byte()

        labels = self.labels_for(count)
        levels = self._batched(stored, self.noise(count, seed), labels)
        given = None if labels is None else labels.numpy()
        return ImageData(levels.numpy(), f"samples of {self.record.recipe.name}", given, self.record.data.class_names)

    def encode(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count latent"]:
        """The code of each picture."""
        tensor, chosen = self.pictures(images, labels)
        return self._batched(self.model.encode, tensor, chosen)

    def decode(self, codes: Any, labels: Labels | None = None) -> Float[Tensor, "count channels height width"]:
        """The picture of each code."""
        tensor = torch.as_tensor(codes, dtype=torch.float32)
        if tensor.ndim != 2 or tensor.shape[1] != self.model.latent:
            raise TrompeError(
                f"codes of shape {tuple(tensor.shape)} for a model with {self.model.latent} code numbers",
                hint=f"give an array of shape (count, {self.model.latent})",
            )
        return self._batched(self.model.decode, tensor, self.labels_for(len(tensor), labels))

    def reconstruct(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count channels h w"]:
        """Each picture, encoded and decoded."""
        tensor, chosen = self.pictures(images, labels)
        return self._batched(self.model.reconstruct, tensor, chosen)

    def score(self, images: Any, labels: Labels | None = None) -> Float[Tensor, " count"]:
        """How well the model accounts for each picture; see `Model.score`."""
        tensor, chosen = self.pictures(images, labels)
        return self._batched(self.model.score, tensor, chosen)

    def classify(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count classes"]:
        """The probability of each class for each picture, of a model that learned labels."""
        tensor, chosen = self.pictures(images, labels)
        return self._batched(self.model.classify, tensor, chosen)

    def apply(
        self,
        function: Callable[[Model, Tensor, Tensor | None], Tensor],
        images: Any,
        labels: Labels | None = None,
    ) -> Tensor:
        """`function(model, images, labels)` over all pictures, a batch at a time; one row a picture."""
        tensor, chosen = self.pictures(images, labels)
        return self._batched(partial(function, self.model), tensor, chosen)

    # What verbs take

    def pictures(self, images: Any, labels: Labels | None = None) -> tuple[Tensor, Tensor | None]:
        """Pictures as every verb takes them, with the labels that this model is to be told, checked."""
        if isinstance(images, ImageData):
            labels = images.labels if labels is None and images.labels is not None else labels
            images = images.images
        tensor = torch.as_tensor(np.ascontiguousarray(images) if isinstance(images, np.ndarray) else images)
        if tuple(tensor.shape[1:]) != self.record.data.image_shape:
            raise TrompeError(
                f"pictures of shape {tuple(tensor.shape)} for a model of {self.record.data.image_shape}",
                hint="give (count, channels, height, width), or read files with `read_pictures`",
            )
        if tensor.dtype != torch.uint8 and not (tensor.is_floating_point() and tensor.min() >= 0 and tensor.max() <= 1):
            raise TrompeError(
                f"pictures of {tensor.dtype} from {tensor.min():g} to {tensor.max():g}",
                hint="give float in [0, 1], or uint8",
            )
        if self.model.num_classes and labels is None:
            raise TrompeError("this model is class-conditional and needs labels", hint="give a class for each picture")
        return tensor, self.labels_for(len(tensor), labels)

    def noise(self, count: int, seed: int = 0) -> Float[Tensor, "count latent"]:
        """Standard normal codes."""
        return normal((count, self.model.latent), seed, Stream.SAMPLE)

    def labels_for(self, count: int, labels: Labels | None = None) -> Tensor | None:
        """Labels for a class-conditional model, those given or the classes in turn; none for any other."""
        classes = self.model.num_classes
        if classes == 0:
            return None
        if labels is None:
            return torch.arange(count) % classes
        tensor = torch.as_tensor(np.asarray(labels), dtype=torch.int64)
        if len(tensor) != count or not bool(((tensor >= 0) & (tensor < classes)).all()):
            raise TrompeError(
                f"{len(tensor)} labels for {count} pictures of a model with {classes} classes",
                hint=f"give one label a picture, from 0 to {classes - 1}",
            )
        return tensor

    def data(self, source: str | None = None, split: str = "test") -> ImageData:
        """Pictures in this run's size and colour, or patches of them by its law; by default those it was trained to
        test on; of a picture's path that picture. A run that was given its pictures in Python keeps the first of its
        test pictures itself.
        """
        if source is None:
            return self._own_data(split)
        if Path(source).suffix.lower() in SUFFIXES and Path(source).is_file():
            levels = (self.read_pictures([source]) * 255).round().byte().numpy()
            return ImageData(levels, Path(source).name, names=(source,))
        shape, options = self.record.data.image_shape, self.record.recipe.data
        name, named_split = split_source(source)
        size = options.size if options.patch.size else (shape[1], shape[2])
        colour: Literal["grey", "rgb"] = "grey" if shape[0] == 1 else "rgb"
        held = options.hold_out if name == options.source else "as-given"
        loaded = for_recipe(replace(options, source=name, size=size, colour=colour, hold_out=held))
        return loaded.train if (named_split or split) == "train" else loaded.test

    def _own_data(self, split: str) -> ImageData:
        """The pictures that the run was made from."""
        if not (self.folder / self.PICTURES).exists():
            loaded = for_recipe(self.record.recipe.data)
            return loaded.train if split == "train" else loaded.test
        if split == "train":
            raise TrompeError(
                f"the run in `{self.folder}` was given its pictures in Python and keeps only some to test on",
                hint="give the training pictures again",
            )
        kept = states.read_tensors(self.folder / self.PICTURES)
        labels = kept["labels"].numpy() if "labels" in kept else None
        data = self.record.data
        return ImageData(kept["images"].numpy(), f"{data.source}:test", labels, data.class_names)

    def read_pictures(self, paths: Sequence[str | Path]) -> Float[Tensor, "count channels height width"]:
        """Picture files in this run's size and colour.

        Raises:
            TrompeError: one cannot be read, or is larger than the patches that the run was trained on.
        """
        if len(self.record.data.image_shape) != 3:
            raise TrompeError("this run is of videos or voxels, not of pictures", hint="give `--data`")
        _, height, width = self.record.data.image_shape
        if not self.of_patches:
            return torch.stack([self.read_picture(path, (height, width)) for path in paths])
        pictures = [self.read_picture(path) for path in paths]
        for path, picture in zip(paths, pictures, strict=True):
            if picture.shape[1:] != (height, width):
                raise TrompeError(
                    f"`{path}` is no patch of {height}x{width}, on which this run was trained",
                    hint="give patches; a whole picture is for `trompe reconstruct`",
                )
        return torch.stack(pictures)

    def read_picture(
        self, path: str | Path, size: tuple[int, int] | None = None
    ) -> Float[Tensor, "channels height width"]:
        """A picture file in this run's colour, in its own size or in this one (height, width)."""
        if Path(path).is_dir():
            raise TrompeError(f"`{path}` is a folder, not a picture", hint="give its files, as in `FOLDER/*.png`")
        if not Path(path).is_file():
            raise TrompeError(f"there is no picture at `{path}`", hint="check the path")
        pixels = read_picture(lambda name: open(name, "rb"), str(path), size, self.record.data.image_shape[0])
        if isinstance(pixels, str):
            raise TrompeError(f"`{path}` cannot be read as a picture: {pixels}", hint="is it a picture?")
        return as_floats(torch.from_numpy(np.array(pixels)))

    def at_snapshots(self) -> list[Run]:
        """The run at each snapshot that it keeps, in order, and as it is, if that is none of them."""
        steps = [step for step, _ in by_step(self.folder / "snapshots", ".safetensors")]
        kept = [Run(self.folder, device=str(self.device), snapshot=step) for step in steps if step != self.step]
        return [*kept, self]

    @property
    def of_patches(self) -> bool:
        """Whether it was trained on patches of pictures."""
        return self.record.recipe.data.patch.size > 0

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the training's log."""
        return read_log(self.folder)

    @property
    def film(self) -> list[tuple[int, Path]]:
        """The pictures of the training's progress and their steps, in order."""
        return by_step(self.folder / "samples", ".png")

    @property
    def finished(self) -> bool:
        return self.step >= self.record.recipe.train.steps

    @property
    def digest(self) -> str:
        """A hash of the whole trainer state: equal if and only if every bit is."""
        return states.digest_file(self.folder / self.STATE)

    @torch.inference_mode()
    def _batched(self, verb: Callable[..., Tensor], inputs: Tensor, labels: Tensor | None) -> Tensor:
        results = []
        for start in range(0, len(inputs), BATCH):
            part = inputs[start : start + BATCH].to(self.device)
            part = as_floats(part) if part.dtype == torch.uint8 else part.float()
            chosen = None if labels is None else labels[start : start + BATCH].to(self.device)
            results.append(verb(part, chosen).cpu())
        return torch.cat(results) if results else torch.empty(0)


def by_step(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """The files that a training kept of its steps, in order."""
    return sorted((int(path.stem.removeprefix("step-")), path) for path in folder.glob(f"step-*{suffix}"))


def load(folder: str | Path, *, device: str | None = None, snapshot: int | None = None) -> Run:
    """Open a run folder.

    Args:
        device: `cpu`, `cuda`, ...; by default the best there is.
        snapshot: the step of a kept snapshot, instead of the latest weights.

    Raises:
        TrompeError: the folder holds no run, or it is damaged.
    """
    return Run(folder, device=device, snapshot=snapshot)
