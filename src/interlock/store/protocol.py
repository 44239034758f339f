"""What a store promises: the one seam between the runtime and bytes that survive.

A store keeps events, values, heads and leases as bytes and digests; it never decodes one. It is
synchronous and may be called from any thread. Times are arguments. That backends agree is proved
by `interlock.testing.StoreConformance`, not by shared code.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from interlock.actions import Database
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
from interlock.values import KeyId, RunId, SubjectKey, ValueRef, immutable

INLINE_BYTES_MAX = 16 * 1024
"""A longer value lives once in the content-addressed blob table, for all runs."""

EVENTS_READ_DEFAULT = 1_000
"""How many events `read` returns unless told: a page, not a journal."""

HEADS_READ_DEFAULT = 100

MESSAGES_READ_DEFAULT = 100

MESSAGE_BYTES_MAX = 1 << 20
"""The body of one message."""

TRANSACTION_MS_MAX = 100
"""The time of a transaction of an action: nothing else commits to the same file meanwhile."""

INBOX_MESSAGES_MAX = 10_000
"""Messages of one run that nobody has taken yet."""


class Log(Protocol):
    """The log of a store, as those need it who make and check proofs."""

    def log_size(self) -> int:
        """Return how many leaves the log of the store has: one for each event."""
        ...

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile of the log, as many as it has now; empty when there is none.

        At level 0 they are those of leaves; at each level above, the roots of full tiles below.
        What has been returned once never changes, but a tile that is not full grows.
        """
        ...


class KeyReader(Protocol):
    """The keys of data subjects, as those need them who read values."""

    def find(self, *, ids: Collection[KeyId] = (), names: Collection[str] = ()) -> list[SubjectKey]:
        """Return keys, by id: those with these ids, and those of subjects of these names.

        One that is not there was never added, or was erased.
        """
        ...

    def page(self, *, after: KeyId, limit: int) -> list[SubjectKey]:
        """Return the first keys whose ids come after one, by id; none do when there are no more."""
        ...


class KeyTable(KeyReader, Protocol):
    """The keys of data subjects. What is done with them is durable when it returns.

    Nothing is added or erased while a transaction of an action goes on.
    """

    def add(self, keys: Sequence[SubjectKey]) -> list[SubjectKey]:
        """Add keys. A subject that has one keeps it.

        Returns:
            The keys that these subjects have now, by id.

        Raises:
            StoreFailed: an I/O error; the store is stopped.
        """
        ...

    def erase(self, names: Collection[str], *, holds_seen: int | None = None) -> list[KeyId] | None:
        """Destroy the keys of subjects: what was made with them is worth nothing any more.

        They may still be read off the disk until `Store.scrub` is done.

        Returns:
            The ids of those that were there. None, and nothing is destroyed: the journal of the
            store has an event after `holds_seen`.

        Raises:
            StoreFailed: an I/O error; the store is stopped.
            JournalCorrupt: the row of one of them was changed (IL7025); nothing was destroyed.
        """
        ...


class ReadStore(Log, Protocol):
    """What a store answers to those who only read."""

    @property
    def subjects(self) -> KeyReader:
        """The keys of data subjects."""
        ...

    def log_edge(self) -> tuple[int, bytes]:
        """Return how many leaves the log has, and the peaks to which the next are appended.

        They are what is stored, unchecked.
        """
        ...

    def read(
        self, run: RunId, *, after: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[StoredEvent]:
        """Return at most `limit` events of a run with `seq` above `after`, in order of `seq`."""
        ...

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        """Return the values of a run and shared ones; a ref that is not stored is absent.

        Raises:
            JournalCorrupt: stored bytes do not match their `sha256:` ref.
        """
        ...

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run, if it has one."""
        ...

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None = None,
        key: str | None = None,
        before: RunId | None = None,
        limit: int = HEADS_READ_DEFAULT,
    ) -> list[RunHead]:
        """List the heads that satisfy every condition given, newest first.

        Newest means the greatest run id, since ids are ULIDs. `before` continues a listing after
        its last run, whether or not that run is still there.
        """
        ...

    def inbox(
        self, *, run: RunId | None = None, after: int = 0, limit: int = MESSAGES_READ_DEFAULT
    ) -> list[Message]:
        """Return at most `limit` messages that nobody has taken, oldest first.

        Those of one run, or of all; with a `number` above `after`. A message that is posted later
        has a higher number, so whoever asks again for what is new misses none.
        """
        ...

    def ready(
        self, *, now_ms: int, limit: int = HEADS_READ_DEFAULT, by_age: bool = False
    ) -> list[RunHead]:
        """List runs that need an owner and have none that lives.

        First, oldest first: those that were `running`, those whose owner died or let its lease
        expire before they ended, those whose `wake_ms` has come, and those with messages. Then the
        queued ones, by priority, and of the same priority the oldest; `by_age` the oldest first,
        whatever their priority.
        """
        ...

    def leaves(
        self, *, first: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[tuple[RunId, StoredEvent]]:
        """Return at most `limit` events in the order of the log, from leaf `first` on."""
        ...

    def close(self) -> None:
        """Close the store. Closing twice is fine; other calls are refused."""
        ...


class Store(ReadStore, Protocol):
    """Bytes that survive: every method is atomic, and any thread may call it.

    When a write fails with an I/O error the store stops: it refuses further writes, since what was
    not acknowledged may or may not be durable, and asking the disk again proves nothing. Close it,
    reopen it, and read what is there.
    """

    @property
    def subjects(self) -> KeyTable:
        """The keys of data subjects."""
        ...

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        """Append a batch. When it returns, the batch is durable; it is never there in part.

        A run whose lease in the store is of a higher epoch than any of its records is fenced: all
        of its records are left out, with their values and its head, and the rest commits. Values
        that are there already are ignored. Of several heads of one run the last counts,
        and of several changes of its lease, which is granted or let go in the same transaction.
        The messages that records take leave the inbox.

        Every event that is written becomes a leaf of the log, in the same transaction: of a batch
        run by run, in the order in which the runs first appear in it.

        Returns:
            The runs that are fenced: their owner must stop.

        Raises:
            StoreFailed: a gap or a repeat in a run's `seq`, or a message that is not in its inbox
                (IL7018: nothing is written and the store stays usable), or an I/O error (the store
                is stopped).
            KeyTaken: a head's `key` belongs to another run; nothing of the batch is written.
        """
        ...

    def transact(
        self, run: RunId, epoch: int, work: Callable[[Database], Sequence[Record]]
    ) -> bool:
        """Let `work` use the database, in one transaction with the records that it returns.

        The records are of `run` and `epoch`. When this returns, both are durable; whatever `work`
        raises undoes both, and is raised. Tables of the store are hidden from `work`, and its time
        is `TRANSACTION_MS_MAX`.

        Returns:
            Whether it was done: not when the lease of the run is of a higher epoch.

        Raises:
            TransactionRefused: `work` took too long, or broke a constraint that is checked when a
                transaction ends.
            StoreFailed: as for `write`.
        """
        ...

    def erase(self, erasure: Erasure) -> frozenset[ValueRef] | None:
        """Destroy parts of events of one run, and values that it names no more.

        In one transaction with the record that tells of it. The log stays as it is. Values go that
        no other run names; what they were may still be read off the disk until `scrub` is done.

        Returns:
            The references whose bytes stay, since another run has them too. None: nothing was done,
            for the lease of the run is of a higher epoch than the record, or the journal of the
            store has an event after `holds_seen`.

        Raises:
            StoreFailed: as for `write`: when an event was added meanwhile, its `seq` is taken.
            InternalError: an event would have another leaf, or still names what is to go.
        """
        ...

    def prune(self, pruning: Pruning) -> bool:
        """Destroy what is stored of runs whose time is over.

        In one transaction with the record that tells of it; messages to these runs leave the inbox
        in it, and their leases are let go. The log stays as it is. An event that is emptied keeps
        its row: run, seq, epoch and place in the log. What was destroyed may still be read off the
        disk until `scrub` is done.

        Returns:
            False: nothing was done, since a lease is of another epoch now, or a run has other
            events than it had, or has not ended.

        Raises:
            StoreFailed: as for `write`: the `seq` of the record is taken.
            InternalError: an event that is kept would have another leaf.
        """
        ...

    def drop_shared(self, refs: Collection[ValueRef], *, size: int) -> int:
        """Destroy shared values, but for those that an event from place `size` of the log names.

        The caller has seen to it that no event before that place needs them.

        Returns:
            How many were there, and are not any more.
        """
        ...

    def scrub(self) -> bool:
        """Overwrite what was erased or pruned; at once when there is nothing.

        It takes as long as to copy the store, and nobody can write meanwhile. Whatever happens,
        what was not finished is done by the next call.

        Returns:
            False: somebody reads the store and would not let go of it; try again.

        Raises:
            StoreFailed: an I/O error; the store is stopped.
        """
        ...

    def lease(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        """Acquire, renew, or take over the right to append to a run, which need not exist yet.

        The owner that holds the lease renews it and keeps the epoch, even after it expired, as
        long as nobody took it over. Anyone else waits until it expires, is released, or its owner
        is known to be dead. Every such acquisition has an epoch above that of any lease and event
        of the run before it. The lease is durable when this returns.

        Raises:
            LeaseHeld: another owner holds it; says who and until when.
        """
        ...

    def lease_many(
        self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
    ) -> list[Lease]:
        """Acquire or renew the leases of many runs, as `lease` does, in one durable transaction.

        Those that another owner holds are left out; the others come in the order of `runs`.
        """
        ...

    def release(
        self, lease: Lease, *, head: RunHead | None = None, taken: Collection[str] = ()
    ) -> bool:
        """Let go of a lease at once.

        No effect when it was taken over or released. `head` is written and the messages `taken`
        leave the inbox in the same transaction. With a `head`, a run that has other messages keeps
        its lease, and nothing is written: who posted them leaves them to its owner.

        Returns:
            Whether the run is out of this owner's hands now.
        """
        ...

    def post(self, message: Message) -> bool:
        """Put a message into the inbox of a run. It is durable when this returns.

        Its `number` does not count.

        Returns:
            False when a message with this id was posted to this run before: this one is dropped.

        Raises:
            RunNotFound: the run has no head.
            LimitExceeded: the body is over `MESSAGE_BYTES_MAX`, or the inbox is full.
        """
        ...

    def close(self) -> None:
        """Close the store and let its owners go. Closing twice is fine; other calls are refused."""
        ...


@immutable()
class StoreStatistics:
    """What a store has written since it was opened.

    `bytes` counts bodies and values as they were handed in, not what the disk makes of them. Shared
    values are not counted: most are in the store already.
    """

    commits: int = 0
    events: int = 0
    values: int = 0
    bytes: int = 0


class MeasuredStore(Store, Protocol):
    """A store that also counts, as ours do: for benchmarks and for the curious."""

    def statistics(self) -> StoreStatistics:
        """Return a snapshot of the counters. Leases are not in them."""
        ...
