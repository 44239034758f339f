"""Opening a journal to read it only: nothing is made or changed, and no writer has to wait.

How depends on what stands beside the file.

- No `-wal`: whoever had it open closed it in order, and all is in the file. It is opened as
  `immutable`, which needs neither locks nor files beside it. Never where there is a log: SQLite
  would leave the log out, and with it what was committed last.
- A `-wal`, and a `-shm` that a process has locked: it has it open. SQLite takes its usual locks, so
  that a writer may go on meanwhile; `readonly_shm` keeps it from changing the index of the log.
- A `-wal` alone, as in a copy, or beside the `-shm` of a process that died: nobody has it open. The
  index is made in memory, which SQLite does when it believes that it is alone
  (`locking_mode=exclusive`, without locks). With `readonly_shm` it would do so as well, but gives
  up after ten seconds when no commit in the log is whole, as a power loss may leave it.
- A `-wal`, and a `-shm` that a process has locked but not made an index of yet, since it is only
  opening the journal. Who must not write it cannot make it, and SQLite says so at once. All that
  was committed is in the log, as if it stood there alone, and so it is read.

A connection that takes no locks does not notice a writer that comes later. So before an
answer is believed, the files are looked at again; if they have changed, the question is asked anew.

All connections of a process share one opening of the `-shm`. If a reader came first, it cannot be
written, and a writer of this process would be refused every commit. So while a writer opens, what
is open here is closed (`set_aside`), and opened anew for the next question.
"""

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Condition, Lock
from typing import TypeAlias, TypeVar, final
from weakref import WeakSet

import apsw

from interlock.errors import JournalCorrupt, NoJournal, StoreFailed, UsageError
from interlock.store.sqlite.connection import Connection, connect
from interlock.store.sqlite.failures import read_failed, unreadable
from interlock.store.sqlite.log import check_log
from interlock.store.sqlite.opening import (
    beside,
    check_access,
    check_format,
    check_header,
    check_kind,
    configure,
)
from interlock.store.sqlite.reader import Reader
from interlock.store.sqlite.schema import format_of
from interlock.values import immutable

T = TypeVar("T")
Stamp: TypeAlias = tuple[int, int, int]
Stamps: TypeAlias = tuple[Stamp | None, Stamp | None, bool]

LOCKS = Path("/proc/locks")
LOCK_FIELDS = 8
IN_USE_BYTE = 128
"""Of the `-shm`: SQLite's format of locks puts it behind those of the log."""

TRIES_MAX = 5
"""A writer that comes or goes costs one more try; while it is there, the locks are shared."""


@immutable()
class View:
    """Connections, and whether what they say can be believed."""

    reader: Reader
    is_current: Callable[[], bool]


@final
class Views:
    """Asks questions of a journal file, anew when a writer came while they were answered."""

    def __init__(self, path: Path, make: Callable[[], View]) -> None:
        self.path = path
        self._make = make
        self._process = os.getpid()
        self._changed = Condition()
        self._asking = 0
        self._closed = False
        self._view: View | None = make()

    def ask(self, question: Callable[[Reader], T]) -> T:
        """Answer a question.

        Raises:
            StoreFailed, JournalCorrupt: the file cannot be read.
            UsageError: it is closed, or was opened by another process.
        """
        try:
            return self._answered(question)
        except (apsw.Error, OSError, UnicodeDecodeError) as error:
            raise read_failed(error, self.path) from error

    def _answered(self, question: Callable[[Reader], T]) -> T:
        for _ in range(TRIES_MAX):
            with self._viewed() as view:
                try:
                    answer = question(view.reader)
                except (apsw.Error, UnicodeDecodeError) as error:
                    # Who only reads could want to write nothing but an index that is not made.
                    if view.is_current() and not isinstance(error, apsw.ReadOnlyError):
                        raise
                else:
                    if view.is_current():
                        return answer
            self._drop(view)
        raise restless(self.path)

    def close(self) -> None:
        """Close the connections."""
        with self._changed:
            self._closed = True
            if self._view is not None:
                self._view.reader.close()

    @contextmanager
    def set_aside(self) -> Generator[None]:
        """Close the connections once all questions are answered; let none be asked meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._asking == 0)
            if self._view is not None:
                self._view.reader.close()
                self._view = None
            yield

    @contextmanager
    def _viewed(self) -> Generator[View]:
        with self._changed:
            if self._closed:
                raise UsageError("the store is closed", hint="open it again with `open_store`")
            if os.getpid() != self._process:
                raise forked(self.path, self._process)
            view = self._view = self._view or self._make()
            self._asking += 1
        try:
            yield view
        finally:
            with self._changed:
                self._asking -= 1
                self._changed.notify_all()

    def _drop(self, stale: View) -> None:
        with self._changed:
            if self._view is stale and not self._closed:
                self._view = None
                stale.reader.close()


READING: WeakSet[Views] = WeakSet()
"""What is open in this process to be read only."""

OPENING = Lock()
"""Held while a file is opened here: a reader that comes with a writer must not come first."""


@contextmanager
def set_aside(path: Path) -> Generator[None]:
    """Close what reads a file in this process while a writer opens it."""
    with OPENING, ExitStack() as aside:
        for views in list(READING):
            if views.path == path:
                aside.enter_context(views.set_aside())
        yield


def forked(path: Path, process: int) -> UsageError:
    """Make the error for a store that is used in a fork of its process."""
    return UsageError(
        f"{path} was opened by process {process}, and this is its fork",
        hint="open the store again in the new process; SQLite does not survive a fork",
    )


def restless(path: Path) -> StoreFailed:
    """Make the error for a file that changes faster than it can be read."""
    return StoreFailed(
        f"cannot read {path}: it was changed each time while it was read",
        hint="read it again when its writers have come to rest",
    )


def views_of(path: Path) -> Views:
    """Open a journal file to read it.

    Raises:
        StoreUnusable: it is not there, is no journal, or cannot be read; says why.
        StoreFailed: it was changed each time while it was opened.
        JournalCorrupt: its first pages are damaged.
    """
    try:
        check_there(path)
        check_header(path)
        with OPENING:
            views = Views(path, lambda: _view_of(path))
            READING.add(views)
        return views
    except (apsw.Error, OSError, UnicodeDecodeError) as error:
        raise unreadable(error, path) from error


def check_there(path: Path) -> None:
    """Refuse what has no journal in it yet, or cannot be read.

    Raises:
        StoreUnusable: says why.
        OSError: it cannot be told.
    """
    check_kind(path)
    if not path.exists():
        hint = "`interlock run` makes one; or name the one that you mean"
        raise NoJournal(f"there is no journal at {path}", hint=hint)
    unfinished = "`interlock run` finishes it; or name the one that you mean"
    # Before the rollback journal, which is there from the first byte of the file to the last.
    size = path.stat().st_size
    if beside(path, "-journal").exists():
        told = f"the making of {path} was not finished: no run is in it"
        raise NoJournal(told, hint=unfinished)
    if not size:
        raise NoJournal(f"there is no journal in {path} yet: it is empty", hint=unfinished)
    check_access(path, (path, beside(path, "-wal"), beside(path, "-shm")))


def _view_of(path: Path) -> View:
    """Open it as it stands there; anew, when a writer comes or goes meanwhile."""
    for _ in range(TRIES_MAX):
        seen = _stamps(path)
        try:
            return _view_as(path, seen)
        except apsw.Error:
            if _stamps(path) == seen:
                raise
    raise restless(path)


def _view_as(path: Path, seen: Stamps) -> View:
    def is_unchanged() -> bool:
        return _stamps(path) == seen

    if seen[1] is None:
        return View(reader=_reader(path, "immutable=1"), is_current=is_unchanged)
    if seen[2] and is_open(beside(path, "-shm")):
        try:
            return View(reader=_reader(path, "readonly_shm=1"), is_current=lambda: True)
        except apsw.ReadOnlyError:
            is_deserted = not is_open(beside(path, "-shm"))
    else:
        is_deserted = True
    if is_deserted:
        _check_log(path, seen)
    reader = _reader(path, "vfs=unix-none", is_alone=True)
    return View(reader=reader, is_current=is_unchanged)


def _reader(path: Path, how: str, *, is_alone: bool = False) -> Reader:
    return Reader(lambda: _connect(path, how, is_alone=is_alone))


def _check_log(path: Path, seen: Stamps) -> None:
    """Refuse a log that has lost commits, unless a writer has come while we looked."""
    try:
        check_log(path)
    except JournalCorrupt:
        if _stamps(path) == seen and not is_open(beside(path, "-shm")):
            raise


def _connect(path: Path, how: str, *, is_alone: bool) -> Connection:
    """Connect for reading only.

    Raises:
        StoreUnusable: the file is of another format.
        JournalCorrupt: it has a format that never was.
        apsw.Error: SQLite cannot open it.
    """
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = connect(f"{path.as_uri()}?mode=ro&{how}", flags=flags)
    try:
        # Or the last one to close it would fold the log into the file.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        if is_alone:
            connection.pragma("locking_mode", "exclusive")
        configure(connection)
        check_format(path, format_of(connection))
    except BaseException:
        connection.close(True)
        raise
    return connection


def is_open(shm: Path) -> bool:
    """Tell whether a process, this one or another, has a journal open.

    If that cannot be told, one may have. Whoever has it open holds a lock on one byte of the index
    of its log. The kernel's list is asked, since a process that opens and closes a file to look at
    its locks loses its own on it. It is asked twice, since it may skip a line while it changes.
    """
    try:
        inode = shm.stat().st_ino
        lines = [line for _ in range(2) for line in LOCKS.read_text("ascii").splitlines()]
    except FileNotFoundError:
        return shm.exists()
    return any(_is_of_user(line.split(), inode) for line in lines)


def _is_of_user(fields: list[str], inode: int) -> bool:
    """Whether a line of the kernel's list is `N: POSIX ADVISORY READ pid device:inode from to`."""
    if len(fields) != LOCK_FIELDS or fields[1] != "POSIX":
        return False
    *_, place, first, last = fields
    if int(place.rpartition(":")[2]) != inode:
        return False
    return int(first) <= IN_USE_BYTE and (last == "EOF" or int(last) >= IN_USE_BYTE)


def _stamps(path: Path) -> Stamps:
    """What stands on the disk: equal as long as nobody writes."""
    return _stamp(path), _stamp(beside(path, "-wal")), beside(path, "-shm").exists()


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
