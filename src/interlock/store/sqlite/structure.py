"""What stands in a journal file beside its rows: is it what Interlock makes, and is it all there?

The tables, columns and indexes of a file are compared with those of a new one that is made in
memory, so there is no second list of them that could differ from the first. Spaces and line breaks
do not count: how the statements of schema.py are laid out may change without a new format.

Transactional actions make tables of their own in the file. So a table or view with another name is
no fault: it is only told. Triggers and virtual tables are never theirs (transactions.py).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import apsw

from interlock.audit import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from interlock.store.health import StoreStructure
from interlock.store.sqlite.connection import Connection, connect
from interlock.store.sqlite.opening import real_path
from interlock.store.sqlite.reader import LAST, Reader
from interlock.store.sqlite.reading import views_of
from interlock.store.sqlite.returned import returned_values
from interlock.store.sqlite.schema import make_tables
from interlock.values import immutable

PAGES = "PRAGMA integrity_check(1)"
NAMED = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
SPACES = re.compile(r"\s*([(),])\s*|\s+")
VIRTUAL = re.compile(r"create virtual ", re.IGNORECASE)
OF_SQLITE = "sqlite_"

EDGES = "SELECT size FROM log_edge"

# Each row begins where the one before it ends, the first at 0, the last one ends with the log; and
# no row goes beyond its tile.
PARTS = f"""
SELECT leaf FROM (
  SELECT leaf, length(hashes) AS bytes, lead(leaf, 1, ?1) OVER (ORDER BY leaf) AS next,
    lag(leaf, 1, -1) OVER (ORDER BY leaf) AS before
  FROM log_part
) WHERE bytes <> (next - leaf) * {HASH_BYTES} OR bytes = 0 OR (before = -1 AND leaf <> 0)
  OR leaf / {TILE_WIDTH} <> (next - 1) / {TILE_WIDTH}
ORDER BY leaf LIMIT 1
"""  # noqa: S608 - numbers of ours

ROOTS = f"""
SELECT level, place FROM log_root
WHERE level < 1 OR level > 7 OR place < 0 OR place >= ?1 >> ({TILE_HEIGHT} * level)
  OR length(hash) <> {HASH_BYTES}
ORDER BY level, place LIMIT 1
"""  # noqa: S608 - numbers of ours


# A listing ends before them, but a key that they have is taken.
UNLISTED = "SELECT run FROM head WHERE run >= ? ORDER BY run LIMIT 1"

# A walk over all keys begins after it.
NO_ID = "SELECT 1 FROM subject WHERE id = ''"


@immutable()
class Named:
    """A table, index, trigger or view, as a file has it."""

    kind: str
    name: str
    table: str
    sql: str

    def words(self) -> str:
        """Name it."""
        of_table = f" of `{self.table}`" if self.kind in ("index", "trigger") else ""
        return f"{self.kind} `{self.name}`{of_table}"


def inspect(path: str) -> StoreStructure:
    """Say what in a journal file is not as Interlock makes it, and what is there beside it.

    Raises:
        StoreUnusable: it cannot be read; says why.
        StoreFailed, JournalCorrupt: reading failed.
    """
    views = views_of(real_path(path))
    try:
        return views.ask(_inspected)
    finally:
        views.close()


def _inspected(reader: Reader) -> StoreStructure:
    with reader.connection() as connection:
        connection.execute("BEGIN")  # All that is looked at is of one moment.
        try:
            found = _names_in(connection)
            problems = [*wrong_names(connection), *_wrong_pages(connection)]
            if not problems:
                problems += [*_wrong_log(connection), *_unlisted(connection)]
                problems += returned_values(connection)
            return StoreStructure(problems=tuple(problems), beside=tuple(_beside(found)))
        finally:
            if connection.in_transaction:  # Some errors end it.
                connection.execute("ROLLBACK")


def wrong_names(connection: Connection) -> Iterator[str]:
    """Say which tables, indexes and triggers are not those of a new file."""
    made, found = _made(), _names_in(connection)
    for key, ours in made.items():
        if key not in found:
            yield f"{ours.words()} is not there"
        elif found[key] != ours:
            yield f"{ours.words()} is not as Interlock makes it"
    tables = {name.lower() for kind, name in made if kind == "table"}
    for key, other in found.items():
        if key not in made and not _is_of_others(other, tables):
            yield f"{other.words()} is not Interlock's"


def _is_of_others(other: Named, tables: set[str]) -> bool:
    """Whether an action can have made it, or SQLite for a table of an action."""
    if other.kind == "index":
        return other.table.lower() not in tables
    return other.kind in ("table", "view") and VIRTUAL.match(other.sql) is None


def _beside(found: dict[tuple[str, str], Named]) -> Iterator[str]:
    for key, other in found.items():
        is_kept = other.kind in ("table", "view") and not other.name.startswith(OF_SQLITE)
        if is_kept and key not in _made():
            yield other.words()


def _wrong_pages(connection: Connection) -> Iterator[str]:
    """Ask SQLite whether tables and indexes have the same rows, on pages that are sound."""
    rows = connection.execute(PAGES).fetchall()
    yield from (" ".join(str(row[0]).split()) for row in rows if row[0] != "ok")


def _wrong_log(connection: Connection) -> Iterator[str]:
    """Look at rows of the log that no tile shows, and that those to come would meet."""
    edges = connection.execute(EDGES).fetchall()
    if len(edges) != 1:
        yield f"table `log_edge` has {len(edges)} rows instead of 1"
        return
    (size,) = edges[0]
    for (leaf,) in connection.execute(PARTS, (size,)).fetchall():
        yield f"row {leaf} of table `log_part` does not continue the log"
    for level, place in connection.execute(ROOTS, (size,)).fetchall():
        yield f"row {place} of level {level} of table `log_root` is of no tile"


def _unlisted(connection: Connection) -> Iterator[str]:
    for (run,) in connection.execute(UNLISTED, (LAST,)).fetchall():
        yield f"row {str(run)!a:.80} of table `head` is of no run"
    if connection.execute(NO_ID).fetchone() is not None:
        yield "a row of table `subject` has no id"


def _names_in(connection: Connection) -> dict[tuple[str, str], Named]:
    rows: list[tuple[Any, ...]] = connection.execute(NAMED).fetchall()
    return {
        (str(kind), str(name)): Named(
            kind=str(kind), name=str(name), table=str(table), sql=_normal(str(sql))
        )
        for kind, name, table, sql in rows
    }


@cache
def _made() -> dict[tuple[str, str], Named]:
    """Make a new file in memory, and say what is in it."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = connect(":memory:", flags=flags)
    try:
        make_tables(connection)
        return _names_in(connection)
    finally:
        connection.close()


def _normal(sql: str) -> str:
    return SPACES.sub(lambda found: found[1] or " ", sql).strip()
