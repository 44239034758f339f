"""The thread that writes: one group at a time, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import final

from interlock.runtime.commits.writing import Group, Written, write_group
from interlock.store import Store

BEGIN_MS_MAX = 1
"""How long the loop waits for the thread to begin; it takes 0.1 ms when the machine is not busy."""


@final
class CommitThread:
    """Writes groups of an event loop, and tells the loop what came of each.

    Args:
        store: what is written to.
        landed: called in the loop with what came of a group.
    """

    def __init__(self, store: Store, landed: Callable[[Written], None]) -> None:
        self._store = store
        self._landed = landed
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="interlock-commit")
        self._begun = Event()

    def write(self, group: Group) -> None:
        """Begin to write.

        A thread needs the GIL to begin, and has to wait for it while the loop computes: 5 ms, or
        until the loop has nothing to do. So the loop stands aside until it has begun; SQLite works
        without the GIL.
        """
        self._begun.clear()
        self._executor.submit(self._work, group)
        self._begun.wait(BEGIN_MS_MAX / 1000)

    def close(self) -> None:
        """Stop, after the group in flight."""
        self._executor.shutdown(wait=True)

    def _work(self, group: Group) -> None:
        self._begun.set()
        written = write_group(self._store, group)
        try:
            self._loop.call_soon_threadsafe(self._landed, written)
        except RuntimeError:
            # The loop was closed while the disk was busy: nobody is left to tell.
            self._executor.shutdown(wait=False)
