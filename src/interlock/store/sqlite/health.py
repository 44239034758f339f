"""Looking at a journal file without changing it: is it whole, and who is at work on it?"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from interlock.errors import StoreUnusable
from interlock.journal import OwnerId
from interlock.store.health import StoreHealth
from interlock.store.protocol import ReadStore
from interlock.store.sqlite.answers import open_to_read
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.digests import changed_values
from interlock.store.sqlite.locks import is_alive
from interlock.store.sqlite.opening import beside, check_place, is_journal, real_path
from interlock.store.sqlite.reader import Reader
from interlock.store.sqlite.reading import views_of
from interlock.store.sqlite.schema import FORMAT, format_of
from interlock.store.sqlite.structure import wrong_names
from interlock.store.sqlite.sums import changed_rows
from interlock.values import RunId

T = TypeVar("T")
PROBLEMS_MAX = 10
FILES_MAX = 1_000
COUNTED = ("event", "head", "value", "blob", "unscrubbed")
HELD = "SELECT run, owner FROM lease WHERE owner IS NOT NULL"


def examine(path: str) -> StoreHealth:
    """Read every page, row and value of a journal file; say what is wrong and how large it is.

    Raises:
        StoreUnusable: it cannot be read; says why.
        JournalCorrupt: it is damaged so much that it cannot be read at all.
    """
    file = real_path(path)
    with closing(open_to_read(path)) as store:
        problems, version, counts = _asked(file, partial(_found_and_counts, store=store))
    return StoreHealth(
        problems=problems,
        version=version,
        version_known=FORMAT,
        events=counts["event"],
        runs=counts["head"],
        values=counts["value"] + counts["blob"],
        unscrubbed=counts["unscrubbed"],
        bytes=sum(_size(place) for place in (file, beside(file, "-wal"))),
        bytes_free=shutil.disk_usage(file.parent).free,
        driven=living_owners(path),
        unwritable=_unwritable(file),
    )


def _found_and_counts(
    reader: Reader, *, store: ReadStore
) -> tuple[tuple[str, ...], int, dict[str, int]]:
    with reader.connection() as connection:
        rows = connection.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})").fetchall()
        problems = [str(row[0]) for row in rows if row[0] != "ok"]
        version = format_of(connection)
        if not problems:
            problems += wrong_names(connection)
        if not problems:
            problems += changed_rows(connection, PROBLEMS_MAX)
            problems += changed_values(connection, store, PROBLEMS_MAX - len(problems))
        return tuple(problems), version, {table: _count(connection, table) for table in COUNTED}


def _unwritable(file: Path) -> str:
    try:
        check_place(file)
    except StoreUnusable as error:
        return f"{error.code} {error.message}"
    return ""


def living_owners(path: str) -> dict[RunId, OwnerId]:
    """Name the runs whose lease is held by a process that is alive, with that owner.

    Raises:
        StoreUnusable: the file cannot be read; says why.
    """
    file = real_path(path)
    locks = beside(file, "-locks")
    return {run: owner for run, owner in _asked(file, _held) if is_alive(locks, owner)}


def _held(reader: Reader) -> list[tuple[RunId, OwnerId]]:
    with reader.connection() as connection:
        rows = connection.execute(HELD).fetchall()
        return [(RunId(run), OwnerId(owner)) for run, owner in rows]


def journals_in(folder: Path) -> list[Path]:
    """Find the journal files of a folder, among its first files."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in islice(entries, FILES_MAX)]
    except OSError:
        return []
    return sorted(path for path in found if is_journal(path))


def _asked(file: Path, question: Callable[[Reader], T]) -> T:
    views = views_of(file)
    try:
        return views.ask(question)
    finally:
        views.close()


def _count(connection: Connection, table: str) -> int:
    """Count the rows of a table; one that is not there is told of as a problem."""
    there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    if connection.execute(there, (table,)).fetchone() is None:
        return 0
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name of ours
    return int(row[0]) if row is not None else 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
