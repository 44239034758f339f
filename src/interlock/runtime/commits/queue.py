"""The commit queue: one a process, first in first out.

So "my intent is durable" implies that its causes are, across runs.

Records of all runs gather here and are written in groups. A group goes out at once when somebody
waits for it, else within `AHEAD_MS_MAX`, or when `GROUP_EVENTS_MIN` events have gathered. One group
is in flight at a time; while the disk is busy the next one grows, which is all that group commit
takes. Short runs that end together would all wait for one group, and the processor with them: so a
group that is large enough goes out in the middle of a turn of the loop.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import TypeAlias

from interlock.errors import StoreError
from interlock.journal import Record
from interlock.runtime.commits.sealing import Draft
from interlock.runtime.commits.thread import CommitThread
from interlock.runtime.commits.writing import Group, Refusal, Work, Written, failed, write_group
from interlock.store import Store
from interlock.values import RunId

AHEAD_MS_MAX = 10
AHEAD_EVENTS_MAX = 1_024
GROUP_EVENTS_MIN = 256
"""A group of so many waits for no more: they take some 15 ms to make, 4 ms to write."""

GROUP_EVENTS_MAX = 8_192
"""A group at most: bounds the memory and the time of one commit."""

Position: TypeAlias = int
Callback: TypeAlias = Callable[[], None]


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
        is_at_once = getattr(store, "at_once", False)
        self._thread = None if is_at_once else CommitThread(store, self._written)
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
        if len(self._gathered) >= GROUP_EVENTS_MIN:
            if self._thread is None:
                self._write_soon()
            else:
                self._write()
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
        self._in_flight = True
        try:
            group = self._next_group()
        except Exception as error:  # noqa: BLE001 - nothing that follows may be written either
            self._loop.call_soon(self._written, Written({}, failed(error)))
            return
        del self._gathered[: len(group) if isinstance(group, list) else 1]
        if self._thread is None:
            self._written(write_group(self._store, group))
        else:
            self._thread.write(group)

    def _next_group(self) -> Group:
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

    def _written(self, written: Written) -> None:
        refused, failure = written
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
        if self._wanted > self._durable or len(self._gathered) >= GROUP_EVENTS_MIN:
            self._write_soon()
        elif self._gathered and self._timer is None:
            self._timer = self._loop.call_later(AHEAD_MS_MAX / 1000, self._write_soon)

    def close(self) -> None:
        """Stop the thread, after the group in flight."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.close()
