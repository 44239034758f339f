"""The connections that read: from any thread, never in the writer's way.

Reading steps row by row. Unlike writing, that is cheap beside a thread that is busy in Python
(0.9 us an event with and without one): a step that finds its page in memory has the GIL back
before the other thread wakes up.
"""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from heapq import nlargest
from itertools import chain
from threading import Lock
from typing import final

from interlock.journal import RunHead, RunStatus, StoredEvent
from interlock.store.sqlite.connection import Connection, array
from interlock.values import RunId, ValueRef

IDLE_MAX = 4
"""Connections kept for the next reader. More readers at once open more, and close them again."""

EVENTS = "SELECT seq, epoch, body FROM event WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?"

VALUES = """
SELECT ref, data FROM blob WHERE ref IN (SELECT value FROM carray(?2))
UNION ALL
SELECT ref, data FROM value WHERE run = ?1 AND ref IN (SELECT value FROM carray(?2))
"""

HEADS = """
SELECT run, graph, plan, status, created_ms, updated_ms, key, execution FROM head
WHERE run < ? {conditions} ORDER BY run DESC LIMIT ?
"""

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
            return [StoredEvent(seq=seq, epoch=epoch, body=body) for seq, epoch, body in rows]

    def values(self, run: RunId, refs: Collection[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference, unchecked."""
        if not refs:
            return {}
        with self.connection() as connection:
            rows = connection.execute(VALUES, (run, array(tuple(refs))))
            return dict(rows.fetchall())  # The run's own come last, and win.

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
        sql = HEADS.format(conditions=conditions)
        with self.connection() as connection:
            rows = connection.execute(sql, (before, *equal.values(), max(0, limit)))
            return [
                RunHead(
                    run=run,
                    graph=graph,
                    plan=plan,
                    status=status,
                    created_ms=created_ms,
                    updated_ms=updated_ms,
                    key=key,
                    execution=execution,
                )
                for run, graph, plan, status, created_ms, updated_ms, key, execution in rows
            ]
