"""Stores that tell what they were asked to write, and hold a write until they are let go."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from interlock.errors import InterlockError, StoreFailed
from interlock.journal import Record
from interlock.store import MemoryStore
from interlock.values import RunId


class WatchedStore:
    """A memory store that notes each write: when it was made, and of which records.

    `fails` says which exception a write raises, if any. `at_once` stores are written in the loop.
    """

    def __init__(
        self,
        *,
        at_once: bool = True,
        fails: Callable[[Sequence[Record]], Exception | None] | None = None,
    ) -> None:
        self.inner = MemoryStore()
        self.at_once = at_once
        self.writes: list[tuple[float, list[tuple[RunId, int]]]] = []
        self._fails = fails

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        now = asyncio.get_running_loop().time() if self.at_once else 0.0
        self.writes.append((now, [(record.run, record.seq) for record in records]))
        error = self._fails(records) if self._fails is not None else None
        if error is not None:
            raise error
        return self.inner.write(records)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def sizes(self) -> list[int]:
        return [len(records) for _, records in self.writes]


class HeldStore(WatchedStore):
    """A store whose writes wait, in their thread, until the test lets one go."""

    def __init__(self) -> None:
        super().__init__(at_once=False)
        self.begun = threading.Semaphore(0)
        self._let_go = threading.Semaphore(0)

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        self.begun.release()
        if not self._let_go.acquire(timeout=10):
            raise StoreFailed("nobody let the write go")
        return super().write(records)

    async def next_write(self) -> None:
        """Wait until a write has begun, and is held."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=10)

    def let_go(self, writes: int = 1) -> None:
        self._let_go.release(writes)


class Watcher:
    """What a commit queue told: who was refused, and what failed."""

    def __init__(self) -> None:
        self.refused: dict[RunId, InterlockError] = {}
        self.failed: list[InterlockError] = []

    def on_refused(self, run: RunId, error: InterlockError) -> None:
        self.refused[run] = error

    def on_failure(self, error: InterlockError) -> None:
        self.failed.append(error)
