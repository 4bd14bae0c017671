"""Where images lie: in a folder, a zip or a tar."""

from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO

from ...errors import TrompeError
from ...files import RECORD_NAME
from ...text import printable, reason_of
from .decoding import Opener, Unreadable, is_image
from .pack import digest, state_of
from .parallel import no_warnings

SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
    ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".jp2", ".j2k", ".jpx", ".avif", ".heic", ".heif", ".qoi", ".tga",
})  # fmt: skip
"""Files with these are images, or broken ones; any other file is one where its content says so."""
OTHER_SUFFIXES = frozenset({".txt", ".json", ".jsonl", ".csv", ".tsv", ".xml", ".md", ".html", ".yaml", ".yml", ".py"})
"""Files with these are not looked into."""
LABEL_FILES = frozenset({"dataset.json", "labels.csv", "metadata.csv"})
"""Files beside images that say which class each is of, which `layouts.py` reads."""
JUNK = frozenset({"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that systems keep beside images."""
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Collection:
    """The image files in a folder, a zip or a tar.

    Attributes:
        path: of the folder or archive.
        names: sorted, with `/` between folders.
        open: opens a file by its name; it can be sent to another process.
        state: changes when one of the images, or of the files that list labels, does.
        others: names of the files that are no images, sorted.
        notes: sentences on what was not looked into.
    """

    path: Path
    names: list[str]
    open: Opener
    state: str
    others: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def label_files(self) -> tuple[str, ...]:
        """The files among the others that list labels."""
        return tuple(name for name in self.others if PurePosixPath(name).name in LABEL_FILES)


def collection(path: Path) -> Collection:
    """The images in a folder, a zip or a tar.

    Raises:
        TrompeError: nothing is there, it is none of these or cannot be read, or it holds no image.
    """
    try:
        found = _kind_of(path)(path)
    except OSError as error:
        raise TrompeError(f"cannot read `{path}`: {error.strerror or error}", hint="check its permissions") from error
    if not found.names:
        others = f"{len(found.others)} other files" + "".join(f"; {note}" for note in found.notes)
        hint = f"images are files ending in {', '.join(sorted(SUFFIXES))}"
        raise TrompeError(f"no images in `{path}` ({others})", hint=hint)
    return found


def _kind_of(path: Path) -> Callable[[Path], Collection]:
    if path.is_dir():
        return in_folder
    if not path.exists():
        hint = "check the path; it may be a folder, or a zip or tar file, of images"
        raise TrompeError(f"there is nothing at `{path}`", hint=hint)
    with open(path, "rb") as file:
        if zipfile.is_zipfile(file):
            return in_zip
        file.seek(0)
        with suppress(Exception):  # decompressors raise whatever they like
            if tarfile.is_tarfile(file):
                return in_tar
    hint = "check the path; it may be a folder, or a zip or tar file, of images"
    raise TrompeError(f"`{path}` is a file, but not a zip of images, nor a tar", hint=hint)


def _sorted_out(path: Path, names: Iterable[str], opener: Opener, state: str, notes: Sequence[str] = ()) -> Collection:
    """A collection of the files with these names, the images apart from the others."""
    images: list[str] = []
    others: list[str] = []
    with no_warnings():
        for name in sorted(names):
            suffix = PurePosixPath(name).suffix.lower()
            known = suffix in SUFFIXES or (suffix not in OTHER_SUFFIXES and is_image(opener, name))
            (images if known else others).append(name)
    return Collection(path, images, opener, state, others, list(notes))


def _shown(name: str) -> bool:
    """Whether a file is neither hidden, nor in a hidden folder, nor in a system's."""
    parts = name.split("/")
    return not any((part.startswith(".") and part not in (".", "..")) or part in JUNK for part in parts)


# In a folder


def in_folder(path: Path) -> Collection:
    """The images below a folder. Hidden files and run folders are passed over; links to folders are followed, but no
    folder is read twice.
    """
    stamps, notes = _walked(path)
    found = _sorted_out(path, stamps, partial(_open_file, path), "", notes)
    state = digest(repr([(name, stamps[name]) for name in (*found.names, *found.label_files)]))
    return Collection(path, found.names, found.open, state, found.others, found.notes)


def _walked(root: Path) -> tuple[dict[str, object], list[str]]:
    """Every file below a folder by its name, with what changes when it does (and when its permissions do); and what
    was not looked into.
    """
    stamps: dict[str, object] = {}
    notes: list[str] = []
    folders, links = deque([""]), deque[str]()  # links come last, so that a folder is found under its own name
    seen: set[tuple[int, int]] = set()
    while folders or links:
        linked = not folders
        prefix = links.popleft() if linked else folders.pop()
        shown = printable(prefix.rstrip("/") or str(root))
        try:
            status = (root / prefix).stat()
            identity = (status.st_dev, status.st_ino)
            if linked and (identity in seen or root.resolve().is_relative_to((root / prefix).resolve())):
                notes.append(f"the link `{shown}` leads to a folder that is read already")
                continue
            seen.add(identity)
            entries = sorted(os.scandir(root / prefix), key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            notes.append(f"the folder `{shown}` cannot be read: {error.strerror}")
            continue
        if prefix and any(entry.name == RECORD_NAME for entry in entries):  # a run among the images it is trained on
            notes.append(f"the folder `{shown}` is a run of trompe, and passed over")
            continue
        for entry in entries:
            if not _shown(entry.name):
                continue
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append(f"{prefix}{entry.name}/")
            else:
                stamps[prefix + entry.name] = _stamp(entry)
    return stamps, notes


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(entry: os.DirEntry[str]) -> object:
    try:
        status = entry.stat()
    except OSError as error:  # a link to nowhere, a folder that lets nobody in
        return error.errno
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns  # the last changes with the permissions


def _open_file(folder: Path, name: str) -> IO[bytes]:
    if not stat.S_ISREG((folder / name).stat().st_mode):  # but a pipe, say, which would wait for ever
        raise OSError(errno.EINVAL, "not a regular file")
    return open(folder / name, "rb")


# In archives, which are read where they are: nothing is ever extracted, so a member's name, `..` and all, is never a
# path, and links are not followed.


def in_zip(path: Path) -> Collection:
    """The images in a zip file."""
    state = state_of([path])
    try:
        _, members = _opened_zip(path, state, os.getpid())
    except Exception as error:  # of damaged files zipfile raises many kinds
        hint = "is the download complete? if so, unpack it and give the folder"
        raise TrompeError(f"cannot read `{path}` as a zip file: {error}", hint=hint) from error
    if members and all(member.flag_bits & 1 for member in members.values()):
        raise TrompeError(f"`{path}` is encrypted", hint="unpack it with its password, and give the folder")
    return _sorted_out(path, filter(_shown, members), partial(_open_zipped, path, state), state)


def _open_zipped(path: Path, state: str, name: str) -> io.BytesIO:
    file, members = _opened_zip(path, state, os.getpid())
    if (member := members[name]).flag_bits & 1:
        raise Unreadable("is encrypted")
    if member.file_size > MOST_BYTES:
        raise Unreadable(f"claims {member.file_size:,} bytes, more than the {MOST_BYTES:,} that are read")
    try:
        return io.BytesIO(file.read(member))
    except MemoryError:
        raise
    except Exception as error:  # as in `in_zip`
        raise Unreadable(f"is damaged: {reason_of(error)}") from error


@lru_cache(maxsize=2)
def _opened_zip(path: Path, state: str, process: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """A zip in this state and its files by name, opened once per process: two cannot read through one open file.

    Names are UTF-8 where they can be, as nearly every zip program writes them, flagged or not; some write backslashes.
    """
    try:
        file = zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        file = zipfile.ZipFile(path)
    members = [one for one in file.infolist() if not (one.is_dir() or stat.S_ISLNK(one.external_attr >> 16))]
    named = {one.filename.replace("\\", "/"): one for one in members}
    return file, {name: one for name, one in named.items() if not name.endswith("/")}


def in_tar(path: Path) -> Collection:
    """The images in a tar file, which is not compressed, so that each can be read where it lies."""
    state = state_of([path])
    try:
        members = _tar_members(path, state)
    except tarfile.ReadError as error:
        hint = "unpack it with `tar xf`, and give the folder; or decompress it, and give the tar"
        raise TrompeError(f"`{path}` is a compressed tar file, or damaged: {error}", hint=hint) from error
    except Exception as error:  # as in `in_zip`
        raise TrompeError(f"cannot read `{path}` as a tar file: {error}", hint="is the download complete?") from error
    return _sorted_out(path, filter(_shown, members), partial(_open_tarred, path, state), state)


@lru_cache(maxsize=2)
def _tar_members(path: Path, state: str) -> dict[str, tuple[int, int]]:
    """Where in a tar file in this state each file lies, and how long it is; links and devices are no files."""
    members = {}
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.size < 0:
                raise ValueError(f"a file of {member.size} bytes")
            if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                members[member.name] = (member.offset_data, member.size)
    return members


def _open_tarred(path: Path, state: str, name: str) -> io.BytesIO:
    start, size = _tar_members(path, state)[name]
    if size > MOST_BYTES:
        raise Unreadable(f"claims {size:,} bytes, more than the {MOST_BYTES:,} that are read")
    with open(path, "rb") as file:
        file.seek(start)
        return io.BytesIO(file.read(size))


def common_folder(names: Sequence[str]) -> int:
    """How many leading folders all names share."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    return len(os.path.commonprefix(folders))  # noqa: RUF071 (of any sequences, here of folders)
