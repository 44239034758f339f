"""Looking at a journal file without changing it: is it whole, and who is at work on it?"""

import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw

from interlock.journal import OwnerId
from interlock.store.health import StoreHealth
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.failures import read_failed, unusable
from interlock.store.sqlite.locks import Locks
from interlock.store.sqlite.opening import (
    beside,
    check_header,
    check_place,
    check_version,
    open_reader,
    real_path,
)
from interlock.store.sqlite.schema import MIGRATIONS, version_of
from interlock.values import RunId

PROBLEMS_MAX = 10
HELD = "SELECT run, owner FROM lease WHERE owner IS NOT NULL"


def examine(path: str) -> StoreHealth:
    """Read every page of a journal file, and say what is wrong and how large it is.

    Raises:
        StoreUnusable: it cannot be opened; says why.
        JournalCorrupt: it is damaged so much that it cannot be read at all.
    """
    file = real_path(path)
    with _reading(file) as connection:
        rows = connection.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})").fetchall()
        problems = tuple(str(row[0]) for row in rows if row[0] != "ok")
        events = _count(connection, "event")
        runs = _count(connection, "head")
        version = version_of(connection)
    return StoreHealth(
        problems=problems,
        version=version,
        version_known=len(MIGRATIONS),
        events=events,
        runs=runs,
        bytes=sum(_size(place) for place in (file, beside(file, "-wal"))),
        bytes_free=shutil.disk_usage(file.parent).free,
        driven=living_owners(path),
    )


def living_owners(path: str) -> dict[RunId, OwnerId]:
    """Name the runs whose lease is held by a process that is alive, with that owner.

    Raises:
        StoreUnusable: the file cannot be opened; says why.
    """
    file = real_path(path)
    with _reading(file) as connection:
        held = [(RunId(run), OwnerId(owner)) for run, owner in connection.execute(HELD).fetchall()]
    if not held:
        return {}
    locks = Locks(beside(file, "-locks"))
    try:
        with locks.commit():
            return {run: owner for run, owner in held if locks.is_alive(owner)}
    finally:
        locks.close()


@contextmanager
def _reading(file: Path) -> Generator[Connection]:
    with ExitStack() as undo:
        try:
            check_place(file)
            check_header(file)
            connection = open_reader(file)
        except (apsw.Error, OSError) as error:
            raise unusable(error, file) from error
        undo.callback(connection.close, True)
        try:
            check_version(file, version_of(connection))
            yield connection
        except apsw.Error as error:
            raise read_failed(error, file) from error


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name of ours
    return int(row[0]) if row is not None else 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
