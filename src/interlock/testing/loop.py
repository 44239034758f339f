"""An event loop whose time is virtual, with a clock and ids to go with it.

When nothing is ready, time jumps to the next timer: a retry ladder of six hours takes milliseconds
and always takes the same course. While a thread of `run_in_executor` is at work, time stands still
and the loop waits for it. Work that the loop cannot see (a thread of one's own) takes no virtual
time either; a loop with nothing to wait for raises `Stuck` instead of hanging.

Idea: trio's `MockClock`, which jumps when all tasks are blocked.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from hashlib import shake_128
from typing import Any, TypeVar, final

from interlock.errors import UsageError
from interlock.journal import OwnerId
from interlock.values import RunId, ulid

T = TypeVar("T")

EPOCH_MS = 1_767_225_600_000
"""Midnight, 1 January 2026 UTC: when virtual clocks start, unless told."""

PATIENCE_S = 5.0
"""Real time that a loop waits for threads before it says that it is stuck."""


class Stuck(UsageError):
    """Every task waits, and no timer, thread or socket will ever wake one."""


@final
class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never sleeps: its time jumps to the next timer.

    ```python
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    ```
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._threads_at_work = 0
        super().__init__(_JumpingSelector(self))
        # After half a year a nanosecond, asyncio's own, is less than a float can tell: the loop
        # would look for ever at a timer whose time has just come.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual time in seconds since the loop was made."""
        return self._now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Run a function in a thread; virtual time stands still until it is done."""
        self._threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: "asyncio.Future[Any]") -> None:
        self._threads_at_work -= 1

    def jump(self, timeout_s: float) -> None:
        """Let virtual time pass."""
        self._now_s += timeout_s

    @property
    def waits_for_threads(self) -> bool:
        """Whether a thread that this loop started has not come back."""
        return self._threads_at_work > 0


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that lets virtual time pass where another one would sleep."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; with nothing ready, jump."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and not self._loop.waits_for_threads:
            self._loop.jump(timeout)
            return ready
        ready = super().select(PATIENCE_S)
        if not ready:
            raise Stuck(
                f"nothing happened for {PATIENCE_S:g} s, and no timer is set",
                hint="a task awaits what nobody will ever set, or a thread is blocked",
            )
        return ready


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a new `VirtualLoop`."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


@final
class VirtualClock:
    """A wall clock that follows the time of the running loop.

    Outside of a loop, and between two loops, it stands still.
    """

    def __init__(self, start_ms: int = EPOCH_MS) -> None:
        self._base_ms = start_ms
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_ms = start_ms

    def now_ms(self) -> int:
        """Return the time now, in milliseconds since the epoch."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._last_ms
        if loop is not self._loop:
            self._loop, self._base_ms = loop, self._last_ms - round(loop.time() * 1000)
        self._last_ms = self._base_ms + round(loop.time() * 1000)
        return self._last_ms


@final
class CountingIds:
    """Ids that count from 1, so that a test knows them; they are as long as real ones."""

    def __init__(self) -> None:
        self._runs = 0
        self._owners = 0
        self._messages = 0
        self._chances = 0

    def run(self, now_ms: int) -> RunId:
        """Return the id of a new run; later runs have greater ids."""
        self._runs += 1
        return RunId(ulid(now_ms, self._runs.to_bytes(10, "big")))

    def owner(self) -> OwnerId:
        """Return the id of a new owner: `owner-1`, `owner-2` ..."""
        self._owners += 1
        return OwnerId(f"owner-{self._owners}")

    def message(self, now_ms: int) -> str:  # noqa: ARG002 - the message to a run of `Ids`
        """Return the id of a new message: `message-1`, `message-2` ..."""
        self._messages += 1
        return f"message-{self._messages}"

    def chance(self, size: int) -> bytes:
        """Return bytes that look random, the same in every test."""
        self._chances += 1
        return shake_128(b"chance %d" % self._chances).digest(size)
