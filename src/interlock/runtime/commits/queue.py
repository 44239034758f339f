"""The commit queue: one a process, first in first out.

So "my intent is durable" implies that its causes are, across runs.

Records of all runs gather here and are written in groups. A group goes out at once when somebody
waits for it, else within `AHEAD_MS_MAX`, or when `AHEAD_EVENTS_MAX` events have gathered. One group
is in flight at a time; while the disk is busy the next one grows, which is all that group commit
takes.
"""

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Protocol, TypeAlias

from interlock.errors import KeyTaken, LeaseLost, StoreError, StoreFailed, UsageError
from interlock.journal import Record
from interlock.runtime.commits.sealing import Draft
from interlock.store import Store
from interlock.values import RunId

AHEAD_MS_MAX = 10
AHEAD_EVENTS_MAX = 1_024
GROUP_EVENTS_MAX = 8_192
"""A group at most: bounds the memory and the time of one commit."""

Refusal: TypeAlias = StoreError | UsageError
Position: TypeAlias = int
Callback: TypeAlias = Callable[[], None]


class Work(Protocol):
    """What writes by itself when its turn has come, in the place of a record."""

    @property
    def run(self) -> RunId:
        """The run that it is of."""
        ...

    def carry_out(self, store: Store) -> bool:
        """Write; False when the run has another owner."""
        ...


Handed: TypeAlias = Record | Draft | Work


class CommitQueue:
    """Groups records across the runs of a process and makes them durable in order.

    It belongs to one event loop. A store that says that its writes take no time (`at_once`) is
    written in the loop itself; any other in a thread of its own.
    """

    def __init__(
        self,
        store: Store,
        on_refused: Callable[[RunId, Refusal], None],
        on_failure: Callable[[StoreError], None],
    ) -> None:
        self._store = store
        self._on_refused = on_refused
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._thread: Executor | None = None
        if not getattr(store, "at_once", False):
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="interlock-commit")
        self._gathered: list[tuple[Position, Handed]] = []
        self._waiting: list[tuple[Position, int, Callback]] = []
        self._wanted: Position = 0
        self._calls = 0
        self._appended: Position = 0
        self._durable: Position = 0
        self._in_flight = False
        self._urgent = False
        self._timer: asyncio.TimerHandle | None = None
        self._failure: StoreError | None = None

    @property
    def appended(self) -> Position:
        """The position after the last record that was handed in."""
        return self._appended

    @property
    def durable(self) -> Position:
        """The position up to which everything is durable."""
        return self._durable

    @property
    def is_far_ahead(self) -> bool:
        """Whether more events are not durable yet than may run ahead."""
        return self._appended - self._durable >= AHEAD_EVENTS_MAX

    def append(self, record: Handed) -> Position:
        """Hand in a record, or work that writes by itself; it is durable within `AHEAD_MS_MAX`.

        Raises:
            StoreError: an earlier write failed: nothing is accepted any more.
        """
        if self._failure is not None:
            raise self._failure
        self._appended += 1
        self._gathered.append((self._appended, record))
        if len(self._gathered) >= AHEAD_EVENTS_MAX:
            self._write_soon()
        elif self._timer is None and not self._in_flight:
            self._timer = self._loop.call_later(AHEAD_MS_MAX / 1000, self._write_soon)
        return self._appended

    def when_durable(self, position: Position, callback: Callback, *, urgent: bool = True) -> None:
        """Call back once everything up to a position is durable.

        What is urgent is written as soon as the disk is free; the rest goes with its group.
        """
        if position <= self._durable:
            callback()
            return
        self._calls += 1
        heapq.heappush(self._waiting, (position, self._calls, callback))
        if urgent:
            self._wanted = max(self._wanted, position)
            self._write_soon()

    def _write_soon(self) -> None:
        """Write when the loop has handed in all it has in this turn."""
        if not self._urgent:
            self._urgent = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._urgent = False
        if self._in_flight or not self._gathered or self._failure is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            group = self._next_group()
        except Exception as error:  # noqa: BLE001 - nothing that follows may be written either
            self._written({}, _failed(error))
            return
        del self._gathered[: len(group) if isinstance(group, list) else 1]
        self._in_flight = True
        if self._thread is None:
            self._written(*_attempt(self._store, group))
        else:
            self._thread.submit(self._write_in_thread, self._thread, group)

    def _next_group(self) -> "list[Record] | Work":
        """What is written next: work by itself, or the records before it."""
        group: list[Record] = []
        for _, handed in self._gathered[:GROUP_EVENTS_MAX]:
            if isinstance(handed, Draft):
                group.append(handed.record())
            elif isinstance(handed, Record):
                group.append(handed)
            else:
                return group or handed
        return group

    def _write_in_thread(self, thread: Executor, group: "list[Record] | Work") -> None:
        written = _attempt(self._store, group)
        try:
            self._loop.call_soon_threadsafe(self._written, *written)
        except RuntimeError:
            # The loop was closed while the disk was busy: nobody is left to tell.
            thread.shutdown(wait=False)

    def _written(self, refused: dict[RunId, Refusal], failure: StoreError | None) -> None:
        self._in_flight = False
        if failure is not None:
            self._failure = failure
            self._on_failure(failure)
            return
        if refused:
            # What refused runs handed in meanwhile would leave a gap in their journals.
            self._gathered = [each for each in self._gathered if each[1].run not in refused]
        # Nothing is in flight: all is written but what is gathered.
        self._durable = self._gathered[0][0] - 1 if self._gathered else self._appended
        for run, error in refused.items():
            self._on_refused(run, error)
        while self._waiting and self._waiting[0][0] <= self._durable:
            heapq.heappop(self._waiting)[2]()
        if self._wanted > self._durable or len(self._gathered) >= AHEAD_EVENTS_MAX:
            self._write_soon()
        elif self._gathered and self._timer is None:
            self._timer = self._loop.call_later(AHEAD_MS_MAX / 1000, self._write_soon)

    def close(self) -> None:
        """Stop the thread, after the group in flight."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=True)


Written: TypeAlias = tuple[dict[RunId, Refusal], StoreError | None]
"""The runs that the store refused, with why; or the failure that ends this queue."""


def _attempt(store: Store, group: "list[Record] | Work") -> Written:
    try:
        if isinstance(group, list):
            return _write(store, group)
        return ({} if group.carry_out(store) else {group.run: _fenced(group.run)}), None
    except StoreError as error:
        return {}, error
    except Exception as error:  # noqa: BLE001 - a bug in a backend stops dispatch as a full disk does
        return {}, _failed(error)


def _failed(error: Exception) -> StoreFailed:
    return StoreFailed(f"the store failed: {type(error).__name__}: {error}")


def _write(store: Store, group: list[Record]) -> Written:
    try:
        return {run: _fenced(run) for run in store.write(group)}, None
    except (StoreError, UsageError) as error:
        if not _is_of_one_run(error):
            raise
    return _write_apart(store, group), None


def _write_apart(store: Store, group: list[Record]) -> dict[RunId, Refusal]:
    """Write a group run by run: what is wrong with one run must not stop the others."""
    parts: dict[RunId, list[Record]] = {}
    for record in group:
        parts.setdefault(record.run, []).append(record)
    refused: dict[RunId, Refusal] = {}
    for run, records in parts.items():
        try:
            refused |= {fenced: _fenced(fenced) for fenced in store.write(records)}
        except (StoreError, UsageError) as error:
            if not _is_of_one_run(error):
                raise
            refused[run] = error
    return refused


def _is_of_one_run(error: StoreError | UsageError) -> bool:
    """Whether the store refused a run and stays usable: its key, its id, its order of events."""
    return isinstance(error, KeyTaken | UsageError) or error.code == "IL7018"


def _fenced(run: RunId) -> LeaseLost:
    return LeaseLost(
        f"run {run} was taken over by another owner",
        hint="nothing of this owner was appended after that; `interlock show` tells its state",
    )
