"""From errors of SQLite and of the system to ours: what happened, where, and what to do."""

import re
from errno import EACCES, EDQUOT, EEXIST, ELOOP, ENOENT, ENOSPC, ENOTDIR, EPERM, EROFS
from pathlib import Path
from typing import TypeAlias

import apsw

from interlock.errors import JournalCorrupt, StoreError, StoreFailed, StoreUnusable
from interlock.values import immutable


@immutable(kw_only=False)
class Cause:
    """What a kind of error means to the person who has to do something about it."""

    code: str
    words: str
    hint: str


REOPEN = "open the store anew, and resume its runs"

NOT_WRITABLE = Cause(
    "IL7013", "it cannot be written", "make the file and its folder writable, or use another path"
)
NOT_READABLE = Cause(
    "IL7021", "it cannot be read", "make the file and its folder readable for this user"
)
LOCKED = Cause(
    "IL7016",
    "another program holds a lock on it",
    "find the program with `fuser` or `lsof`, let it finish or stop it",
)
FULL = Cause("IL7017", "the disk or a quota is full", "free some space")
BROKEN = Cause("IL7004", "the disk reported an error", "look at the system's log for the disk")
NO_FILE = Cause("IL7015", "it cannot be opened", "check that its folder exists and is yours")
IN_THE_WAY = Cause(
    "IL7015", "something else stands where its locks belong", "move that away, or use another path"
)
NOT_OURS = Cause("IL7010", "it is not a SQLite database", "use another path; it is left alone")
CORRUPT = Cause(
    "IL7005",
    "its pages are damaged",
    "keep the file and its `-wal` for analysis, and restore the store from a backup",
)
ALTERED = Cause(
    "IL7026",
    "its tables are not those that Interlock makes",
    "keep the file for analysis, and restore the store from a backup; `interlock audit verify`"
    " names all that is missing or changed",
)
TOO_LARGE = Cause("IL7004", "a value is too large for it", "lower the limit on the size of values")
NO_MEMORY = Cause("IL7004", "memory ran out", "give the process more memory")
BUG = Cause("IL7004", "SQLite refused", "this is a bug in Interlock, please report it")

MISSING = re.compile("no such (table|column|index)|has no column named|because it is a view")
"""What SQLite says of a statement of ours when a table has been dropped or changed."""

# What the world does to us. Any other class of apsw means that we misused it (BUG); a test holds
# this list against the library, so that a new class cannot pass unnoticed.
CAUSES: dict[type[apsw.Error], Cause] = {
    apsw.BusyError: LOCKED,
    apsw.CantOpenError: NO_FILE,
    apsw.CorruptError: CORRUPT,
    apsw.FullError: FULL,
    apsw.IOError: BROKEN,
    apsw.LockedError: LOCKED,
    apsw.NoLFSError: TOO_LARGE,
    apsw.NoMemError: NO_MEMORY,
    apsw.NotADBError: NOT_OURS,
    apsw.PermissionsError: NOT_WRITABLE,
    apsw.ProtocolError: LOCKED,
    apsw.ReadOnlyError: NOT_WRITABLE,
    apsw.TooBigError: TOO_LARGE,
}

SYSTEM_CAUSES: dict[int, Cause] = {
    EACCES: NOT_WRITABLE,
    EDQUOT: FULL,
    EEXIST: IN_THE_WAY,
    ELOOP: NO_FILE,
    ENOENT: NO_FILE,
    ENOSPC: FULL,
    ENOTDIR: NO_FILE,
    EPERM: NOT_WRITABLE,
    EROFS: NOT_WRITABLE,
}


Failure: TypeAlias = apsw.Error | OSError | UnicodeDecodeError
"""What reading and writing a file may raise; the last, when a text in it is none."""


def cause_of(error: Failure) -> Cause:
    """Return what an error means."""
    if isinstance(error, UnicodeDecodeError):
        return CORRUPT
    if isinstance(error, OSError):
        return SYSTEM_CAUSES.get(error.errno or 0, BROKEN)
    if isinstance(error, apsw.SQLError) and MISSING.search(str(error)):
        return ALTERED
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
        return FULL  # The index of the write-ahead log finds no room: no FullError says so.
    return CAUSES.get(type(error), BUG)


def unusable(error: Failure, path: Path) -> StoreError:
    """Make the error for a store that cannot be opened."""
    cause = cause_of(error)
    kind = JournalCorrupt if cause in (CORRUPT, ALTERED) else StoreUnusable
    return kind(f"cannot open {path}: {cause.words} ({error})", hint=cause.hint, code=cause.code)


def unreadable(error: Failure, path: Path) -> StoreError:
    """Make the error for a store that cannot be opened to read it."""
    if cause_of(error) is not NOT_WRITABLE:
        return unusable(error, path)
    return StoreUnusable(
        f"cannot read {path}: {NOT_READABLE.words} ({error})",
        hint=NOT_READABLE.hint,
        code=NOT_READABLE.code,
    )


def read_failed(error: Failure, path: Path) -> StoreError:
    """Make the error for a read that failed."""
    cause = cause_of(error)
    if cause is NOT_WRITABLE:
        cause = NOT_READABLE
    kind = JournalCorrupt if cause in (CORRUPT, ALTERED) else StoreFailed
    return kind(f"cannot read {path}: {cause.words} ({error})", hint=cause.hint, code=cause.code)


def write_failed(error: Failure, path: Path) -> StoreFailed:
    """Make the error for a write that failed; the store is stopped after it."""
    cause = cause_of(error)
    return StoreFailed(
        f"cannot write {path}: {cause.words} ({error}); what was written last may or may not be "
        "on the disk",
        hint=cause.hint if cause in (CORRUPT, ALTERED) else f"{cause.hint}; then {REOPEN}",
        code=cause.code,
    )


def stopped(path: Path, first: StoreFailed) -> StoreFailed:
    """Make the error for a write after one that failed."""
    return StoreFailed(
        f"{path} takes no more writes since one failed: {first.message}",
        hint=REOPEN,
        code="IL7019",
    )
