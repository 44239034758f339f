"""A worker: drives what nobody drives, as long as there is room.

What is ready is in the store, so workers need not know each other: each looks there, and a lease
decides who has a run. Looking costs one question; it is asked when there is room, at once when a
run has ended, else every `POLL_MS`.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias, final, get_args

from interlock.errors import (
    JournalCorrupt,
    LeaseHeld,
    LeaseLost,
    LimitExceeded,
    RunNotFound,
    StoreError,
)
from interlock.journal import RunHead
from interlock.runtime.arguments import expect, expect_callable, expect_count, expect_one_of
from interlock.runtime.calls import Finished, begin
from interlock.runtime.driving import Observer
from interlock.runtime.owning import OnChange, sets_within
from interlock.runtime.results import RunResult
from interlock.runtime.runtime import Runtime
from interlock.values import RunId, immutable

RUNS_MAX = 100
"""Runs that a worker drives at a time, unless told."""

POLL_MS = 500
"""How often a worker looks for what is ready, while there is room."""

CONTENDED_MS = 20
"""How soon it looks again when other workers were faster with all that it found."""

OLDEST_EVERY = 10
"""Every so many looks the oldest of the queue comes first, whatever its priority."""

TOGETHER_MAX = 64
"""Runs that are taken up in one go, with one commit; what goes on waits meanwhile."""

SET_ASIDE_MAX = 1_000
"""Runs that a worker cannot drive; with more of them, something is wrong with the worker."""


@immutable()
class TakenUp:
    """A worker drives this run from now on."""

    head: RunHead


@immutable()
class LetGo:
    """A run has ended, or only waits: `result` says how it stands."""

    head: RunHead
    result: RunResult


@immutable()
class SetAside:
    """A worker cannot drive this run.

    It does not try again until somebody has changed the run.
    """

    head: RunHead
    error: Exception


Report: TypeAlias = TakenUp | LetGo | SetAside
Reporter: TypeAlias = Callable[[Report], None]


@final
class Worker:
    """Drives the runs of a store that need an owner.

    These are: runs that are queued, runs whose owner has died or has left them before they rested,
    runs whose time has come, and runs with decisions that nobody has taken.

    ```python
    async with Runtime(store, registry) as runtime:
        await Worker(runtime).work()
    ```

    Args:
        runtime: drives them; it has to be open.
        runs_max: how many at a time. More are taken up only as there is room.
        on_change: what to do when code has changed that a run has executed.
        report: told of each run that is taken up, let go, or set aside.
        observer: shown each committed event of each run.

    Raises:
        UsageError: `runs_max` is no number of runs.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        runs_max: int = RUNS_MAX,
        on_change: OnChange = "check",
        report: Reporter | None = None,
        observer: Observer | None = None,
    ) -> None:
        expect(runtime, Runtime, name="runtime", hint="give it a `Runtime` that is open")
        expect_count(runs_max, name="runs_max")
        expect_one_of(on_change, get_args(OnChange), name="on_change")
        expect_callable(report, name="report")
        expect_callable(observer, name="observer")
        self._runtime = runtime
        self._runs_max = runs_max
        self._on_change: OnChange = on_change
        self._report = report or _say_nothing
        self._observer = observer
        self._driving: dict[RunId, asyncio.Task[None]] = {}
        self._set_aside: dict[RunId, RunHead] = {}
        self._elsewhere: set[RunId] = set()
        self._looks = 0
        self._look_ms = POLL_MS
        self._changed = asyncio.Event()
        self._stopping = False
        self._failure: Exception | None = None

    def stop(self) -> None:
        """Take up nothing any more. What is driven goes on, unless `Runtime.drain` stops it."""
        self._stopping = True
        self._changed.set()

    async def work(self, *, until_idle: bool = False) -> None:
        """Drive what is ready, until it is stopped; or until nothing is ready, and nothing goes on.

        When it is cancelled, what it drives is abandoned and stays open.

        Raises:
            StoreError: the journal failed.
            LimitExceeded: there are too many runs that it cannot drive.
        """
        try:
            while self._failure is None and not self._is_done(until_idle=until_idle):
                await self._wait()
        finally:
            for task in self._driving.values():
                task.cancel()
            await asyncio.gather(*self._driving.values(), return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    def _is_done(self, *, until_idle: bool) -> bool:
        """Take up what there is room for; whether nothing is left to wait for."""
        self._changed.clear()
        found = [] if self._stopping else self._ready()
        if not found and until_idle and self._elsewhere:
            # Who had these a moment ago may have died since.
            self._elsewhere.clear()
            found = self._ready()
        self._take_up(found)
        return not found and not self._driving and (self._stopping or until_idle)

    def _take_up(self, found: list[RunHead]) -> None:
        """Drive those runs of which no other worker was faster to get the lease."""
        claimed = self._runtime.claim([head.run for head in found]) if found else ()
        for head in found:
            if head.run not in claimed:
                self._elsewhere.add(head.run)
                continue
            task = asyncio.create_task(self._drive(head))
            self._driving[head.run] = task
            task.add_done_callback(lambda _, run=head.run: self._ended(run))
        if len(found) == TOGETHER_MAX and claimed:
            self._changed.set()
        self._look_ms = CONTENDED_MS if found and not claimed else POLL_MS

    def _ready(self) -> list[RunHead]:
        """Look for runs to drive, as many as there is room for."""
        room = min(self._runs_max - len(self._driving), TOGETHER_MAX)
        if room == 0:
            return []
        self._looks += 1
        heads = self._runtime.store.ready(
            now_ms=self._runtime.clock.now_ms(),
            # What is not driven here stays in the list, and must not fill it.
            limit=room + len(self._driving) + len(self._set_aside) + len(self._elsewhere),
            by_age=self._looks % OLDEST_EVERY == 0,
        )
        return [head for head in heads if self._may_drive(head)][:room]

    def _may_drive(self, head: RunHead) -> bool:
        is_elsewhere = head.run in self._driving or head.run in self._elsewhere
        return not is_elsewhere and self._set_aside.get(head.run) != head

    async def _wait(self) -> None:
        """Wait until a run has ended, the worker is stopped, or it is time to look again."""
        has_room = len(self._driving) < self._runs_max and not self._stopping
        if has_room and not await sets_within(self._changed, self._look_ms / 1000):
            self._elsewhere.clear()
        elif not has_room:
            await self._changed.wait()

    def _ended(self, run: RunId) -> None:
        del self._driving[run]
        self._changed.set()

    async def _drive(self, head: RunHead) -> None:
        """Drive a run as far as it goes."""
        self._set_aside.pop(head.run, None)
        driving = self._runtime.resume(head.run, on_change=self._on_change, observer=self._observer)
        try:
            begun = begin(driving)
            self._report(TakenUp(head=head))
            result = begun.value if isinstance(begun, Finished) else await begun
            self._report(LetGo(head=head, result=result))
        except Exception as error:  # noqa: BLE001 - one run must not stop the others
            self._give_up(head, error)

    def _give_up(self, head: RunHead, error: Exception) -> None:
        """Leave a run to others, or for good; a journal that failed ends the worker."""
        if isinstance(error, LeaseHeld | LeaseLost | RunNotFound):
            self._elsewhere.add(head.run)
        elif isinstance(error, StoreError) and not isinstance(error, JournalCorrupt):
            self._failure = error
        else:
            self._report(SetAside(head=head, error=error))
            # As it stands now: somebody who changes it may have made it right.
            self._set_aside[head.run] = self._runtime.store.head(head.run) or head
        if len(self._set_aside) > SET_ASIDE_MAX:
            self._failure = LimitExceeded(
                f"more than {SET_ASIDE_MAX:,} runs of this journal cannot be driven here",
                hint="is this the app that they were started with? `interlock upgrade --check`"
                " says what has changed",
            )


def _say_nothing(_: Report) -> None:
    """Report to nobody."""
