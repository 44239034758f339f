"""A store that fails when told to: the crash points of a run, one by one."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Literal, Protocol, TypeVar, final

from interlock.actions import Database
from interlock.errors import LeaseHeld, StoreFailed
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
from interlock.store import (
    EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT,
    MESSAGES_READ_DEFAULT,
    KeyTable,
    Store,
)
from interlock.values import KeyId, RunId, SubjectKey, ValueRef

T = TypeVar("T")
THIEF = OwnerId("another-owner")
FAR_FUTURE_MS = 10_000_000_000_000
"""After the end of every lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One write that fails, `before` or `after` it is applied, or is `fenced`.

    `write_no` counts from 1 whatever the store is to make durable: events, messages, leases. When
    it fails the caller learns only that, as with a real disk. When it is fenced, another owner has
    taken over the runs that it is about just before it, and nothing is broken.
    """

    write_no: int
    moment: Literal["before", "after", "fenced"]


@final
class FaultyStore:
    """A wrapper whose writes fail by plan; with no plan, the store it wraps.

    After a fault it refuses to write, like a store that had an I/O error. To go on as a new process
    would, make another `FaultyStore` (or none) over the same inner store; so do not close it.

    ```python
    inner = open_store("memory:")
    store = FaultyStore(inner, [Fault(write_no=3, moment="after")])
    ```

    Args:
        store: what it wraps.
        faults: the plan.
        inherits: whether whoever holds a lease counts as dead, so that it is taken over at once, as
            with stores that see the locks of the dead.
    """

    def __init__(
        self, store: Store, faults: Iterable[Fault] = (), *, inherits: bool = False
    ) -> None:
        self._inner = store
        self.subjects = _FaultyKeys(store.subjects, self._written)
        # Nothing of the log fails on its own.
        self.log_size, self.log_edge, self.tile = store.log_size, store.log_edge, store.tile
        self._inherits = inherits
        self._fenced = False
        self._went_on = False
        self._faults = {fault.write_no: fault for fault in faults}
        self._lock = Lock()
        self._writes = 0
        self._failure: StoreFailed | None = None

    @property
    def at_once(self) -> bool:
        """Whether a write takes no time worth a thread, as in the store it wraps."""
        return bool(getattr(self._inner, "at_once", False))

    def stop(self) -> None:
        """Refuse all writes from now on: for the store, the process that has this one is dead."""
        with self._lock:
            self._failure = StoreFailed(
                "stopped by plan", hint="close the store, reopen it and resume"
            )

    @property
    def is_stopped(self) -> bool:
        """Whether it refuses writes: a fault came to pass, or it was stopped."""
        return self._failure is not None

    @property
    def is_fenced(self) -> bool:
        """Whether another owner has taken runs over by plan."""
        return self._fenced

    @property
    def went_on(self) -> bool:
        """Whether events were appended although another owner had taken the runs over."""
        return self._went_on

    @property
    def writes(self) -> int:
        """How often it was to make something durable: there are twice as many crash points."""
        return self._writes

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        """Append a batch, unless the plan says otherwise; see `Store.write`."""
        runs = frozenset(record.run for record in records)
        refused = self._written(lambda: self._inner.write(records), runs)
        self._went_on = self._went_on or (self._fenced and refused != runs)
        return refused

    def transact(
        self, run: RunId, epoch: int, work: Callable[[Database], Sequence[Record]]
    ) -> bool:
        """Run a transaction, unless the plan says otherwise; it counts as a write."""
        is_done = self._written(lambda: self._inner.transact(run, epoch, work), {run})
        self._went_on = self._went_on or (self._fenced and is_done)
        return is_done

    def erase(self, erasure: Erasure) -> frozenset[ValueRef] | None:
        """Destroy parts of events, unless the plan says otherwise; see `Store.erase`."""
        return self._written(lambda: self._inner.erase(erasure), {erasure.record.run})

    def prune(self, pruning: Pruning) -> bool:
        """Destroy what is stored of runs, unless the plan says otherwise; see `Store.prune`."""
        runs = {each.run for each in pruning.runs}
        return self._written(lambda: self._inner.prune(pruning), runs)

    def drop_shared(self, refs: Collection[ValueRef], *, size: int) -> int:
        """Destroy shared values, unless the plan says otherwise; see `Store.drop_shared`."""
        return self._written(lambda: self._inner.drop_shared(refs, size=size), ())

    def scrub(self) -> bool:
        """Overwrite what is left behind, unless the plan says otherwise; see `Store.scrub`."""
        return self._written(self._inner.scrub, ())

    def _written(self, write: Callable[[], T], runs: Collection[RunId]) -> T:
        with self._lock:
            _check_running(self._failure)
            self._writes += 1
            fault = self._faults.get(self._writes)
            if fault is not None and fault.moment == "fenced":
                self._take_over(runs)
            if fault is None or fault.moment == "fenced":
                return write()
            if fault.moment == "after":
                write()
            self._failure = StoreFailed(
                f"write {fault.write_no} failed by plan ({fault.moment} it was applied)",
                hint="close the store, reopen it and resume",
            )
            raise self._failure

    def read(
        self, run: RunId, *, after: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[StoredEvent]:
        """Return a page of events; see `Store.read`."""
        return self._inner.read(run, after=after, limit=limit)

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference; see `Store.values`."""
        return self._inner.values(run, refs)

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run; see `Store.head`."""
        return self._inner.head(run)

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None = None,
        key: str | None = None,
        before: RunId | None = None,
        limit: int = HEADS_READ_DEFAULT,
    ) -> list[RunHead]:
        """List heads, newest first; see `Store.heads`."""
        return self._inner.heads(statuses=statuses, key=key, before=before, limit=limit)

    def lease(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        """Acquire, renew or take over a lease; see `Store.lease`."""
        lease = self._inherit if self._inherits else self._inner.lease
        return self._written(lambda: lease(run, owner, now_ms=now_ms, life_ms=life_ms), {run})

    def lease_many(
        self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
    ) -> list[Lease]:
        """Acquire or renew many leases; see `Store.lease_many`."""
        granted: list[Lease] = []
        for run in runs:
            with suppress(LeaseHeld):
                granted.append(self.lease(run, owner, now_ms=now_ms, life_ms=life_ms))
        return granted

    def _inherit(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        """Lease a run as if its holder were gone, unless this process is the one that is late."""
        try:
            return self._inner.lease(run, owner, now_ms=now_ms, life_ms=life_ms)
        except LeaseHeld as held:
            if self._fenced:
                raise
            return self._inner.lease(run, owner, now_ms=held.expires_ms, life_ms=life_ms)

    def _take_over(self, runs: Iterable[RunId]) -> None:
        for run in runs:
            if self._inner.head(run) is not None:
                self._fenced = True
                self._inner.lease(run, THIEF, now_ms=FAR_FUTURE_MS, life_ms=1)

    def release(
        self, lease: Lease, *, head: RunHead | None = None, taken: Collection[str] = ()
    ) -> bool:
        """Let go of a lease; see `Store.release`."""
        return self._written(
            lambda: self._inner.release(lease, head=head, taken=taken), {lease.run}
        )

    def post(self, message: Message) -> bool:
        """Put a message into an inbox; see `Store.post`."""
        return self._written(lambda: self._inner.post(message), {message.run})

    def inbox(
        self, *, run: RunId | None = None, after: int = 0, limit: int = MESSAGES_READ_DEFAULT
    ) -> list[Message]:
        """Return messages that nobody has taken; see `Store.inbox`."""
        return self._inner.inbox(run=run, after=after, limit=limit)

    def ready(
        self, *, now_ms: int, limit: int = HEADS_READ_DEFAULT, by_age: bool = False
    ) -> list[RunHead]:
        """List runs that need an owner; see `Store.ready`."""
        return self._inner.ready(now_ms=now_ms, limit=limit, by_age=by_age)

    def leaves(
        self, *, first: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[tuple[RunId, StoredEvent]]:
        """Return events in the order of the log; see `Store.leaves`."""
        return self._inner.leaves(first=first, limit=limit)

    def close(self) -> None:
        """Close the inner store."""
        self._inner.close()


def _check_running(failure: StoreFailed | None) -> None:
    if failure is not None:
        raise StoreFailed(
            f"the store takes no more writes since one failed: {failure.message}",
            hint="close the store, reopen it and resume",
            code="IL7019",
        )


class _Written(Protocol):
    def __call__(self, write: Callable[[], T], runs: Collection[RunId]) -> T: ...


@final
class _FaultyKeys:
    def __init__(self, inner: KeyTable, written: _Written) -> None:
        self._inner = inner
        self._written = written
        self.find, self.page = inner.find, inner.page

    def add(self, keys: Sequence[SubjectKey]) -> list[SubjectKey]:
        return self._written(lambda: self._inner.add(keys), ())

    def erase(self, names: Collection[str], *, holds_seen: int | None = None) -> list[KeyId] | None:
        return self._written(lambda: self._inner.erase(names, holds_seen=holds_seen), ())
