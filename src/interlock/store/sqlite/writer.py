"""The one connection that writes: batches and leases."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, final

import apsw

from interlock.actions import Database
from interlock.audit import Frontier, leaf_hash
from interlock.errors import EvidenceRefused, JournalCorrupt, LeaseHeld, ensure
from interlock.journal import (
    STORE_JOURNAL,
    Erasure,
    Lease,
    Message,
    OwnerId,
    Pruning,
    Record,
    RunHead,
)
from interlock.store.batch import RunPart, by_run, keys_changed, out_of_order
from interlock.store.growing import grown
from interlock.store.leases import Holding, grant
from interlock.store.messages import check_room, not_in_inbox
from interlock.store.sqlite.batching import BATCH, WRITE, head_row, log_rows, rows
from interlock.store.sqlite.connection import Connection, array
from interlock.store.sqlite.failures import CORRUPT
from interlock.store.sqlite.removing import (
    FORGET_SENDERS,
    UNSCRUBBED,
    drop_shared,
    prune,
    remove,
)
from interlock.store.sqlite.sums import sum_of_log, sum_of_row
from interlock.store.sqlite.transactions import broken, restricted
from interlock.values import RunId, ValueRef, immutable

CACHED_BYTES_MAX = 1024 * 1024

SHARED_MAX = 1_000
"""Shared values that are known to be written; of more, each is written again, at some cost."""

LEASE = """
INSERT INTO lease (run, owner, epoch, expires_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (run) DO UPDATE SET
  owner = excluded.owner, epoch = excluded.epoch, expires_ms = excluded.expires_ms
"""

RELEASE = "UPDATE lease SET owner = NULL WHERE run = ? AND owner = ? AND epoch = ?"

TAKE = "UPDATE inbox SET taken = 1, body = x'' WHERE run = ? AND id = ?"

LEFT = "SELECT id FROM inbox WHERE run = ? AND taken = 0"

COUNT = "SELECT count(*) FROM inbox WHERE run = ? AND taken = 0"

POSTED = """
INSERT INTO inbox (run, id, kind, body, actor, created_ms, sum) VALUES (?, ?, ?, ?, ?, ?, ?)
"""

EDGE = "SELECT size, frontier, sum FROM log_edge"

LAST_SEQ = "SELECT max(seq) FROM event WHERE run = ?"

LAST_EPOCH = "SELECT epoch FROM event WHERE run = ? ORDER BY seq DESC LIMIT 1"


class _Undone(Exception):
    """A transaction is to be undone."""


@immutable(kw_only=False)
class _Tail:
    """Where the log ends, and the shared values that were written since that was read.

    These are in the file as long as nobody else adds to the log, as whoever erases one does.
    """

    edge: Frontier
    shared: frozenset[ValueRef] = frozenset()


@final
class Writer:
    """Writes through one connection. Needs the commit lock for every call; raises `apsw.Error`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tail = self._read_tail()
        connection.execute(BATCH)
        # For tables of actions; ours have no foreign keys.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)

    def append(self, parts: Mapping[RunId, RunPart]) -> frozenset[RunId]:
        """Append a batch in one durable transaction, without the runs that are fenced.

        Returns:
            The runs that are fenced.

        Raises:
            StoreFailed: the first event of a run is not its next one, or takes what is not there.
            KeyTaken: a key belongs to another run.
            apsw.Error: anything else; the outcome is unknown.
        """
        try:
            self._insert_anew(parts.values())
        except apsw.ConstraintError:
            # Nothing was written, and the commit lock keeps in place what stood in the way.
            fenced = frozenset(run for run, part in parts.items() if self._is_fenced(part))
            kept = [part for run, part in parts.items() if run not in fenced]
            self._check_order(kept)
            self._check_taken(kept)
            self._check_keys(kept)
            ensure(fenced, "SQLite refused a batch without a reason", runs=len(parts))
            if kept:
                self._tail = self._insert(kept)
            return fenced
        return frozenset()

    def transact(
        self, run: RunId, epoch: int, work: Callable[[Database], Sequence[Record]]
    ) -> Sequence[Record] | None:
        """Commit what an action does together with the records it leads to; None when fenced.

        Raises:
            TransactionRefused: it took too long, or broke a constraint at the end.
            apsw.Error: the outcome is unknown.
        """
        tail = None
        try:
            with self.transaction():
                if (self._one("SELECT epoch FROM lease WHERE run = ?", run) or 0) > epoch:
                    return None
                with restricted(self._connection) as database:
                    records = work(database)
                parts = by_run(records)
                if parts:
                    self._check_order(parts.values())
                    self._tail = self._read_tail()
                    tail = self._insert(parts.values())
        except apsw.ConstraintError as error:
            # Ours are checked: what is left is a constraint of the action's that waited so long.
            raise broken(error) from error
        self._tail = tail or self._tail
        return records

    def erase(self, erasure: Erasure, parts: Mapping[RunId, RunPart]) -> frozenset[ValueRef] | None:
        """Erase in one durable transaction with the record of it; None when fenced.

        Raises:
            StoreFailed: the record is not the next one of its run.
            apsw.Error: the outcome is unknown.
        """
        with self.transaction():
            if any(map(self._is_fenced, parts.values())) or self._is_held_anew(erasure):
                return None
            self._check_order(parts.values())
            self._check_taken(parts.values())
            self._check_keys(parts.values())
            kept = remove(self._connection, erasure)
            self._tail = self._read_tail()
            self._connection.execute(UNSCRUBBED, (self._tail.edge.size,))
            tail = self._insert(parts.values())
            self._connection.execute(FORGET_SENDERS, (erasure.record.run,))
        self._tail = tail
        return kept

    def prune(self, pruning: Pruning, parts: Mapping[RunId, RunPart]) -> bool:
        """Prune in one durable transaction with the record of it; tell whether it was done.

        Raises:
            StoreFailed: the record is not the next one of its run.
            apsw.Error: the outcome is unknown.
        """
        tail = None
        with suppress(_Undone), self.transaction():
            self._check_order(parts.values())
            if not all(prune(self._connection, pruned) for pruned in pruning.runs):
                raise _Undone
            for pruned in pruning.runs:
                if pruned.head is not None:
                    self._put_head(pruned.head)
            self._tail = self._read_tail()
            self._connection.execute(UNSCRUBBED, (self._tail.edge.size,))
            tail = self._insert(parts.values())
        self._tail = tail or self._tail
        return tail is not None

    def drop_shared(self, refs: Collection[ValueRef], *, size: int) -> int:
        """Delete shared values in a durable transaction; tell how many.

        Raises:
            apsw.Error: the outcome is unknown.
        """
        with self.transaction():
            dropped = drop_shared(self._connection, refs, size)
            if dropped:
                self._connection.execute(UNSCRUBBED, (size,))
        return dropped

    def is_unscrubbed(self) -> bool:
        """Tell whether the file may still hold traces of what was erased."""
        return self._one("SELECT 1 FROM unscrubbed LIMIT 1") is not None

    def note_scrubbed(self) -> None:
        """Note that it holds none."""
        with self.transaction():
            self._connection.execute("DELETE FROM unscrubbed")

    def lease(
        self,
        run: RunId,
        owner: OwnerId,
        *,
        now_ms: int,
        life_ms: int,
        is_dead: Callable[[OwnerId], bool],
    ) -> Lease:
        """Grant a lease in a durable transaction.

        Raises:
            LeaseHeld: another owner that may be alive holds it.
            apsw.Error: anything else; the outcome is unknown.
        """
        with self.transaction():
            return self._grant(run, owner, now_ms=now_ms, life_ms=life_ms, is_dead=is_dead)

    def lease_many(
        self,
        runs: Collection[RunId],
        owner: OwnerId,
        *,
        now_ms: int,
        life_ms: int,
        is_dead: Callable[[OwnerId], bool],
    ) -> list[Lease]:
        """Grant the leases of those runs that are free, in one durable transaction.

        Raises:
            apsw.Error: the outcome is unknown.
        """
        granted: list[Lease] = []
        with self.transaction():
            for run in runs:
                with suppress(LeaseHeld):
                    granted.append(
                        self._grant(run, owner, now_ms=now_ms, life_ms=life_ms, is_dead=is_dead)
                    )
        return granted

    def _grant(
        self,
        run: RunId,
        owner: OwnerId,
        *,
        now_ms: int,
        life_ms: int,
        is_dead: Callable[[OwnerId], bool],
    ) -> Lease:
        row = self._row("SELECT owner, epoch, expires_ms FROM lease WHERE run = ?", run)
        held = Holding(owner=row[0], epoch=row[1], expires_ms=row[2]) if row else None
        lease = grant(
            run,
            owner,
            held=held,
            epoch_seen=self._one(LAST_EPOCH, run) or 0,
            owner_died=held is not None and held.owner is not None and is_dead(held.owner),
            now_ms=now_ms,
            life_ms=life_ms,
        )
        self._connection.execute(LEASE, (run, owner, lease.epoch, lease.expires_ms))
        return lease

    def release(self, lease: Lease, *, head: RunHead | None, taken: Collection[str]) -> bool:
        """Clear the owner of a lease unless it has moved on, or has messages; tell if it is free.

        Raises:
            apsw.Error: the outcome is unknown.
        """
        run = lease.run
        with self.transaction():
            row = self._row("SELECT owner, epoch FROM lease WHERE run = ?", run)
            if row != (lease.owner, lease.epoch):
                return True
            if head is not None and self._left(run) - set(taken):
                return False
            self._connection.execute(RELEASE, (run, lease.owner, lease.epoch))
            for message in taken:
                self._connection.execute(TAKE, (run, message))
            if head is not None:
                self._put_head(head)
        return True

    def post(self, message: Message) -> bool:
        """Put a message into an inbox in a durable transaction, unless its id is known there.

        Raises:
            RunNotFound, LimitExceeded: nobody could take it.
            apsw.Error: anything else; the outcome is unknown.
        """
        run = message.run
        with self.transaction():
            if self._row("SELECT 1 FROM inbox WHERE run = ? AND id = ?", run, message.id):
                return False
            is_there = self._row("SELECT 1 FROM head WHERE run = ?", run) is not None
            check_room(run, is_there=is_there, messages=self._one(COUNT, run))
            row = (run, message.id, message.kind, message.body, message.actor, message.created_ms)
            self._connection.execute(POSTED, (*row, sum_of_row(*row)))
        return True

    def close(self) -> None:
        """Close the connection; the last one of all processes folds the log into the file."""
        self._connection.close()

    def _put_head(self, head: RunHead) -> None:
        self._connection.execute(WRITE, (array((head_row(head),)),))

    def _insert_anew(self, parts: Collection[RunPart]) -> None:
        """Insert a batch; once more when another process has added to the log meanwhile."""
        try:
            self._tail = self._insert(parts)
        except apsw.ConstraintError:
            tail = self._read_tail()
            if tail.edge.size == self._tail.edge.size:
                raise
            self._tail = tail
            self._tail = self._insert(parts)

    def _insert(self, parts: Collection[RunPart]) -> _Tail:
        """Insert a batch, and return the end of the log for when it is committed."""
        hashes = [leaf_hash(record.leaf) for part in parts for record in part.records]
        edge, shared = self._tail.edge, set(self._tail.shared)
        new = grown(edge, hashes)
        batch = (*log_rows(edge.size, new), *rows(parts, leaf=edge.size, shared=shared))
        # A statement in the cache of apsw keeps what it was last given until it is given something
        # else. Preparing one costs 0.1 ms.
        small = sum(map(len, batch)) <= CACHED_BYTES_MAX
        self._connection.execute(WRITE, (array(batch),), can_cache=small)
        return _Tail(new.frontier, frozenset(shared if len(shared) <= SHARED_MAX else ()))

    def _read_tail(self) -> _Tail:
        """Read where the log ends; whatever is built on it has to be true.

        Raises:
            JournalCorrupt: it is damaged.
        """
        size, peaks, found = self._row(EDGE) or (0, b"", None)
        if found != sum_of_log(size, peaks):
            raise _damaged("its edge does not fit its checksum")
        try:
            return _Tail(Frontier.from_bytes(size, peaks))
        except EvidenceRefused as error:
            raise _damaged(error.message) from error

    def _is_fenced(self, part: RunPart) -> bool:
        return (self._one("SELECT epoch FROM lease WHERE run = ?", part.run) or 0) > part.epoch

    def _is_held_anew(self, erasure: Erasure) -> bool:
        if erasure.holds_seen is None:
            return False
        return (self._one(LAST_SEQ, STORE_JOURNAL) or 0) > erasure.holds_seen

    def _check_order(self, parts: Collection[RunPart]) -> None:
        for part in parts:
            expected = (self._one(LAST_SEQ, part.run) or 0) + 1
            if part.first != expected:
                raise out_of_order(part.run, got=part.first, expected=expected)

    def _check_taken(self, parts: Collection[RunPart]) -> None:
        for part in parts:
            left = self._left(part.run) if part.taken else set[str]()
            for message in part.taken:
                if message not in left:
                    raise not_in_inbox(part.run, message)
                left.remove(message)

    def _left(self, run: RunId) -> set[str]:
        return {row[0] for row in self._connection.execute(LEFT, (run,)).fetchall()}

    def _check_keys(self, parts: Collection[RunPart]) -> None:
        keys_changed(
            [part.head for part in parts if part.head is not None],
            key_of=lambda run: self._one("SELECT key FROM head WHERE run = ?", run),
            holder_of=lambda key: self._one("SELECT run FROM head WHERE key = ?", key),
        )

    def _row(self, sql: str, *bindings: str | int) -> Any:
        return self._connection.execute(sql, bindings).fetchone()

    def _one(self, sql: str, *bindings: str) -> Any:
        row = self._row(sql, *bindings)
        return row[0] if row else None

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """Open a durable transaction; whatever is raised in it undoes it.

        Raises:
            apsw.Error: it cannot be committed; the outcome is unknown.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _damaged(what: str) -> JournalCorrupt:
    return JournalCorrupt(f"the log of the store is damaged: {what}", hint=CORRUPT.hint)
