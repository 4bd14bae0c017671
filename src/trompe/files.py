"""Writing files so that a run killed, or out of disk, at any moment can go on.

Everything is written under a temporary name beside its destination, flushed to the disk, and renamed over it: a
reader sees the old file or the new one, never a half. No pickle is read or written anywhere in trompe: tensors are
safetensors, everything else is JSON.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from .errors import TrainingStopped, TrompeError

OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn a full disk or a refused write into an error that says what can be done about it."""
    try:
        yield
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise TrainingStopped(
                f"the disk is full (or a quota is reached) while writing {what}: {error.strerror}",
                hint="what was written before is intact; free some space and give the same command again",
            ) from error
        if error.errno in {
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.EISDIR,
            errno.EEXIST,
            errno.ENAMETOOLONG,
        }:
            raise TrompeError(
                f"cannot write {what}: {error.strerror}",
                hint="choose another place: `--out` for results, `$TROMPE_CACHE` for the cache",
            ) from error
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: all of it is on the disk under its name, or nothing is."""
    with disk_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~current_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        flush_directory(path.parent)


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise TrompeError(
            f"`{path}` is not valid JSON: {error}", hint="restore the file, or start a new run"
        ) from error


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz`, none of which may be a pickle."""
    if not path.is_file():
        raise TrompeError(f"there is no file at `{path}`", hint="check the path")
    try:
        with path.open("rb") as file:
            kept = np.load(file, allow_pickle=False)
            if not isinstance(kept, np.lib.npyio.NpzFile):
                raise ValueError("it is one array alone")
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrompeError(f"`{path}` cannot be read as an .npz", hint="check that it is one, and complete") from error


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed."""
    for leftover in folder.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def flush_directory(folder: Path) -> None:
    """Make a rename durable; a no-op where folders cannot be opened (Windows)."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
