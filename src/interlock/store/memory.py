"""A store in memory: for tests, notebooks and runs that need not survive the process."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from heapq import nlargest, nsmallest
from threading import Lock
from typing import TYPE_CHECKING, final

from interlock.actions import Database
from interlock.audit import Frontier, leaf_hash
from interlock.errors import LeaseHeld, UsageError
from interlock.journal import (
    ENDED,
    STORE_JOURNAL,
    Erasure,
    Lease,
    Message,
    OwnerId,
    PrunedRun,
    Pruning,
    Record,
    Rewritten,
    RunHead,
    RunStatus,
    StoredEvent,
)
from interlock.store.batch import (
    RunPart,
    by_run,
    check_run_id,
    counted,
    keys_changed,
    out_of_order,
)
from interlock.store.erasing import check_kept, check_unnamed, unnamed
from interlock.store.evidence import check_value
from interlock.store.growing import TILE_BYTES, grown
from interlock.store.keys import MemoryKeys
from interlock.store.leases import Holding, grant, turn, turn_by_age
from interlock.store.messages import check_message, check_room, not_in_inbox
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT,
    INLINE_BYTES_MAX,
    MESSAGES_READ_DEFAULT,
    StoreStatistics,
)
from interlock.values import RunId, ValueRef, maker

if TYPE_CHECKING:
    from interlock.store.sqlite import MemoryDatabase

_stored_event = maker(StoredEvent)


@final
class MemoryStore:
    """A store whose bytes live as long as the object.

    Leases end by expiry or release only: an owner cannot die before its store.

    Args:
        now_s: the clock that bounds transactions; a simulation has one that stands still.
    """

    at_once = True
    """A write takes no time worth a thread."""

    def __init__(self, *, now_s: Callable[[], float] | None = None) -> None:
        self._now_s = now_s
        self._lock = Lock()
        self._events: dict[RunId, list[StoredEvent]] = {}
        self._values: dict[tuple[RunId, ValueRef], bytes] = {}
        self._blobs: dict[ValueRef, bytes] = {}
        self._heads: dict[RunId, RunHead] = {}
        self._keys: dict[str, RunId] = {}
        self._leases: dict[RunId, Holding] = {}
        self._inboxes: dict[RunId, dict[str, Message]] = {}
        self._posted: set[tuple[RunId, str]] = set()
        self.subjects = MemoryKeys(self._lock, self._check_open, partial(_holds, self._events))
        self._log: list[tuple[RunId, StoredEvent]] = []
        self._frontier = Frontier()
        self._levels: dict[int, bytearray] = {}
        self._statistics = StoreStatistics()
        self._scratch: MemoryDatabase | None = None
        self._closed = False

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        """Append a batch; see `Store.write`."""
        parts = by_run(records)
        with self._lock:
            self._check_open()
            fenced = frozenset(part.run for part in parts.values() if self._is_fenced(part))
            kept = [part for part in parts.values() if part.run not in fenced]
            for part in kept:
                self._check_next(part)
            for part in kept:
                self._check_taken(part)
            keys = keys_changed(
                [part.head for part in kept if part.head is not None],
                key_of=partial(_key_of, self._heads),
                holder_of=self._keys.get,
            )
            if kept:
                self._apply(kept, keys)
        return fenced

    def transact(
        self, run: RunId, epoch: int, work: Callable[[Database], Sequence[Record]]
    ) -> bool:
        """Run a transaction of an action over a database in memory; see `Store.transact`."""
        with self._lock:
            self._check_open()
            held = self._leases.get(run)
            if held is not None and held.epoch > epoch:
                return False
            if self._scratch is None:
                from interlock.store.sqlite import MemoryDatabase

                self._scratch = MemoryDatabase(self._now_s)
            with self._scratch.transaction() as database:
                parts = by_run(work(database))
                for part in parts.values():
                    self._check_next(part)
            self._apply(list(parts.values()), {})
        return True

    def erase(self, erasure: Erasure) -> frozenset[ValueRef] | None:
        """Destroy parts of events; see `Store.erase`."""
        run = erasure.record.run
        (part,) = by_run([erasure.record]).values()
        with self._lock:
            self._check_open()
            if self._is_fenced(part) or _is_newer(_holds(self._events), erasure.holds_seen):
                return None
            self._check_next(part)
            self._check_taken(part)
            heads = [] if part.head is None else [part.head]
            keys = keys_changed(
                heads, key_of=partial(_key_of, self._heads), holder_of=self._keys.get
            )
            self._events[run] = events = _rewritten(self._events.get(run, ()), erasure)
            for event in events:
                self._log[event.leaf_index] = (run, event)
            for ref in erasure.refs:
                self._values.pop((run, ref), None)
            named = _named(erasure.refs, self._log)
            for ref in set(erasure.refs) - named:
                self._blobs.pop(ref, None)
            self._apply([part], keys)
            return frozenset(named)

    def prune(self, pruning: Pruning) -> bool:
        """Destroy what is stored of runs; see `Store.prune`."""
        (part,) = by_run([pruning.record]).values()
        with self._lock:
            self._check_open()
            self._check_next(part)
            for each in pruning.runs:
                head, held = self._heads.get(each.run), self._leases.get(each.run)
                if not _is_as_seen(each, head, held, events=self._events.get(each.run, ())):
                    return False
            left = {each.run: _pruned(self._events[each.run], each) for each in pruning.runs}
            for each in pruning.runs:
                self._events[each.run] = left[each.run]
                for event in left[each.run]:
                    self._log[event.leaf_index] = (each.run, event)
                held = self._leases[each.run]
                self._leases[each.run] = replace(held, owner=None)
                self._inboxes.pop(each.run, None)
                self._heads |= {} if each.head is None else {each.run: each.head}
            for run, ref in [place for place in self._values if place[0] in left]:
                del self._values[run, ref]
            self._apply([part], {})
            return True

    def drop_shared(self, refs: Collection[ValueRef], *, size: int) -> int:
        """Destroy shared values that nothing names; see `Store.drop_shared`."""
        with self._lock:
            self._check_open()
            left = unnamed(refs, (event.body for _, event in self._log[max(0, size) :]))
            there = left & self._blobs.keys()
            for ref in there:
                del self._blobs[ref]
            return len(there)

    def scrub(self) -> bool:
        """Do nothing: nothing is left behind; see `Store.scrub`."""
        with self._lock:
            self._check_open()
            return True

    def read(
        self, run: RunId, *, after: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[StoredEvent]:
        """Return a page of events; see `Store.read`."""
        with self._lock:
            self._check_open()
            start = max(0, after)
            return self._events.get(run, [])[start : start + max(0, limit)]

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        """Return values by reference; see `Store.values`."""
        found: dict[ValueRef, bytes] = {}
        with self._lock:
            self._check_open()
            for ref in refs:
                data = self._values.get((run, ref))
                data = self._blobs.get(ref) if data is None else data
                if data is not None:
                    found[ref] = data
        for ref, data in found.items():
            check_value(run, ref, data)
        return found

    def head(self, run: RunId) -> RunHead | None:
        """Return the head of a run; see `Store.head`."""
        with self._lock:
            self._check_open()
            return self._heads.get(run)

    def heads(
        self,
        *,
        statuses: Collection[RunStatus] | None = None,
        key: str | None = None,
        before: RunId | None = None,
        limit: int = HEADS_READ_DEFAULT,
    ) -> list[RunHead]:
        """List heads, newest first; see `Store.heads`."""
        with self._lock:
            self._check_open()
            matching = (
                head
                for head in self._heads.values()
                if (statuses is None or head.status in statuses)
                and (key is None or head.key == key)
                and (before is None or head.run < before)
            )
            return nlargest(limit, matching, key=lambda head: head.run)

    def lease(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        """Acquire, renew or take over a lease; see `Store.lease`."""
        check_run_id(run)
        with self._lock:
            self._check_open()
            return self._grant(run, owner, now_ms=now_ms, life_ms=life_ms)

    def lease_many(
        self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
    ) -> list[Lease]:
        """Acquire or renew many leases; see `Store.lease_many`."""
        for run in runs:
            check_run_id(run)
        granted: list[Lease] = []
        with self._lock:
            self._check_open()
            for run in runs:
                with suppress(LeaseHeld):
                    granted.append(self._grant(run, owner, now_ms=now_ms, life_ms=life_ms))
        return granted

    def release(
        self, lease: Lease, *, head: RunHead | None = None, taken: Collection[str] = ()
    ) -> bool:
        """Let go of a lease; see `Store.release`."""
        with self._lock:
            self._check_open()
            held = self._leases.get(lease.run)
            if held is None or (held.owner, held.epoch) != (lease.owner, lease.epoch):
                return True
            if head is not None and self._inboxes.get(lease.run, {}).keys() - set(taken):
                return False
            self._leases[lease.run] = replace(held, owner=None)
            _take(self._inboxes.get(lease.run, {}), taken)
            if head is not None:
                self._heads[lease.run] = head
            return True

    def post(self, message: Message) -> bool:
        """Put a message into an inbox; see `Store.post`."""
        check_message(message)
        run = message.run
        with self._lock:
            self._check_open()
            if (run, message.id) in self._posted:
                return False
            inbox = self._inboxes.get(run, {})
            check_room(run, is_there=run in self._heads, messages=len(inbox))
            self._posted.add((run, message.id))
            self._inboxes[run] = inbox
            inbox[message.id] = replace(message, number=len(self._posted))
            return True

    def inbox(
        self, *, run: RunId | None = None, after: int = 0, limit: int = MESSAGES_READ_DEFAULT
    ) -> list[Message]:
        """Return messages that nobody has taken; see `Store.inbox`."""
        with self._lock:
            self._check_open()
            inboxes = self._inboxes.values() if run is None else [self._inboxes.get(run, {})]
            found = (each for inbox in inboxes for each in inbox.values() if each.number > after)
            return nsmallest(limit, found, key=lambda each: each.number)

    def ready(
        self, *, now_ms: int, limit: int = HEADS_READ_DEFAULT, by_age: bool = False
    ) -> list[RunHead]:
        """List runs that need an owner; see `Store.ready`."""
        with self._lock:
            self._check_open()
            found = (
                head
                for run, head in self._heads.items()
                if _is_ready(
                    head, self._leases.get(run), mail=bool(self._inboxes.get(run)), now_ms=now_ms
                )
            )
            return nsmallest(limit, found, key=turn_by_age if by_age else turn)

    def log_size(self) -> int:
        """Return how many leaves the log has; see `Store.log_size`."""
        with self._lock:
            self._check_open()
            return len(self._log)

    def log_edge(self) -> tuple[int, bytes]:
        """Return the size of the log and its peaks; see `ReadStore.log_edge`."""
        with self._lock:
            self._check_open()
            return self._frontier.size, self._frontier.to_bytes()

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile; see `Store.tile`."""
        with self._lock:
            self._check_open()
            start = index * TILE_BYTES
            return bytes(self._levels.get(level, b"")[start : start + TILE_BYTES])

    def leaves(
        self, *, first: int = 0, limit: int = EVENTS_READ_DEFAULT
    ) -> list[tuple[RunId, StoredEvent]]:
        """Return events in the order of the log; see `Store.leaves`."""
        with self._lock:
            self._check_open()
            start = max(0, first)
            return self._log[start : start + max(0, limit)]

    def close(self) -> None:
        """Close the store: its bytes are gone."""
        with self._lock:
            self._closed = True

    def statistics(self) -> StoreStatistics:
        """Return a snapshot of the counters."""
        with self._lock:
            return self._statistics

    def _grant(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
        events = self._events.get(run)
        lease = grant(
            run,
            owner,
            held=self._leases.get(run),
            epoch_seen=events[-1].epoch if events else 0,
            owner_died=False,
            now_ms=now_ms,
            life_ms=life_ms,
        )
        self._leases[run] = Holding(owner=owner, epoch=lease.epoch, expires_ms=lease.expires_ms)
        return lease

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the store is closed", hint="open it again with `open_store`")

    def _is_fenced(self, part: RunPart) -> bool:
        held = self._leases.get(part.run)
        return held is not None and held.epoch > part.epoch

    def _check_next(self, part: RunPart) -> None:
        expected = len(self._events.get(part.run, ())) + 1
        if part.first != expected:
            raise out_of_order(part.run, got=part.first, expected=expected)

    def _check_taken(self, part: RunPart) -> None:
        left = set(self._inboxes.get(part.run, ()))
        for message in part.taken:
            if message not in left:
                raise not_in_inbox(part.run, message)
            left.remove(message)

    def _apply(self, parts: list[RunPart], keys: dict[str, RunId | None]) -> None:
        self._grow(parts)
        for part in parts:
            for record in part.records:
                for value in record.values:
                    if value.shared or len(value.data) > INLINE_BYTES_MAX:
                        self._blobs.setdefault(value.ref, value.data)
                    else:
                        self._values.setdefault((part.run, value.ref), value.data)
            _take(self._inboxes.get(part.run, {}), part.taken)
            if part.head is not None:
                self._heads[part.run] = part.head
            if part.lease is not None:
                self._leases[part.run] = Holding(
                    owner=part.lease.owner, epoch=part.epoch, expires_ms=part.lease.expires_ms
                )
        for key, holder in keys.items():
            if holder is None:
                self._keys.pop(key, None)
            else:
                self._keys[key] = holder
        self._statistics = counted(self._statistics, parts)

    def _grow(self, parts: list[RunPart]) -> None:
        """Append the events to their runs and to the log."""
        hashes: list[bytes] = []
        for part in parts:
            events = self._events.setdefault(part.run, [])
            for record in part.records:
                event = _stored_event(
                    seq=record.seq,
                    epoch=record.epoch,
                    body=record.body,
                    leaf_index=len(self._log),
                    salts=record.salts,
                )
                events.append(event)
                self._log.append((part.run, event))
                hashes.append(leaf_hash(record.leaf))
        new = grown(self._frontier, hashes)
        self._frontier = new.frontier
        self._levels.setdefault(0, bytearray()).extend(new.hashes)
        for root in new.roots:
            self._levels.setdefault(root.level, bytearray()).extend(root.hash)


def _key_of(heads: Mapping[RunId, RunHead], run: RunId) -> str | None:
    head = heads.get(run)
    return None if head is None else head.key


def _take(inbox: dict[str, Message], messages: Iterable[str]) -> None:
    for message in messages:
        inbox.pop(message, None)


def _is_ready(head: RunHead, held: Holding | None, *, mail: bool, now_ms: int) -> bool:
    owned_until_ms = held.expires_ms if held is not None and held.owner is not None else None
    if owned_until_ms is not None and owned_until_ms > now_ms:
        return False
    if mail:
        return True
    if owned_until_ms is not None:
        return head.status not in ENDED
    is_due = head.wake_ms is not None and head.wake_ms <= now_ms
    return is_due or head.status in ("queued", "running")


def _holds(events: Mapping[RunId, Sequence[StoredEvent]]) -> int:
    return len(events.get(STORE_JOURNAL, ()))


def _is_newer(found: int, seen: int | None) -> bool:
    return seen is not None and found > seen


def _is_as_seen(
    pruned: PrunedRun, head: RunHead | None, held: Holding | None, *, events: Sequence[StoredEvent]
) -> bool:
    if head is None or head.status not in ENDED or held is None or held.owner is None:
        return False
    return (len(events), held.epoch) == (pruned.last, pruned.epoch)


def _pruned(found: Sequence[StoredEvent], pruned: PrunedRun) -> list[StoredEvent]:
    events = _replaced(pruned.run, found, pruned.kept)
    for seq in pruned.emptied:
        events[seq - 1] = replace(events[seq - 1], body=b"", salts=b"", erased=b"")
    return events


def _replaced(
    run: RunId, found: Sequence[StoredEvent], rewritten: Iterable[Rewritten]
) -> list[StoredEvent]:
    events = list(found)
    for event in rewritten:
        before = check_kept(run, events[event.seq - 1 : event.seq], event)
        after = replace(before, body=event.body, salts=event.salts, erased=event.erased)
        events[event.seq - 1] = after
    return events


def _rewritten(found: Sequence[StoredEvent], erasure: Erasure) -> list[StoredEvent]:
    events = _replaced(erasure.record.run, found, erasure.events)
    check_unnamed(erasure, (event.body for event in events))
    return events


def _named(refs: Iterable[ValueRef], log: Sequence[tuple[RunId, StoredEvent]]) -> set[ValueRef]:
    return {ref for ref in refs if any(ref.encode() in event.body for _, event in log)}
