"""The commit queue: one a process, first in first out.

So "my intent is durable" implies that its causes are, across runs.

Records of all runs gather here and are written in groups. A group goes out at once when somebody
waits for it, else within `AHEAD_MS_MAX`, or when `AHEAD_EVENTS_MAX` events have gathered. One group
is in flight at a time; while the disk is busy the next one grows, which is all that group commit
takes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeAlias

from interlock.errors import StoreError, StoreFailed
from interlock.journal import Record
from interlock.store import MemoryStore, Store
from interlock.values import RunId

AHEAD_MS_MAX = 10
AHEAD_EVENTS_MAX = 1_024

Position: TypeAlias = int
Callback: TypeAlias = Callable[[], None]


class CommitQueue:
    """Groups records across the runs of a process and makes them durable in order.

    It belongs to one event loop. A memory store is written in the loop itself; any other in a
    thread of its own.
    """

    def __init__(
        self,
        store: Store,
        on_fenced: Callable[[frozenset[RunId]], None],
        on_failure: Callable[[StoreError], None],
    ) -> None:
        self._store = store
        self._on_fenced = on_fenced
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._thread: Executor | None = None
        if not isinstance(store, MemoryStore):
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="interlock-commit")
        self._gathered: list[Record] = []
        self._waiting: deque[tuple[Position, Callback]] = deque()
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

    def append(self, record: Record) -> Position:
        """Hand in a record; it becomes durable within `AHEAD_MS_MAX`.

        Raises:
            StoreError: an earlier write failed: nothing is accepted any more.
        """
        if self._failure is not None:
            raise self._failure
        self._gathered.append(record)
        self._appended += 1
        if len(self._gathered) >= AHEAD_EVENTS_MAX:
            self._write_soon()
        elif self._timer is None and not self._in_flight:
            self._timer = self._loop.call_later(AHEAD_MS_MAX / 1000, self._write_soon)
        return self._appended

    def when_durable(self, position: Position, callback: Callback) -> None:
        """Call back once everything up to a position is durable, soon if it is not yet."""
        if position <= self._durable:
            callback()
            return
        self._waiting.append((position, callback))
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
        group, self._gathered = self._gathered, []
        self._in_flight = True
        if self._thread is None:
            self._written(group, *_attempt(self._store, group))
        else:
            self._thread.submit(self._write_in_thread, self._thread, group)

    def _write_in_thread(self, thread: Executor, group: list[Record]) -> None:
        fenced, failure = _attempt(self._store, group)
        try:
            self._loop.call_soon_threadsafe(self._written, group, fenced, failure)
        except RuntimeError:
            # The loop was closed while the disk was busy: nobody is left to tell.
            thread.shutdown(wait=False)

    def _written(
        self, group: list[Record], fenced: frozenset[RunId], failure: StoreError | None
    ) -> None:
        self._in_flight = False
        if failure is not None:
            self._failure = failure
            self._on_failure(failure)
            return
        self._durable += len(group)
        if fenced:
            self._on_fenced(fenced)
        while self._waiting and self._waiting[0][0] <= self._durable:
            self._waiting.popleft()[1]()
        if self._waiting or len(self._gathered) >= AHEAD_EVENTS_MAX:
            self._write_soon()
        elif self._gathered and self._timer is None:
            self._timer = self._loop.call_later(AHEAD_MS_MAX / 1000, self._write_soon)

    async def flush(self) -> None:
        """Wait until everything handed in so far is durable.

        Raises:
            StoreError: it could not be written.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        self.when_durable(self._appended, lambda: None if done.done() else done.set_result(None))
        if self._failure is not None:
            raise self._failure
        await done

    def close(self) -> None:
        """Stop the thread, after the group in flight."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=True)


def _attempt(store: Store, group: list[Record]) -> tuple[frozenset[RunId], StoreError | None]:
    try:
        return store.write(group), None
    except StoreError as error:
        return frozenset(), error
    except Exception as error:  # noqa: BLE001 - a bug in a backend must stop dispatch just as a full disk does
        return frozenset(), StoreFailed(f"the store failed: {type(error).__name__}: {error}")
