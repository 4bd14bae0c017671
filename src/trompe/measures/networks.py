"""Feature spaces by name, and networks of the user's, from TorchScript or ONNX files."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.batches import as_floats
from ..device import pick_device
from ..errors import TrompeError, nearest
from ..names import ResizeName
from ..run import load
from .features import Features, PixelFeatures, RunFeatures
from .inception import Inception
from .resizing import in_colour, resized
from .torchscript import batch_of, loaded, prepared, sha256

KNOWN = ("inception", "pixels")
SUFFIXES = (".pt", ".pth", ".ts", ".onnx")


def opened(
    name: str, resize: ResizeName = "bilinear", side: int | None = None, device: str | torch.device | None = None
) -> Features:
    """A feature space by name.

    Args:
        name: `inception`, `pixels`, a run's folder (its codes), or a TorchScript (`.pt`) or ONNX (`.onnx`) file.
        resize: how a network's pictures are brought to its size.
        side: the size that a network from a file needs, where the file does not say.
        device: `cpu`, `cuda`, ...; by default the best there is.

    Raises:
        TrompeError: there is no such space, or its file cannot be used.
    """
    where = device if isinstance(device, torch.device) else pick_device(device)
    path = Path(name)
    if name == "pixels":
        return PixelFeatures()
    if name == "inception":
        return Inception(resize, where)
    if path.suffix.lower() in SUFFIXES:
        kind = Onnx if path.suffix.lower() == ".onnx" else TorchScript
        return kind(path, resize, side, where)
    if path.is_dir():
        return RunFeatures(load(path, device=where.type))
    raise TrompeError(
        f"no features are named `{name}`",
        hint=f"{nearest(name, KNOWN)}; or give a run's folder, a .pt or an .onnx file",
    )


class Network(Features):
    """Base of networks from a file. They are given float pictures in [0, 1], `(N, C, H, W)`, in colour if they need
    it, resized only if a side is known; the first output is the features, a second one, if any, logits of classes.
    """

    slow: ClassVar[bool] = True
    side: int | None
    colour: bool

    def __init__(self, path: Path, resize: ResizeName, side: int | None, device: torch.device) -> None:
        if not path.is_file():
            raise TrompeError(f"there is no network at `{path}`", hint="check the path")
        self.path, self.resize, self.device = path, resize, device
        self.batch = batch_of(device)
        self.side, self.colour = side, False
        self.open()
        self.protocol = {"features": path.name, "weights": sha256(path)[:16]}
        if self.side is not None:
            self.protocol |= {"side": self.side, "resize": resize}

    @abstractmethod
    def open(self) -> None:
        """Read the file, and find out what it takes."""

    @abstractmethod
    def outputs(self, pictures: Float[Tensor, "batch channels height width"]) -> list[Tensor]:
        """What the network makes of pictures."""

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        pictures = as_floats(images.to(self.device))
        try:
            pictures = resized(pictures, self.side, self.resize)
            features, *logits = self.outputs(in_colour(pictures) if self.colour else pictures)
        except Exception as error:  # whatever a stranger's network raises
            raise TrompeError(
                f"`{self.path}` cannot take pictures of shape {tuple(pictures.shape[1:])}: {reason(error)}",
                hint="give `--features-size` if it needs another size; it is given float pictures in [0, 1]",
            ) from error
        if features.ndim < 2 or len(features) != len(pictures):
            raise TrompeError(
                f"`{self.path}` gives {tuple(features.shape)} for {len(pictures)} pictures",
                hint="its first output must have a row a picture",
            )
        return features.flatten(1).cpu(), logits[0].softmax(1).cpu() if logits else None


class TorchScript(Network):
    """A network saved by `torch.jit.save`."""

    def open(self) -> None:
        module = loaded(self.path, self.device)
        kernel = next((weight for weight in module.state_dict().values() if weight.ndim == 4), None)
        self.colour = kernel is not None and kernel.shape[1] == 3
        self.module = prepared(module, self.device)
        self.made_by = {"device": self.device.type}

    def outputs(self, pictures: Tensor) -> list[Tensor]:
        given = self.module(pictures)
        return list(given) if isinstance(given, tuple | list) else [given]


class Onnx(Network):
    """A network in ONNX, run by onnxruntime."""

    def open(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise TrompeError(
                "features from an .onnx file need onnxruntime", hint="`pip install trompe[onnx]`"
            ) from error
        try:
            self.session = onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise TrompeError(
                f"`{self.path}` cannot be read as ONNX: {reason(error)}", hint="is it the whole file?"
            ) from error
        self.made_by = {"device": "cpu", "onnxruntime": onnxruntime.__version__}
        self.input = self.session.get_inputs()[0]
        batch, channels, height, _ = self.input.shape if len(self.input.shape) == 4 else (None,) * 4
        self.batch = batch if isinstance(batch, int) else self.batch
        self.side = height if isinstance(height, int) else self.side
        self.colour = channels == 3

    def outputs(self, pictures: Tensor) -> list[Tensor]:
        return [torch.from_numpy(one) for one in self.session.run(None, {self.input.name: pictures.cpu().numpy()})]


def reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else type(error).__name__
