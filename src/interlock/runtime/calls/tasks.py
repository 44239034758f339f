"""The tasks in which the calls of one run are made.

Most calls that run ahead end without waiting for anything: then a task of its own and two timers
are most of what a call costs. So a task takes the first step of a call and sets a timer only
when the call has to wait; when it ends at once, the task makes the next one too. What is due
while a call waits is made by other tasks.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from types import CoroutineType
from typing import Any, TypeAlias, cast, final

from interlock.actions import AnyAction
from interlock.engine import CancelAttempt, Probe, StartAttempt
from interlock.errors import InternalError
from interlock.journal import Event
from interlock.runtime.calls.execution import cancelled, given_up
from interlock.values import Path

Call: TypeAlias = StartAttempt | Probe
Make: TypeAlias = "Callable[[AnyAction, Call], Event | CoroutineType[Any, Any, Event]]"
"""Makes a call, as far as it goes without waiting."""

GIVE_UP_MS = 1_000
"""An async action that goes on this long after its cancellation is given up on, as a thread is."""

TURN_S_MAX = 0.001
"""After this long without waiting, a task lets the rest of the process have its turn."""


def _ignore(*_: object) -> None:
    """Take a report about a run that is over."""


def _make_nothing(_: AnyAction, call: Call) -> Event:
    raise InternalError(f"`{call.path}` is called by a run that is over")


@final
class Calls:
    """Makes calls and reports what came of them.

    `ended` is called when a task has left, with the error that it could not report.
    """

    def __init__(
        self,
        make: Make,
        report: Callable[[Call, Event], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        self._make = make
        self._report = report
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._due: deque[tuple[AnyAction, Call]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[Path, asyncio.Task[None]] = {}
        self._unwanted: dict[Path, CancelAttempt] = {}
        self._looking = 0
        """How many tasks will look for what is due before they wait for anything."""

    @property
    def busy(self) -> bool:
        """Whether calls are under way, or a task has not left yet."""
        return bool(self._tasks)

    def add(self, action: AnyAction, call: Call) -> None:
        """Make a call as soon as the loop comes to it."""
        self._due.append((action, call))
        if not self._looking:
            self._hire()

    def cancel_call(self, order: CancelAttempt) -> StartAttempt | None:
        """Cancel one call that is under way; what it says to that is reported, as ever.

        Returns:
            The attempt when it was due and has not begun: it never will, and reports nothing.
        """
        for due in self._due:
            call = due[1]
            if isinstance(call, StartAttempt) and call.path == order.path:
                self._due.remove(due)
                return call
        task = self._waiting.get(order.path)
        if task is not None:
            self._unwanted[order.path] = order
            task.cancel()
        return None

    def cancel(self) -> None:
        """Cancel what is under way, and forget what is due."""
        self._due.clear()
        for task in self._tasks:
            task.cancel()

    def part(self) -> None:
        """Report to nobody any more, so that the run can be freed; whatever works on is forgotten.

        A run and its tasks know each other. What is in such a circle stays until the collector of
        garbage has looked through all the process holds: with many short runs, a tenth of the time.
        """
        self._due.clear()
        self._make, self._report, self._ended = _make_nothing, _ignore, _ignore

    async def stop(self) -> None:
        """Cancel what is under way and wait for it, but no longer than `GIVE_UP_MS`."""
        self.cancel()
        if self._tasks:
            _, deaf = await asyncio.wait(self._tasks, timeout=GIVE_UP_MS / 1000)
            for task in deaf:
                self._forget(task)

    def _hire(self) -> None:
        self._looking += 1
        # Each task begins in the context of whoever started the run.
        task = self._loop.create_task(self._work(), context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._leave)

    def _leave(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        known = task in self._tasks
        self._tasks.discard(task)
        self._ended(error if known else None)

    async def _work(self) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        turn_ends = self._loop.time() + TURN_S_MAX
        try:
            while self._due and self._is_as_new(task):
                action, call = self._due.popleft()
                made = self._make(action, call)
                if isinstance(made, CoroutineType):
                    await self._see_through(task, call, made)
                else:
                    self._report(call, made)
                if self._loop.time() >= turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = self._loop.time() + TURN_S_MAX
        finally:
            self._looking -= 1
            if self._due and not self._looking:
                self._hire()

    def _is_as_new(self, task: "asyncio.Task[None]") -> bool:
        """Whether no call has left a trace in this task that the next one could see."""
        return task in self._tasks and not task.cancelling() and copy_context() == self._context

    async def _see_through(
        self, task: "asyncio.Task[None]", call: Call, begun: Awaitable[Event]
    ) -> None:
        """Wait for a call that did not end at once, and report it."""
        patience_s = (call.node.timeout_ms + GIVE_UP_MS) / 1000
        deadline = self._loop.call_later(patience_s, self._give_up, task, call)
        if isinstance(call, StartAttempt):
            self._waiting[call.path] = task
        try:
            event = await self._wait(begun)
        except asyncio.CancelledError:
            order = self._unwanted.pop(call.path, None)
            if order is None or not isinstance(call, StartAttempt):
                raise
            task.uncancel()
            event = cancelled(call, order.reason)
        finally:
            deadline.cancel()
            self._waiting.pop(call.path, None)
            self._unwanted.pop(call.path, None)
        if task in self._tasks:  # Else it was given up on: what it says now comes too late.
            self._report(call, event)

    async def _wait(self, begun: Awaitable[Event]) -> Event:
        self._looking -= 1
        for _ in range(len(self._due) - self._looking):
            self._hire()
        try:
            return await begun
        finally:
            self._looking += 1

    def _give_up(self, task: "asyncio.Task[None]", call: Call) -> None:
        """Go on without an action that has been cancelled and goes on all the same."""
        if task in self._tasks:
            self._forget(task)
            self._report(call, given_up(call))

    def _forget(self, task: "asyncio.Task[None]") -> None:
        """Wait for a task no more, here and, at the end of the loop, in `asyncio.run`."""
        self._tasks.discard(task)
        # Python documents this for loops of others; the flag is what its own `wait_for` uses.
        asyncio._unregister_task(task)  # noqa: SLF001
        task._log_destroy_pending = False  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue]
