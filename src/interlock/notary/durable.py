"""Files that are whole at any time, and stay what they are."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
PRIVATE = 0o600
PUBLIC = 0o644
PRIVATE_FOLDER = 0o700


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Replace a file; when this returns, the new one is there even after a loss of power.

    Whoever reads at any time, or after a crash at any point, finds the old file or the new one,
    whole. The file is for its owner alone, unless `mode` says otherwise.
    """
    _write_part(path, data, mode).replace(path)
    sync_folder(path.parent)


def make_file(path: Path, data: bytes, *, mode: int = PRIVATE, syncs_folder: bool = True) -> None:
    """Make a file where there is none; the same holds as for `replace_file`.

    Without `syncs_folder` it is the caller who makes its name last, for many files at once.

    Raises:
        FileExistsError: there is one; it is left alone.
    """
    part = _write_part(path, data, mode)
    try:
        os.link(part, path)
    finally:
        part.unlink()
    if syncs_folder:
        sync_folder(path.parent)


def make_folders(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are not there; they are there for good."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Keep others out, in this process and elsewhere, who ask for the same lock; wait for them."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_part(path: Path, data: bytes, mode: int) -> Path:
    """Write the file that becomes another one. Nobody else can read it, not even meanwhile.

    A part that a crash left, or that somebody put there to look into it, is not written into.
    """
    part = path.with_name(path.name + PART)
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(part, flags, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    except OSError as error:
        # A full disk names no file by itself.
        error.filename = error.filename or str(path)
        part.unlink(missing_ok=True)
        raise
    return part
