"""The connections that read: from any thread, never in the writer's way.

Reading steps row by row. Unlike writing, that is cheap beside a thread that is busy in Python
(0.9 us an event with and without one): a step that finds its page in memory has the GIL back
before the other thread wakes up.
"""

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from heapq import nlargest, nsmallest
from itertools import chain
from threading import Lock
from typing import Any, TypeVar, final

from interlock.audit import TILE_WIDTH
from interlock.journal import ENDED, Message, OwnerId, RunHead, RunStatus, StoredEvent
from interlock.store.leases import turn, turn_by_age
from interlock.store.sqlite.connection import Connection, array
from interlock.store.sqlite.references import value_key
from interlock.values import RunId, ValueRef

T = TypeVar("T")

IDLE_MAX = 4
"""Connections kept for the next reader. More readers at once open more, and close them again."""

EVENTS = """
SELECT seq, epoch, body, leaf, salts, erased FROM event
WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?
"""

LEAVES = """
SELECT run, seq, epoch, body, leaf, salts, erased FROM event
WHERE leaf >= ? ORDER BY leaf LIMIT ?
"""

LOG_EDGE = "SELECT size, frontier FROM log_edge"

PARTS = "SELECT hashes FROM log_part WHERE leaf BETWEEN ? AND ? ORDER BY leaf"

ROOTS = "SELECT hash FROM log_root WHERE place BETWEEN ? AND ? AND level = ? ORDER BY place"

VALUES = """
SELECT ref, data FROM blob WHERE ref IN (SELECT value FROM carray(?2))
UNION ALL
SELECT ref, data FROM value WHERE run = ?1 AND ref IN (SELECT value FROM carray(?3))
"""

COLUMNS = "run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority"

HEADS = """
SELECT {columns} FROM head WHERE run < ? {conditions} ORDER BY run DESC LIMIT ?
"""

INBOX = """
SELECT id, run, kind, body, actor, created_ms, number FROM inbox
WHERE taken = 0 AND number > ? {conditions} ORDER BY number LIMIT ?
"""

OWNED = """
SELECT {columns}, owner, expires_ms FROM lease CROSS JOIN head USING (run)
WHERE owner IS NOT NULL AND (status NOT IN (SELECT value FROM carray(?)) OR EXISTS (
  SELECT 1 FROM inbox WHERE inbox.run = head.run AND taken = 0
))
"""

FREE = """
SELECT {columns} FROM head {index} WHERE {reason} AND NOT EXISTS (
  SELECT 1 FROM lease WHERE lease.run = head.run AND owner IS NOT NULL
) ORDER BY {order} LIMIT ?2
"""

ENDED_STATUSES = tuple(sorted(ENDED))

# One question for each reason: an index that holds little else answers it, and is named where
# SQLite would take another one. ?1 is the time.
*NEEDS_AN_OWNER, NEXT_QUEUED, OLDEST_QUEUED = (
    FREE.format(columns=COLUMNS, index=index, reason=reason, order=order)
    for index, reason, order in (
        ("", "status = 'running'", "run"),
        ("INDEXED BY head_by_wake", "wake_ms <= ?1", "run"),
        ("", "run IN (SELECT run FROM inbox WHERE taken = 0) AND status <> 'queued'", "run"),
        ("INDEXED BY head_by_turn", "status = 'queued'", "priority DESC, run"),
        ("INDEXED BY head_by_status", "status = 'queued'", "run"),
    )
)

LEAF_MAX = (1 << 63) - 1

LAST = RunId("\x7f")
"""Above every run id, since ids are printable ASCII."""


@final
class Reader:
    """A pool of reading connections. Raises `apsw.Error`."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._lock = Lock()
        self._idle: list[Connection] = [connect()]
        self._closed = False

    def events(self, run: RunId, *, after: int, limit: int) -> list[StoredEvent]:
        """Return a page of events."""
        with self.connection() as connection:
            rows = connection.execute(EVENTS, (run, after, max(0, limit)))
            return [StoredEvent(*row) for row in rows]

    def leaves(self, *, first: int, limit: int) -> list[tuple[RunId, StoredEvent]]:
        """Return events in the order of the log."""
        if first > LEAF_MAX:
            return []  # After the last number that a row of a changed file can have.
        with self.connection() as connection:
            rows = connection.execute(LEAVES, (first, max(0, limit)))
            return [(RunId(row[0]), StoredEvent(*row[1:])) for row in rows]

    def log_edge(self) -> tuple[int, bytes]:
        """Return how many leaves the log has, and its peaks."""
        with self.connection() as connection:
            row = connection.execute(LOG_EDGE).fetchone()
            return (int(row[0]), bytes(row[1])) if row is not None else (0, b"")

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile of the log."""
        with self.connection() as connection:
            first = index * TILE_WIDTH
            asked = (first, first + TILE_WIDTH - 1)
            rows = (
                connection.execute(ROOTS, (*asked, level))
                if level
                else connection.execute(PARTS, asked)
            )
            return b"".join([row[0] for row in rows.fetchall()])

    def values(self, run: RunId, refs: Collection[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference, unchecked."""
        if not refs:
            return {}
        with self.connection() as connection:
            keys = {value_key(ref): ref for ref in refs}
            asked = (run, array(tuple(refs)), array(tuple(keys)))
            rows = connection.execute(VALUES, asked).fetchall()
            known: dict[str | bytes, ValueRef] = {**keys, **{ref: ref for ref in refs}}
            # The run's own come last, and win. What an index leads to on a damaged page may be
            # another value than the one that was asked for.
            return {known[key]: data for key, data in rows if key in known}

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer what is asked of a connection."""
        with self.connection() as connection:
            return question(connection)

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run."""
        found = self._heads({"run": run}, before=LAST, limit=1)
        return found[0] if found else None

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None,
        key: str | None,
        before: RunId | None,
        limit: int,
    ) -> list[RunHead]:
        """List heads, newest first."""
        equal = {} if key is None else {"key": key}
        before = LAST if before is None else before
        if statuses is None:
            return self._heads(equal, before=before, limit=limit)
        # One listing a status: the index has each in order; `status IN (...)` would sort them all.
        listings = (
            self._heads({**equal, "status": status}, before=before, limit=limit)
            for status in set(statuses)
        )
        return nlargest(limit, chain.from_iterable(listings), key=lambda head: head.run)

    def inbox(self, *, run: RunId | None, after: int, limit: int) -> list[Message]:
        """Return messages that nobody has taken, oldest first."""
        conditions, bindings = ("", ()) if run is None else (" AND run = ?", (run,))
        with self.connection() as connection:
            sql = INBOX.format(conditions=conditions)
            rows = connection.execute(sql, (after, *bindings, max(0, limit)))
            return [_message(row) for row in rows]

    def ready(
        self, *, now_ms: int, limit: int, by_age: bool, lives: Callable[[OwnerId], bool]
    ) -> list[RunHead]:
        """List runs that need an owner; `lives` tells whether an owner's process does."""
        most = max(0, limit)
        with self.connection() as connection:
            found = {
                row[0]: _head(row[:-2])
                for row in connection.execute(
                    OWNED.format(columns=COLUMNS), (array(ENDED_STATUSES),)
                ).fetchall()
                if row[-1] <= now_ms or not lives(row[-2])
            }
            for sql in (*NEEDS_AN_OWNER, OLDEST_QUEUED if by_age else NEXT_QUEUED):
                rows = connection.execute(sql, (now_ms, most)).fetchall()
                found |= {row[0]: _head(row) for row in rows}
        return nsmallest(most, found.values(), key=turn_by_age if by_age else turn)

    def close(self) -> None:
        """Close the idle connections at once, and those in use as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def connection(self) -> Generator[Connection]:
        """Lend a connection."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                kept = not self._closed and len(self._idle) < IDLE_MAX
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close(True)

    def _heads(self, equal: dict[str, str], *, before: RunId, limit: int) -> list[RunHead]:
        conditions = "".join(f" AND {column} = ?" for column in equal)
        with self.connection() as connection:
            sql = HEADS.format(columns=COLUMNS, conditions=conditions)
            rows = connection.execute(sql, (before, *equal.values(), max(0, limit)))
            return [_head(row) for row in rows]


def _head(row: Sequence[Any]) -> RunHead:
    run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority = row
    return RunHead(
        run=run,
        graph=graph,
        plan=plan,
        status=status,
        created_ms=created_ms,
        updated_ms=updated_ms,
        key=key,
        execution=execution,
        wake_ms=wake_ms,
        priority=priority,
    )


def _message(row: Sequence[Any]) -> Message:
    id_, run, kind, body, actor, created_ms, number = row
    return Message(
        id=id_,
        run=run,
        kind=kind,
        body=body,
        actor=actor,
        created_ms=created_ms,
        number=number,
    )
