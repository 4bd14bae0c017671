"""Models on the Hugging Face Hub: fetched by name, and published."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from ..errors import TrompeError
from ..text import reason_of

HUB = "hf:"
NAME = re.compile(r"[\w.-]+/[\w.-]+")
FILES = ["config.json", "weights.safetensors", "README.md"]
"""What of a repository is fetched: nothing that could run."""


def fetched(name: str) -> Path:
    """The folder of a published model, downloaded into the Hub's own cache first.

    Raises:
        TrompeError: there is none of this name, or it cannot be reached.
    """
    client = hub(name)
    try:
        return Path(client.snapshot_download(name, allow_patterns=FILES))
    except Exception as error:  # the Hub's, requests' and httpx's errors have no base in common
        raise TrompeError(f"`{HUB}{name}` cannot be fetched: {reason_of(error)}", hint="check the name") from error


def publish(folder: Path, name: str, *, private: bool = False) -> str:
    """Upload an exported model, and give its address.

    Raises:
        TrompeError: the Hub refuses, or cannot be reached.
    """
    client = hub(name)
    try:
        api = client.HfApi()
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, allow_patterns=FILES)
    except Exception as error:
        hint = "log in with `hf auth login`, and check the name"
        raise TrompeError(f"`{name}` cannot be published: {reason_of(error)}", hint=hint) from error
    return str(address)


def hub(name: str) -> ModuleType:
    """The Hub's own client, for a well-formed name."""
    if not NAME.fullmatch(name):
        raise TrompeError(f"`{name}` is no name of a model on the Hub", hint="give USER/NAME")
    try:
        import huggingface_hub
    except ImportError as error:
        raise TrompeError("the Hub's client is not installed", hint="`pip install 'trompe[hub]'`") from error
    return huggingface_hub
