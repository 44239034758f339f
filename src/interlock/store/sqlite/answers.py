"""What a journal file answers to those who read it."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import final

from interlock.journal import Message, OwnerId, RunHead, RunStatus, StoredEvent
from interlock.store.evidence import check_value
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT,
    MESSAGES_READ_DEFAULT,
)
from interlock.store.sqlite.locks import is_alive
from interlock.store.sqlite.opening import beside, real_path
from interlock.store.sqlite.reading import Views, views_of
from interlock.store.sqlite.subjects import SqliteKeyReader
from interlock.values import RunId, ValueRef


def open_to_read(path: str) -> "SqliteReadStore":
    """Open a journal file to read it; nothing is made, and nothing of it changes.

    Raises:
        StoreUnusable: it is not there, is no journal, or cannot be read; says why.
        JournalCorrupt: its first pages are damaged.
    """
    file = real_path(path)
    return SqliteReadStore(file, views_of(file))


@final
class SqliteReadStore:
    """A journal file that is only read; other processes may write it meanwhile."""

    def __init__(self, path: Path, views: Views) -> None:
        self._locks = beside(path, "-locks")
        self._views = views
        self.subjects = SqliteKeyReader(views)

    def read(
        self, run: RunId, *, after: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[StoredEvent]:
        """Return a page of events; see `ReadStore.read`."""
        return self._views.ask(lambda reader: reader.events(run, after=after, limit=limit))

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference; see `ReadStore.values`."""
        wanted = tuple(refs)
        found = self._views.ask(lambda reader: reader.values(run, wanted))
        for ref, data in found.items():
            check_value(run, ref, data)
        return found

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run; see `ReadStore.head`."""
        return self._views.ask(lambda reader: reader.head(run))

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None = None,
        key: str | None = None,
        before: RunId | None = None,
        limit: int = HEADS_READ_DEFAULT,
    ) -> list[RunHead]:
        """List heads, newest first; see `ReadStore.heads`."""
        return self._views.ask(
            lambda reader: reader.heads(statuses=statuses, key=key, before=before, limit=limit)
        )

    def inbox(
        self, *, run: RunId | None = None, after: int = 0, limit: int = MESSAGES_READ_DEFAULT
    ) -> list[Message]:
        """Return messages that nobody has taken; see `ReadStore.inbox`."""
        return self._views.ask(lambda reader: reader.inbox(run=run, after=after, limit=limit))

    def ready(
        self, *, now_ms: int, limit: int = HEADS_READ_DEFAULT, by_age: bool = False
    ) -> list[RunHead]:
        """List runs that need an owner; see `ReadStore.ready`."""
        owners: dict[OwnerId, bool] = {}

        def lives(owner: OwnerId) -> bool:
            if owner not in owners:
                owners[owner] = is_alive(self._locks, owner)
            return owners[owner]

        return self._views.ask(
            lambda reader: reader.ready(now_ms=now_ms, limit=limit, by_age=by_age, lives=lives)
        )

    def log_size(self) -> int:
        """Return how many leaves the log has; see `ReadStore.log_size`."""
        return self.log_edge()[0]

    def log_edge(self) -> tuple[int, bytes]:
        """Return the size of the log and its peaks; see `ReadStore.log_edge`."""
        return self._views.ask(lambda reader: reader.log_edge())

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile; see `ReadStore.tile`."""
        return self._views.ask(lambda reader: reader.tile(level, index))

    def leaves(
        self, *, first: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[tuple[RunId, StoredEvent]]:
        """Return events in the order of the log; see `ReadStore.leaves`."""
        return self._views.ask(lambda reader: reader.leaves(first=first, limit=limit))

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._views.close()
