"""Writing files so that a run killed, or out of disk, at any moment can go on.

Everything is written under a temporary name beside its destination, flushed to the disk, and renamed over it: a
reader sees the old file or the new one, never a half. No pickle is read or written anywhere in trompe: tensors are
safetensors, everything else is JSON. What is read is refused in words where it is damaged, or made to do harm.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .errors import TrainingStopped, TrompeError, nearest
from .text import printable, reason_of

if TYPE_CHECKING:
    import numpy as np

RECORD_NAME = "run.json"
"""A folder with this file is a run."""
OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
           errno.ELOOP}  # fmt: skip
NO_LINKS: int = getattr(os, "O_NOFOLLOW", 0)
MOST_BYTES = 2**35
"""Arrays in an `.npz` that claim more than these 32 GiB are not read: they are mistakes, or bombs."""


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
        if error.errno in REFUSED:
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
    """JSON in UTF-8; what is no text in it, as of file names that are none, is escaped, and comes back when read."""
    try:
        content = json.dumps(value, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        content = json.dumps(value, indent=2).encode()
    write_bytes(path, content + b"\n")


def append_line(path: Path, value: Any) -> None:
    """Append a value as one line of JSON, in one write, however many processes do so at once. A last line that a kill
    cut off is ended first, so that it spoils no other.
    """
    from filelock import FileLock  # takes a while, and few commands append

    with disk_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")), open_to_append(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            cut = file.read(1) not in (b"", b"\n")
            file.write(b"\n" * cut + json.dumps(value).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def open_to_append(path: Path) -> IO[bytes]:
    """A file to read and append to, never one that a link leads to."""
    return open(path, "a+b", opener=lambda name, flags: os.open(name, flags | NO_LINKS, 0o666))


def expanded(path: str | Path) -> Path:
    """A path with `~` and `~user` as the home folders they stand for.

    Raises:
        TrompeError: there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise TrompeError(f"`{path}` names no user's home folder", hint="write the path in full") from error


def cache_folder() -> Path:
    """Where packs and downloads are kept: `$TROMPE_CACHE`, or the user's cache."""
    if chosen := os.environ.get("TROMPE_CACHE"):
        return expanded(chosen)
    import pooch  # takes a fifth of a second

    return Path(pooch.os_cache("trompe"))


def check_run(folder: Path) -> None:
    """Refuse what is no run.

    Raises:
        TrompeError: the folder is not there, or is not a run's; the hint names the nearest one beside it.
    """
    if (folder / RECORD_NAME).is_file():
        return
    runs = [str(one.parent) for one in folder.parent.glob(f"*/{RECORD_NAME}")]
    hint = "give a folder that `trompe train --out` made, or from Python a weights file (`.safetensors`)"
    reason = "it is a file" if folder.is_file() else f"it holds no `{RECORD_NAME}`"
    reason = reason if folder.exists() else "there is no such folder"
    raise TrompeError(f"`{folder}` is not a run: {reason}", hint=nearest(str(folder), runs) if runs else hint)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        hint = "restore the file, or start a new run"
        raise TrompeError(f"`{path}` is not valid JSON: {reason}", hint=hint) from error
    except OSError as error:
        raise TrompeError(f"`{path}` cannot be read: {error.strerror}", hint="check its permissions") from error


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz`, of numbers or text in this machine's byte order; none of them may be a pickle.

    Raises:
        TrompeError: there is no such file, or it is damaged, encrypted, too large, or holds something else.
    """
    import numpy as np  # which most commands that read no array do without

    with _no_arrays(path, "an .npz"), path.open("rb") as file:
        kept = np.load(file, allow_pickle=False)
        if not isinstance(kept, np.lib.npyio.NpzFile):
            raise ValueError("it is one array alone")
        assert kept.zip is not None
        if (claimed := sum(one.file_size for one in kept.zip.infolist())) > MOST_BYTES:
            raise ValueError(f"it claims {claimed:,} bytes")
        return {name: _plain(name, kept[name]) for name in kept.files}


def read_npy(path: Path) -> np.ndarray:
    """The array in an `.npy`, memory-mapped, which may be no pickle.

    Raises:
        TrompeError: there is no such file, or it is damaged, or holds something else.
    """
    import numpy as np

    with _no_arrays(path, "an .npy"):
        array: np.ndarray = np.load(path, "r", allow_pickle=False)
        return array


@contextmanager
def _no_arrays(path: Path, kind: str) -> Iterator[None]:
    """Whatever a hostile file makes its decoder raise, as an error that says it is no file of arrays."""
    if not path.is_file():
        raise TrompeError(f"there is no file at `{path}`", hint="check the path")
    try:
        yield
    except Exception as error:
        reason = reason_of(error)
        if "pickle" in reason:  # numpy then recommends to load it all the same
            reason = "it is a pickle or holds one, which can run any code as it is read"
        wrong = f"`{printable(str(path))}` cannot be read as {kind}: {reason}"
        hint = "check that it is one, complete, and of numbers or text (objects would be pickles, which are not read)"
        raise TrompeError(wrong, hint=hint) from error


def _plain(name: str, array: Any) -> np.ndarray:
    import numpy as np

    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufUS":
        raise ValueError(f"`{name}` is not an array of numbers or text")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


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
