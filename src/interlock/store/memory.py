"""A store in memory: for tests, notebooks and runs that need not survive the process."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from heapq import nlargest
from threading import Lock
from typing import final

from interlock.errors import UsageError
from interlock.journal import Lease, OwnerId, Record, RunHead, RunStatus, StoredEvent, StoredValue
from interlock.store.batch import RunPart, by_run, out_of_order
from interlock.store.leases import Holding, grant
from interlock.store.protocol import (
    EVENTS_READ_DEFAULT,
    HEADS_READ_DEFAULT,
    INLINE_BYTES_MAX,
    StoreStatistics,
)
from interlock.store.verdicts import check_value, key_taken
from interlock.values import RunId, ValueRef


@final
class MemoryStore:
    """A store whose bytes live as long as the object. Leases end by expiry or release only."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: dict[RunId, list[StoredEvent]] = {}
        self._values: dict[tuple[RunId, ValueRef], bytes] = {}
        self._blobs: dict[ValueRef, bytes] = {}
        self._heads: dict[RunId, RunHead] = {}
        self._keys: dict[str, RunId] = {}
        self._leases: dict[RunId, Holding] = {}
        self._statistics = StoreStatistics()
        self._closed = False

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        """Append a batch; see `Store.write`."""
        parts = by_run(records)
        with self._lock:
            self._check_open()
            fenced = frozenset(run for run, part in parts.items() if self._is_fenced(part))
            kept = [part for run, part in parts.items() if run not in fenced]
            for part in kept:
                expected = len(self._events.get(part.run, ())) + 1
                if part.first != expected:
                    raise out_of_order(part.run, part.first, expected)
            keys = self._keys_changed(kept)
            if kept:
                self._apply(kept, keys)
        return fenced

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
        with self._lock:
            self._check_open()
            held = self._leases.get(run)
            events = self._events.get(run)
            lease = grant(
                run,
                owner,
                held=held,
                epoch_seen=events[-1].epoch if events else 0,
                owner_died=False,
                now_ms=now_ms,
                life_ms=life_ms,
            )
            self._leases[run] = Holding(owner=owner, epoch=lease.epoch, expires_ms=lease.expires_ms)
            return lease

    def release(self, lease: Lease) -> None:
        """Let go of a lease; see `Store.release`."""
        with self._lock:
            self._check_open()
            held = self._leases.get(lease.run)
            if held is not None and (held.owner, held.epoch) == (lease.owner, lease.epoch):
                self._leases[lease.run] = replace(held, owner=None)

    def close(self) -> None:
        """Close the store: its bytes are gone."""
        with self._lock:
            self._closed = True

    def statistics(self) -> StoreStatistics:
        """Return a snapshot of the counters."""
        with self._lock:
            return self._statistics

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the store is closed", hint="open it again with `open_store`")

    def _is_fenced(self, part: RunPart) -> bool:
        held = self._leases.get(part.run)
        return held is not None and held.epoch > part.epoch

    def _keys_changed(self, parts: list[RunPart]) -> dict[str, RunId | None]:
        """Return what a batch changes about who has which key, or refuse the batch."""
        changed: dict[str, RunId | None] = {}
        for part in parts:
            if part.head is None:
                continue
            old = self._heads.get(part.run)
            if old is not None and old.key is not None:
                changed[old.key] = None
            key = part.head.key
            if key is not None:
                holder = changed[key] if key in changed else self._keys.get(key)
                if holder is not None and holder != part.run:
                    raise key_taken(key, holder, wanted_by=part.run)
                changed[key] = part.run
        return changed

    def _apply(self, parts: list[RunPart], keys: dict[str, RunId | None]) -> None:
        for key, holder in keys.items():
            if holder is None:
                self._keys.pop(key, None)
            else:
                self._keys[key] = holder
        events = values = size = 0
        for part in parts:
            stored = self._events.setdefault(part.run, [])
            for record in part.records:
                stored.append(
                    StoredEvent(seq=record.seq, epoch=record.epoch, body=bytes(record.body))
                )
                events += 1
                size += len(record.body)
                for value in record.values:
                    self._keep(part.run, value)
                    values += 1
                    size += len(value.data)
            if part.head is not None:
                self._heads[part.run] = part.head
        was = self._statistics
        self._statistics = StoreStatistics(
            commits=was.commits + 1,
            events=was.events + events,
            values=was.values + values,
            bytes=was.bytes + size,
        )

    def _keep(self, run: RunId, value: StoredValue) -> None:
        if value.shared or len(value.data) > INLINE_BYTES_MAX:
            self._blobs.setdefault(value.ref, bytes(value.data))
        else:
            self._values.setdefault((run, value.ref), bytes(value.data))
