"""The store over one journal file: who may call when, and what a failure means."""

import os
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import final

import apsw

from interlock.actions import Database
from interlock.errors import StoreFailed, UsageError
from interlock.journal import (
    Erasure,
    Lease,
    Message,
    OwnerId,
    Pruning,
    Record,
    RunHead,
    RunStatus,
    StoredEvent,
)
from interlock.store.batch import RunPart, by_run, check_run_id, counted
from interlock.store.messages import check_message
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT,
    MESSAGES_READ_DEFAULT,
    StoreStatistics,
)
from interlock.store.sqlite.answers import SqliteReadStore
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.failures import stopped, unusable, write_failed
from interlock.store.sqlite.locks import Locks
from interlock.store.sqlite.log import check_log
from interlock.store.sqlite.opening import (
    beside,
    check_header,
    check_place,
    open_reader,
    open_writer,
    real_path,
    sync_folder,
)
from interlock.store.sqlite.reader import Reader
from interlock.store.sqlite.reading import View, Views, forked, is_open, set_aside
from interlock.store.sqlite.scrubbing import rebuild
from interlock.store.sqlite.subjects import SqliteKeys
from interlock.store.sqlite.transactions import Guarded
from interlock.store.sqlite.writer import Writer
from interlock.values import RunId, ValueRef


@final
class SqliteStore:
    """A journal file, open for this process; others may have it open too.

    Beside `journal.db` stand SQLite's `journal.db-wal` and `journal.db-shm`, and our locks in
    `journal.db-locks`. While a process has it open, copy it with SQLite's backup, not with `cp`.
    """

    def __init__(self, path: str) -> None:
        """Open the file, or make it.

        Raises:
            StoreUnusable: it cannot be used; says why.
            JournalCorrupt: its first pages are damaged.
        """
        self._path = real_path(path)
        self._process = os.getpid()
        self._lock = Lock()
        self._failure: StoreFailed | None = None
        self._closed = False
        self._statistics = StoreStatistics()
        try:
            check_place(self._path)
            check_header(self._path)
            self._open()
        except (apsw.Error, OSError, UnicodeDecodeError) as error:
            raise unusable(error, self._path) from error

    def _open(self) -> None:
        with ExitStack() as undo:
            self._locks = Locks(beside(self._path, "-locks"))
            undo.callback(self._locks.close)
            with self._locks.commit(), set_aside(self._path):
                self._locks.sweep()
                if not is_open(beside(self._path, "-shm")):
                    check_log(self._path)
                connection = open_writer(self._path)
                undo.callback(connection.close, True)
                self._writer = Writer(connection)
                sync_folder(self._path)
            self._answers = SqliteReadStore(self._path, Views(self._path, self._view))
            self.subjects = SqliteKeys(self._answers.subjects, self._transaction)
            undo.pop_all()

    def _view(self) -> View:
        # A connection that may write takes part in all locks, so what it reads is always current.
        return View(reader=Reader(lambda: open_reader(self._path)), is_current=lambda: True)

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        """Append a batch; see `Store.write`."""
        parts = by_run(records)
        with self._committing():
            if not parts:
                return frozenset()
            changes = [part.lease for part in parts.values() if part.lease is not None]
            self._locks.claim([change.owner for change in changes if change.owner is not None])
            fenced = self._writer.append(parts)
            for part in parts.values():
                self._note(part, fenced=part.run in fenced)
            written = [part for run, part in parts.items() if run not in fenced]
            if written:
                self._statistics = counted(self._statistics, written)
            return fenced

    def transact(
        self, run: RunId, epoch: int, work: Callable[[Database], Sequence[Record]]
    ) -> bool:
        """Run a transaction of an action; see `Store.transact`."""
        guarded = Guarded(work)
        with guarded.raising(), self._committing():
            records = self._writer.transact(run, epoch, guarded)
            if records:
                self._statistics = counted(self._statistics, by_run(records).values())
            return records is not None

    def erase(self, erasure: Erasure) -> frozenset[ValueRef] | None:
        """Destroy parts of events; see `Store.erase`."""
        parts = by_run([erasure.record])
        with self._committing():
            kept = self._writer.erase(erasure, parts)
            if kept is not None:
                self._statistics = counted(self._statistics, parts.values())
            return kept

    def prune(self, pruning: Pruning) -> bool:
        """Destroy what is stored of runs; see `Store.prune`."""
        parts = by_run([pruning.record])
        with self._committing():
            is_done = self._writer.prune(pruning, parts)
            if is_done:
                for pruned in pruning.runs:
                    self._locks.lost(pruned.run, pruned.epoch)
                self._statistics = counted(self._statistics, parts.values())
            return is_done

    def drop_shared(self, refs: Collection[ValueRef], *, size: int) -> int:
        """Destroy shared values that nothing names; see `Store.drop_shared`."""
        with self._committing():
            return self._writer.drop_shared(refs, size=size)

    def scrub(self) -> bool:
        """Overwrite what was destroyed in the file and its log; see `Store.scrub`."""
        with self._committing():
            if not self._writer.is_unscrubbed():
                return True
            if not rebuild(self._path):
                return False
            self._writer.note_scrubbed()
            return True

    def read(
        self, run: RunId, *, after: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[StoredEvent]:
        """Return a page of events; see `Store.read`."""
        return self._answers.read(run, after=after, limit=limit)

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference; see `Store.values`."""
        return self._answers.values(run, refs)

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run; see `Store.head`."""
        return self._answers.head(run)

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None = None,
        key: str | None = None,
        before: RunId | None = None,
        limit: int = HEADS_READ_DEFAULT,
    ) -> list[RunHead]:
        """List heads, newest first; see `Store.heads`."""
        return self._answers.heads(statuses=statuses, key=key, before=before, limit=limit)

    def lease(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        """Acquire, renew or take over a lease; see `Store.lease`.

        An owner with leases counts as alive until this store is closed or its process ends; then
        they may be taken over at once.
        """
        check_run_id(run)
        with self._committing():
            self._locks.claim([owner])
            lease = self._writer.lease(
                run, owner, now_ms=now_ms, life_ms=life_ms, is_dead=self._locks.is_dead
            )
            self._locks.holds(run, owner, lease.epoch)
            return lease

    def lease_many(
        self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
    ) -> list[Lease]:
        """Acquire, renew or take over many leases; see `Store.lease_many`."""
        for run in runs:
            check_run_id(run)
        with self._committing():
            self._locks.claim([owner])
            leases = self._writer.lease_many(
                runs, owner, now_ms=now_ms, life_ms=life_ms, is_dead=self._locks.is_dead
            )
            for lease in leases:
                self._locks.holds(lease.run, owner, lease.epoch)
            return leases

    def release(
        self, lease: Lease, *, head: RunHead | None = None, taken: Collection[str] = ()
    ) -> bool:
        """Let go of a lease; see `Store.release`."""
        with self._committing():
            is_free = self._writer.release(lease, head=head, taken=taken)
            if is_free:
                self._locks.lost(lease.run, lease.epoch)
            return is_free

    def post(self, message: Message) -> bool:
        """Put a message into an inbox; see `Store.post`."""
        check_message(message)
        with self._committing():
            return self._writer.post(message)

    def inbox(
        self, *, run: RunId | None = None, after: int = 0, limit: int = MESSAGES_READ_DEFAULT
    ) -> list[Message]:
        """Return messages that nobody has taken; see `Store.inbox`."""
        return self._answers.inbox(run=run, after=after, limit=limit)

    def ready(
        self, *, now_ms: int, limit: int = HEADS_READ_DEFAULT, by_age: bool = False
    ) -> list[RunHead]:
        """List runs that need an owner; see `Store.ready`."""
        return self._answers.ready(now_ms=now_ms, limit=limit, by_age=by_age)

    def log_size(self) -> int:
        """Return how many leaves the log has; see `Store.log_size`."""
        return self._answers.log_size()

    def log_edge(self) -> tuple[int, bytes]:
        """Return the size of the log and its peaks; see `ReadStore.log_edge`."""
        return self._answers.log_edge()

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile; see `Store.tile`."""
        return self._answers.tile(level, index)

    def leaves(
        self, *, first: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[tuple[RunId, StoredEvent]]:
        """Return events in the order of the log; see `Store.leaves`."""
        return self._answers.leaves(first=first, limit=limit)

    def close(self) -> None:
        """Close the connections and let the owners of this store go."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._answers.close()
                self._writer.close()
            except apsw.Error as error:
                raise write_failed(error, self._path) from error
            finally:
                self._locks.close()

    def statistics(self) -> StoreStatistics:
        """Return a snapshot of the counters."""
        return self._statistics

    def _note(self, part: RunPart, *, fenced: bool) -> None:
        """Note who has the lease of a run after a write."""
        change = part.lease
        if fenced or (change is not None and change.owner is None):
            self._locks.lost(part.run, part.epoch)
        elif change is not None and change.owner is not None:
            self._locks.holds(part.run, change.owner, part.epoch)

    @contextmanager
    def _committing(self) -> Generator[None]:
        """Hold the right to write; an I/O error ends it for this store."""
        with self._lock:
            self._check_open()
            if self._failure is not None:
                raise stopped(self._path, self._failure)
            try:
                with self._locks.commit():
                    yield
            except (apsw.Error, OSError, UnicodeDecodeError) as error:
                self._failure = write_failed(error, self._path)
                raise self._failure from error

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        with self._committing(), self._writer.transaction() as connection:
            yield connection

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the store is closed", hint="open it again with `open_store`")
        if os.getpid() != self._process:
            raise forked(self._path, self._process)
