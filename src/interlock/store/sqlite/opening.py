"""From a path to connections: what speaks against a file is found before it is touched."""

import os
from collections.abc import Iterable
from pathlib import Path

import apsw

from interlock.errors import JournalCorrupt, StoreUnusable
from interlock.store.sqlite.connection import Connection, connect, first_bytes
from interlock.store.sqlite.failures import CORRUPT
from interlock.store.sqlite.schema import (
    APPLICATION_ID,
    FORMAT,
    format_of,
    make_tables,
)

MAGIC = b"SQLite format 3\x00"
HEADER_BYTES = 100
BUSY_MS = 10_000
LOOKS_MAX = 5
"""At a file that others make and remove while they open and close a journal."""

WAL_BYTES_MAX = 64 * 1024 * 1024
"""A log that grew beyond this, because a reader stood in the way, is cut after its checkpoint."""

MOUNTS = Path("/proc/self/mounts")
# A journal needs locks and shared memory that all its users see. These promise neither, or break
# their promise.
NETWORK_TYPES = frozenset(
    [
        "9p",
        "afpfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb3",
        "smbfs",
    ]
)


def real_path(path: str) -> Path:
    """Follow links: all who open a file must meet at the same locks.

    Raises:
        StoreUnusable: the links go round in a circle, or it is no path at all.
    """
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # A circle is a RuntimeError up to 3.12.
        hint = "check its spelling, and where its links lead"
        raise refused(path, f"it is no path ({error})", hint=hint, code="IL7015") from error


def check_place(path: Path) -> None:
    """Refuse a path where no journal can be kept; make its folder when only that is missing.

    Raises:
        StoreUnusable: says why, and what to do.
        OSError: the folder cannot be made.
    """
    check_kind(path)
    folder = path.parent
    if not folder.is_dir():
        if not folder.parent.is_dir():
            reason, hint = f"there is no folder {folder}", f"make it: mkdir -p {folder}"
            raise refused(path, reason, hint=hint, code="IL7015")
        folder.mkdir(exist_ok=True)
        sync_folder(folder)  # A power loss could else take it away, and the journal in it.
    kind = network_type(folder, _mounts())
    if kind is not None:
        raise refused(
            path,
            f"its folder is on a network file system ({kind}), where locks cannot be trusted",
            hint="put the journal on a local disk; to share one between machines, use PostgreSQL",
            code="IL7014",
        )
    for place, what in ((folder, "its folder"), (path, "it")):
        if place.exists() and not os.access(place, os.W_OK, effective_ids=True):
            hint = f"make {place} writable for this user, or use another path"
            raise refused(path, f"{what} cannot be written", hint=hint, code="IL7013")
    check_access(path, (path,))


def check_access(path: Path, places: Iterable[Path]) -> None:
    """Refuse a path of which something that is there cannot be read.

    Raises:
        StoreUnusable: says what.
    """
    for place in places:
        if not any(_readable_or_absent(place) for _ in range(LOOKS_MAX)):
            hint = f"make {place} readable for this user"
            raise refused(path, f"{place.name} cannot be read", hint=hint, code="IL7021")


def _readable_or_absent(place: Path) -> bool:
    # In this order: a file that is removed after the first question is absent in the second. One
    # that is made between them, or gets its permissions then, is readable at the next look.
    return os.access(place, os.R_OK, effective_ids=True) or not place.exists()


def check_kind(path: Path) -> None:
    """Refuse what is there and is no file.

    Raises:
        StoreUnusable: says what it is.
    """
    if path.is_dir():
        hint = f"name a file in it: {path}/journal.db"
        raise refused(path, "it is a directory", hint=hint, code="IL7015")
    if path.exists() and not path.is_file():
        hint = "use another path; a device or a pipe keeps nothing"
        raise refused(path, "it is no regular file", hint=hint, code="IL7015")


def check_header(path: Path) -> None:
    """Refuse a file that is not ours, by its first bytes, without opening it as a database.

    Raises:
        StoreUnusable: it is no database, or another program's.
        JournalCorrupt: not even its header is whole.
        apsw.Error: it cannot be read.
    """
    # A creation that was cut short leaves a rollback journal: until SQLite has played it back, the
    # first bytes say nothing.
    if not path.exists() or beside(path, "-journal").exists():
        return
    header = first_bytes(path, HEADER_BYTES)
    if not header:
        return
    if not header.startswith(MAGIC):
        raise refused(
            path,
            f"it is not a SQLite database (it begins with {header[:16]!r})",
            hint="use another path; the file is left alone",
            code="IL7010",
        )
    if len(header) < HEADER_BYTES:
        raise _damaged(path, f"it ends after {len(header)} bytes, in the middle of its header")
    _check_identity(path, _application(header))


def is_journal(path: Path) -> bool:
    """Tell by its first bytes whether a file is a journal of ours."""
    try:
        header = first_bytes(path, HEADER_BYTES) if path.is_file() else b""
    except (apsw.Error, OSError):
        return False
    return header.startswith(MAGIC) and _application(header) == APPLICATION_ID


def beside(path: Path, suffix: str) -> Path:
    """Name a companion of a journal file."""
    return path.with_name(path.name + suffix)


def open_writer(path: Path) -> Connection:
    """Connect for writing; a new file gets its tables. Needs the commit lock.

    Raises:
        StoreUnusable: the file is not ours, or of another format.
        JournalCorrupt: it has a format that never was.
        apsw.Error: SQLite cannot open it.
    """
    connection = connect(str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    try:
        configure(connection)
        # EXTRA also syncs the folder when the creation's rollback journal is removed. At FULL a new
        # file could be lost whole, under a strict model of power loss, after commits that were
        # acknowledged (test_power_loss).
        connection.pragma("synchronous", "extra")
        if connection.pragma("page_count"):
            _check_identity(path, int(connection.pragma("application_id")))
            check_format(path, format_of(connection))
        else:
            make_tables(connection)
        mode = connection.pragma("journal_mode", "wal")
        if mode != "wal":
            hint = "put the journal on a local disk that has shared memory and locks"
            reason = f"a write-ahead log cannot be had there ({mode=})"
            raise refused(path, reason, hint=hint, code="IL7003")
        connection.pragma("synchronous", "full")
        connection.pragma("journal_size_limit", WAL_BYTES_MAX)
    except BaseException:
        connection.close(True)
        raise
    return connection


def open_reader(path: Path) -> Connection:
    """Connect for reading only.

    Raises:
        apsw.Error: SQLite cannot open it.
    """
    # Read-write, since readers of a log keep their marks in shared memory.
    connection = connect(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    configure(connection)
    connection.pragma("query_only", True)
    return connection


def network_type(folder: Path, mounts: Iterable[str]) -> str | None:
    """Return the type of the network file system that a folder is on, if it is on one.

    Args:
        folder: a real path.
        mounts: lines of `/proc/self/mounts`: device, place, type ...
    """
    best, kind = "", ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = _unescaped(fields[1])
        # A later mount on the same place hides an earlier one.
        if folder.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, fields[2]
    return kind if kind in NETWORK_TYPES else None


def sync_folder(path: Path) -> None:
    """Make the entries of a file's folder durable."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def configure(connection: Connection) -> None:
    """Set what holds for every connection."""
    connection.set_busy_timeout(BUSY_MS)
    # A file may come from a stranger: its schema must not run functions or damage itself.
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.pragma("temp_store", "memory")
    connection.pragma("fullfsync", True)  # On macOS a plain fsync leaves data in the drive's cache.
    connection.pragma("checkpoint_fullfsync", True)


def _application(header: bytes) -> int:
    return int.from_bytes(header[68:72], "big")


def _check_identity(path: Path, application: int) -> None:
    if application != APPLICATION_ID:
        raise refused(
            path,
            f"it is another program's SQLite database (application id {application:#010x})",
            hint="use another path; the file is left alone",
            code="IL7011",
        )


def check_format(path: Path, number: int) -> None:
    """Refuse a format that is not ours.

    Raises:
        StoreUnusable: it is of another version of Interlock.
        JournalCorrupt: there never was such a format.
    """
    if number > FORMAT:
        raise refused(
            path,
            f"it has format {number}, and this Interlock reads format {FORMAT}",
            hint="install the Interlock that wrote it, or a newer one",
            code="IL7012",
        )
    if number < 1:
        raise _damaged(path, f"it says that it has format {number}, which never was")
    if number < FORMAT:
        raise refused(
            path,
            f"it has format {number}, of a version before the first release, and this Interlock"
            f" reads format {FORMAT}",
            hint="begin a new journal: use another path",
            code="IL7012",
        )


def refused(path: Path | str, reason: str, *, hint: str, code: str) -> StoreUnusable:
    """Make the error for a path that is not opened."""
    return StoreUnusable(f"cannot open {path}: {reason}", hint=hint, code=code)


def _damaged(path: Path, reason: str) -> JournalCorrupt:
    return JournalCorrupt(f"cannot open {path}: {reason}", hint=CORRUPT.hint)


def _mounts() -> list[str]:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []  # Not Linux: SQLite's own checks must do.


def _unescaped(place: str) -> str:
    r"""Undo the octal escapes of a mount table: `\040` is a space."""
    head, *rest = place.split("\\")
    return head + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)
