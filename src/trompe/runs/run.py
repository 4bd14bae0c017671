"""A run folder, opened."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..core.model import Model
from ..data.samples import Samples, as_floats
from ..data.sources.decoding import Form, read_image
from ..data.sources.files import SUFFIXES
from ..device import pick_device
from ..display.grid import png, to_bytes
from ..display.samples import shown
from ..errors import TrompeError
from ..files import RECORD_NAME, expanded
from ..options.names import ColorName
from . import tensors
from .data import TEST_SAMPLES, RunData
from .hub import HUB, fetched
from .log import read_log
from .predictor import CONFIG, Labels, Predictor, open_weights
from .record import Record, read_record

SHOWN = 8
"""Samples of a run in a notebook."""


class Run:
    """A run: a folder that has a predictor, the data it was trained on, a log and what was drawn on the way.

    Attributes:
        folder: the run folder.
        predictor: the model with the weights to use.
    """

    STATE: ClassVar[str] = "state.safetensors"
    WEIGHTS: ClassVar[str] = "weights.safetensors"
    TEST_SAMPLES: ClassVar[str] = TEST_SAMPLES

    def __init__(self, folder: str | Path, *, device: str | None = None, snapshot: int | None = None) -> None:
        self.folder = expanded(folder)
        self.record: Record = read_record(self.folder)
        self.predictor = open_weights(weights := self._weights(snapshot), pick_device(device))
        if self.predictor.format != self.record.data.format:
            raise TrompeError(f"`{weights}` is not of the run in `{self.folder}`", hint="restore it from a copy")
        labels = self.model.num_classes > 0 or "classifier" in self.model.networks
        self._data = RunData(self.folder, self.record, needs_labels=labels)

    def _weights(self, snapshot: int | None) -> Path:
        if snapshot is None:
            path = self.folder / self.WEIGHTS
            if not path.is_file():
                raise TrompeError(f"`{self.folder}` holds no weights yet", hint="give `trompe train` again to go on")
            return path
        path = self.folder / "snapshots" / f"step-{snapshot:06d}.safetensors"
        if not path.is_file():
            kept = [step for step, _ in by_step(path.parent, ".safetensors")]
            raise TrompeError(
                f"`{self.folder}` keeps no snapshot of step {snapshot}",
                hint=f"it keeps {kept}" if kept else "keep some with `--train.snapshots 300 900 6000`",
            )
        return path

    def __repr__(self) -> str:
        recipe, data = self.record.recipe, self.record.data
        return f"<Run {self.folder}: {recipe.name} on {data.source}, step {self.step:,} of {recipe.train.steps:,}>"

    def _repr_html_(self) -> str:
        """For notebooks: the same, above a few samples if there are any."""
        words = f"<code>{html.escape(repr(self))}</code>"
        if self.model.prior is None or self.model.condition_shape:
            return words
        image = base64.b64encode(png(shown(self.sample(SHOWN), self.record.data.format, SHOWN))).decode()
        return f'{words}<br><img alt="samples" src="data:image/png;base64,{image}">'

    def explore(self, *, height: int = 760) -> Any:
        """The explorer's page of this run, which a notebook shows in place; its `address` is for any browser here. It
        is served by this process, and as long as it lives, to this machine alone.
        """
        return import_module("trompe.explorer.notebook").explored(self, height)  # a layer above this one

    # The predictor's verbs

    @property
    def model(self) -> Model:
        return self.predictor.model

    @property
    def step(self) -> int:
        return self.predictor.step

    def sample(self, count: int = 64, **options: Any) -> Float[Tensor, "count channels *spatial"]:
        """Images from the prior; see `Predictor.sample`."""
        return self.predictor.sample(count, **options)

    def encode(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count *latent"]:
        """The latent of each image."""
        return self.predictor.encode(images, labels)

    def decode(self, latents: Any, labels: Labels | None = None) -> Float[Tensor, "count channels *spatial"]:
        """The image of each latent."""
        return self.predictor.decode(latents, labels)

    def reconstruct(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count channels *spatial"]:
        """Each image, encoded and decoded."""
        return self.predictor.reconstruct(images, labels)

    def classify(self, images: Any, labels: Labels | None = None) -> Float[Tensor, "count classes"]:
        """The probability of each class for each image, of a model that learned labels."""
        return self.predictor.classify(images, labels)

    # Data

    def data(self, source: str | None = None, split: str = "test") -> Samples:
        """Samples in this run's size and color, or patches of them by its procedure: of a named set, a folder, or one
        image file; by default those it was trained to test on. A run that was given its samples in Python keeps the
        first of its test samples itself.

        Labels are matched with the run's by the names of classes. Where the run's own samples changed since it was
        trained, a note says which: its training samples are refused, and the test samples do without those that it was
        trained on. Its own samples at another place are known by their fingerprint.

        Raises:
            TrompeError: samples cannot be read, have classes that the model does not know, or changed too much.
        """
        if source is not None and Path(source).suffix.lower() in SUFFIXES and expanded(source).is_file():
            return Samples(to_bytes(self.read_images([source])), Path(source).name, names=(source,))
        return self._data.samples(source, split)

    @property
    def color(self) -> ColorName:
        return self._data.color

    def read_images(self, paths: Sequence[str | Path]) -> Float[Tensor, "count channels height width"]:
        """Image files in this run's size and color.

        Raises:
            TrompeError: one cannot be read, or is larger than the patches that the run was trained on.
        """
        if len(self.model.input_shape) != 3:
            raise TrompeError("this run is of videos or voxels, not of images", hint="give `--data`")
        _, height, width = self.model.input_shape
        images = [self.read_image(path, None if self.of_patches else (height, width)) for path in paths]
        for path, image in zip(paths, images, strict=True):
            if image.shape[1:] != (height, width):
                raise TrompeError(
                    f"`{path}` is no patch of {height}x{width}, on which this run was trained",
                    hint="give patches; a whole image is for `trompe reconstruct`",
                )
        return torch.stack(images)

    def read_image(
        self, path: str | Path, size: tuple[int, int] | None = None
    ) -> Float[Tensor, "channels height width"]:
        """An image file in this run's color, in its own size or in this one (height, width)."""
        if Path(path).is_dir():
            raise TrompeError(f"`{path}` is a folder, not an image", hint="give its files, as in `FOLDER/*.png`")
        if not Path(path).is_file():
            raise TrompeError(f"there is no image at `{path}`", hint="check the path")
        form = Form(size, self.model.input_shape[0], self.record.recipe.data.fit, self.record.data.levels)
        pixels = read_image(lambda name: open(name, "rb"), str(path), form)
        if isinstance(pixels, str):
            raise TrompeError(f"`{path}` cannot be read as an image: {pixels}", hint="is it an image?")
        return as_floats(torch.from_numpy(np.array(pixels)))

    # What was written on the way

    def at_snapshots(self) -> list[Run]:
        """The run at each snapshot that it keeps before its own step, in order, and as it is."""
        steps = [step for step, _ in by_step(self.folder / "snapshots", ".safetensors")]
        device = str(self.predictor.device)
        found = [Run(self.folder, device=device, snapshot=step) for step in steps if step < self.step]
        for one in found:
            one._data = self._data  # which may have been found at another place
        return [*found, self]

    @property
    def of_patches(self) -> bool:
        """Whether it was trained on patches of images."""
        return self.record.recipe.data.patch.size > 0

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the training's log."""
        return read_log(self.folder)

    @property
    def sample_grids(self) -> list[tuple[int, Path]]:
        """The sample grids drawn during training and their steps, in order."""
        return by_step(self.folder / "samples", ".png")

    @property
    def finished(self) -> bool:
        return self.step >= self.record.recipe.train.steps

    @property
    def digest(self) -> str:
        """A hash of the whole trainer state: equal if and only if every bit is."""
        path = self.folder / self.STATE
        return tensors.digest_of(tensors.read_tensors(path), int(tensors.read_metadata(path)["step"]))


def by_step(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """The files that a training kept of its steps, in order; others are passed over."""
    named = ((re.fullmatch(r"step-([0-9]{6,15})", path.stem), path) for path in folder.glob(f"step-*{suffix}"))
    return sorted((int(name[1]), path) for name, path in named if name and path.is_file())


def load(path: str | Path, *, device: str | None = None, snapshot: int | None = None) -> Run | Predictor:
    """Open a run folder, a weights file alone, or a model that was exported or published.

    Args:
        path: a run folder, a weights file, what `trompe export --safetensors` wrote, or `hf:USER/NAME` for that on the
            Hugging Face Hub.
        device: `cpu`, `cuda`, ...; by default the best there is.
        snapshot: the step of a kept snapshot of a run, instead of the latest weights.

    Returns:
        A `Run` for a run folder, else a `Predictor`; both sample, encode, decode, reconstruct and classify.

    Raises:
        TrompeError: there is no run, or it is damaged.
    """
    path = fetched(str(path).removeprefix(HUB)) if str(path).startswith(HUB) else expanded(path)
    if (path / CONFIG).is_file() and not (path / RECORD_NAME).exists():
        path = path / Run.WEIGHTS
    if path.suffix == ".safetensors" and path.is_file():
        return open_weights(path, pick_device(device))
    return Run(path, device=device, snapshot=snapshot)
