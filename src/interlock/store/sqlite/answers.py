"""What a journal file answers to those who read it."""

from collections.abc import Collection, Iterable
from typing import final

from interlock.journal import RunHead, RunStatus, StoredEvent
from interlock.store.evidence import check_value
from interlock.store.protocol import EVENTS_READ_DEFAULT, HEADS_READ_DEFAULT
from interlock.store.sqlite.opening import real_path
from interlock.store.sqlite.reading import Views, views_of
from interlock.values import RunId, ValueRef


def open_to_read(path: str) -> "SqliteReadStore":
    """Open a journal file to read it; nothing is made, and nothing of it changes.

    Raises:
        StoreUnusable: it is not there, is no journal, or cannot be read; says why.
        JournalCorrupt: its first pages are damaged.
    """
    return SqliteReadStore(views_of(real_path(path)))


@final
class SqliteReadStore:
    """A journal file that is only read; other processes may write it meanwhile."""

    def __init__(self, views: Views) -> None:
        self._views = views

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

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._views.close()
