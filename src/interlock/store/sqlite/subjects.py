"""The keys of data subjects in their table. Their bytes on pages that are free: scrubbing.py."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, final

from interlock.journal import STORE_JOURNAL
from interlock.store.sqlite.connection import Connection, array
from interlock.store.sqlite.reading import Views
from interlock.store.sqlite.sums import sum_of_row
from interlock.values import KeyId, SubjectKey

KEYS = """
SELECT id, name, key FROM subject
WHERE id IN (SELECT value FROM carray(?1)) OR name IN (SELECT value FROM carray(?2)) ORDER BY id
"""

PAGE = "SELECT id, name, key FROM subject WHERE id > ? ORDER BY id LIMIT ?"

ADD = "INSERT OR IGNORE INTO subject (id, name, key, sum) VALUES (?, ?, ?, ?)"

NEWEST_HOLD = "SELECT max(seq) FROM event WHERE run = ?"

FORGET = "DELETE FROM subject WHERE id = ?"

NO_LEAF = -1
"""What an erased key has in `unscrubbed`, where an erasure has its leaf."""

UNSCRUBBED = "INSERT OR IGNORE INTO unscrubbed (leaf) VALUES (?)"


@final
class SqliteKeyReader:
    """The keys in a file that is only read."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def find(self, *, ids: Collection[KeyId] = (), names: Collection[str] = ()) -> list[SubjectKey]:
        """Return keys; see `KeyReader.find`."""

        def ask(connection: Connection) -> list[SubjectKey]:
            return _find(connection, ids=ids, names=names)

        return self._views.ask(lambda reader: reader.ask(ask))

    def page(self, *, after: KeyId, limit: int) -> list[SubjectKey]:
        """Return some of all keys; see `KeyReader.page`."""

        def ask(connection: Connection) -> list[SubjectKey]:
            return _keys_in(connection.execute(PAGE, (after, limit)))

        return self._views.ask(lambda reader: reader.ask(ask))


@final
class SqliteKeys:
    """The keys in a file that may be written.

    Args:
        reader: reads them.
        transaction: opens a transaction of the connection that writes.
    """

    def __init__(
        self,
        reader: SqliteKeyReader,
        transaction: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._reader = reader
        self._transaction = transaction

    def find(self, *, ids: Collection[KeyId] = (), names: Collection[str] = ()) -> list[SubjectKey]:
        """Return keys; see `KeyReader.find`."""
        return self._reader.find(ids=ids, names=names)

    def page(self, *, after: KeyId, limit: int) -> list[SubjectKey]:
        """Return some of all keys; see `KeyReader.page`."""
        return self._reader.page(after=after, limit=limit)

    def add(self, keys: Sequence[SubjectKey]) -> list[SubjectKey]:
        """Add keys; see `KeyTable.add`."""
        with self._transaction() as connection:
            for each in keys:
                row = (each.id, each.name, each.key)
                connection.execute(ADD, (*row, sum_of_row(*row)))
            return _find(connection, names=[each.name for each in keys])

    def erase(self, names: Collection[str], *, holds_seen: int | None = None) -> list[KeyId] | None:
        """Delete keys; see `KeyTable.erase`."""
        with self._transaction() as connection:
            if holds_seen is not None:
                ((newest,),) = connection.execute(NEWEST_HOLD, (STORE_JOURNAL,))
                if (newest or 0) > holds_seen:
                    return None
            found = _find(connection, names=names)
            for each in found:
                each.check()
                connection.execute(FORGET, (each.id,))
            if found:
                connection.execute(UNSCRUBBED, (NO_LEAF,))
            return [each.id for each in found]


def _find(
    connection: Connection, *, ids: Collection[KeyId] = (), names: Collection[str] = ()
) -> list[SubjectKey]:
    if not ids and not names:
        return []
    return _keys_in(connection.execute(KEYS, (_array(ids), _array(names))))


def _array(texts: Collection[str]) -> object:
    """Make a table of texts; of none, with bytes, which are no id and no name of any row."""
    return array(tuple(texts) or (b"",))


def _keys_in(rows: Iterable[tuple[Any, ...]]) -> list[SubjectKey]:
    return [SubjectKey(id=KeyId(row[0]), name=row[1], key=row[2]) for row in rows]
