"""How much there is of what in a journal file."""

from interlock.store.health import StoreSize
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.opening import beside, real_path
from interlock.store.sqlite.reader import Reader
from interlock.store.sqlite.reading import views_of

EVENTS = """
SELECT count(*), coalesce(sum(length(body) + length(salts) + length(erased)), 0),
  count(*) FILTER (WHERE length(body) = 0)
FROM event
"""

VALUES = """
SELECT count(*), coalesce(sum(size), 0) FROM (
  SELECT length(data) AS size FROM value UNION ALL SELECT length(data) FROM blob
)
"""


def measure(path: str) -> StoreSize:
    """Count events and values of a journal file, and their bytes.

    Raises:
        StoreUnusable: it cannot be read; says why.
        StoreFailed, JournalCorrupt: reading failed.
    """
    file = real_path(path)
    views = views_of(file)
    try:
        (events, event_bytes, emptied), (values, value_bytes) = views.ask(_counts)
    finally:
        views.close()
    places = (file, beside(file, "-wal"))
    return StoreSize(
        events=events,
        event_bytes=event_bytes,
        events_emptied=emptied,
        values=values,
        value_bytes=value_bytes,
        bytes=sum(place.stat().st_size for place in places if place.exists()),
    )


def _counts(reader: Reader) -> tuple[tuple[int, int, int], tuple[int, int]]:
    with reader.connection() as connection:
        one = _row(connection, EVENTS)
        two = _row(connection, VALUES)
    return (one[0], one[1], one[2]), (two[0], two[1])


def _row(connection: Connection, sql: str) -> tuple[int, ...]:
    return connection.execute(sql).fetchall()[0]
