"""Paths below a root folder, which nothing leaves: not by `..`, not by a link, not by a race.

Each folder on the way is opened relative to the one before it and never through a link, so that
what was checked is what is used. A path is resolved by the kernel once, one name at a time.
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

from interlock.errors import NotApplied, Permanent
from interlock.library.texts import excerpt

PATH_BYTES_MAX = 4096
NAMES_MAX = 64
RELATIVE = "write it relative to the root, which is the current folder unless the registry says so"
MISSING = "it is looked for below the root, the current folder unless the registry names another"
CHUNK_BYTES = 1 << 16

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe without a writer would block, a terminal could become ours.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class PathRefused(NotApplied, Permanent):
    """The path is not one that this root gives out."""


class PathFailed(NotApplied):
    """The operating system did not find or give what the path names."""

    def __init__(self, message: str, *, missing: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.missing = missing


@final
@dataclass(frozen=True, slots=True)
class Root:
    """A folder that files are read from and written to. It may itself be a link."""

    folder: str

    def read(self, path: str, *, bytes_max: int) -> bytes:
        """Read a regular file.

        Raises:
            PathRefused: the path leads out of the root, or the file is larger or not a file.
            PathFailed: there is no such file, or it cannot be read.
        """
        with self.parent(path) as (folder, name), failing(path):
            file = os.open(name, FILE, dir_fd=folder)
            try:
                return _contents(file, path, bytes_max=bytes_max)
            finally:
                os.close(file)

    @contextmanager
    def parent(self, path: str, *, create: bool = False) -> Generator[tuple[int, str]]:
        """Open the folder that holds a file, and give it with the name of the file in it."""
        names = names_of(path)
        if not names:
            raise PathRefused(f"`{path}` is the root itself, not a file in it", hint=RELATIVE)
        with self.open_folder("/".join(names[:-1]) or ".", create=create) as folder:
            yield folder, names[-1]

    @contextmanager
    def open_folder(self, path: str, *, create: bool = False) -> Generator[int]:
        """Open a folder.

        Raises:
            PathRefused: the path leads out of the root.
            PathFailed: there is no such folder.
        """
        with failing(path):
            folder = os.open(self.folder, FOLDER & ~os.O_NOFOLLOW)
        try:
            for name in names_of(path):
                with failing(path):
                    if create:
                        _make(name, folder)
                    folder = _step(folder, name)
            yield folder
        finally:
            os.close(folder)

    def resolved(self, path: str) -> str:
        """Give the path of a folder below the root for a program to start in."""
        with self.open_folder(path):
            return "/".join((self.folder, *names_of(path)))


def names_of(path: str) -> tuple[str, ...]:
    """Take a path apart.

    Raises:
        PathRefused: it is absolute, has `..` in it, or is no path.
    """
    shown = excerpt(path, limit=100)
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    if path.startswith("/"):
        raise PathRefused(f"`{shown}` is absolute", hint=RELATIVE)
    if ".." in names:
        told = f"`{shown}` has `..` in it, which could lead out of the root"
        raise PathRefused(told, hint=RELATIVE)
    if not path or "\0" in path:
        raise PathRefused(f"`{shown}` is no path", hint=RELATIVE)
    if len(path.encode("utf-8", "replace")) > PATH_BYTES_MAX or len(names) > NAMES_MAX:
        told = f"`{shown}` is longer than {PATH_BYTES_MAX} bytes or {NAMES_MAX} names"
        raise PathRefused(told, hint="give the registry a root that is nearer to it")
    return names


@contextmanager
def failing(path: str) -> Generator[None]:
    """Say which path an error of the operating system is about."""
    try:
        yield
    except OSError as error:
        shown = excerpt(path, limit=100)
        if error.errno == errno.ELOOP:
            told = f"`{shown}` goes through a link; links are not followed"
            raise PathRefused(told, hint="name what the link leads to") from error
        told, missing = f"`{shown}`: {error.strerror or error}", error.errno == errno.ENOENT
        raise PathFailed(told, missing=missing, hint=MISSING if missing else "") from error


def _step(folder: int, name: str) -> int:
    """Open a folder inside a folder, and close the outer one."""
    try:
        inner = os.open(name, FOLDER, dir_fd=folder)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, "it is a link") from None
        raise
    os.close(folder)
    return inner


def _make(name: str, folder: int) -> None:
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        return
    os.fsync(folder)


def _contents(file: int, path: str, *, bytes_max: int) -> bytes:
    found = os.fstat(file)
    shown = excerpt(path, limit=100)
    if not stat.S_ISREG(found.st_mode):
        told = f"`{shown}` is not a regular file"
        raise PathRefused(told, hint="`files.list` shows what is in a folder")
    parts: list[bytes] = []
    left = bytes_max + 1
    while left > 0 and (part := os.read(file, min(CHUNK_BYTES, left))):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        told = f"`{shown}` has more than {bytes_max:,} bytes"
        raise PathRefused(told, hint="raise `bytes_max`")
    return b"".join(parts)
