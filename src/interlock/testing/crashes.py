"""Processes that die when told to, one after the other, over one store and one world.

A crash point is a place of one course of events: before or after the n-th write of the store, or
the n-th moment of an action. A test enumerates them all: it lets a run end undisturbed, counts its
writes and moments, and then lets a process die at each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, TypeAlias, final

from interlock.actions import Registry
from interlock.errors import StoreError
from interlock.runtime import Clock, Ids, RunResult, Runtime
from interlock.store import Store
from interlock.testing.faults import Fault, FaultyStore
from interlock.testing.world import Moment, Watcher

MOURNING_S = 61.0
"""Longer than a lease lives: a store in memory cannot know that its owner has died."""

Order: TypeAlias = Callable[[Runtime], Awaitable[RunResult]]
"""What a process does: start a run, resume it, resolve a node of it."""


class Stage(Protocol):
    """Actions, and who watches the moments of their calls: a `World`, for one."""

    watch: Watcher | None

    @property
    def registry(self) -> Registry:
        """The actions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """Where a process dies; numbers count from 1 in the life of that process.

    Attributes:
        at: `moment` is that of an action, in the order in which they come to pass. At `fenced`
            the process does not die: before that write another owner takes its runs over.
    """

    at: Literal["before_write", "after_write", "moment", "fenced"]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What became of a process.

    Attributes:
        result: what its order returned; None when it died.
        writes: how often it wrote to the store.
        moments: how many moments its actions had.
        went_on: whether it appended events after it had lost its leases.
    """

    result: RunResult | None
    writes: int
    moments: int
    went_on: bool = False


@final
class Lives:
    """Processes, one at a time, over one store and one world, in a `VirtualLoop`.

    Nothing of a dead process reaches the store or the world any more. After a death virtual time
    passes until its leases have expired.

    Args:
        store: what survives.
        world: what acts; its `watch` is called as before, in all processes.
        clock: goes on from one process to the next.
        ids: the same for all, so that owners differ.
        mourning_s: how long nobody lives after a death. When it is shorter than a lease, the next
            process knows that the one before is dead, as it does with a file.
    """

    def __init__(
        self, store: Store, world: Stage, *, clock: Clock, ids: Ids, mourning_s: float = MOURNING_S
    ) -> None:
        self.store = store
        self.world = world
        self._mourning_s = mourning_s
        self._clock = clock
        self._ids = ids
        self._watch = world.watch

    async def live(self, order: Order, *, crash: CrashPoint | None = None) -> Life:
        """Let a process carry out an order; it dies at its crash point, if it gets there.

        Raises:
            Exception: whatever the order raises while the process is alive.
        """
        inherits = self._mourning_s < MOURNING_S
        mortal = FaultyStore(self.store, _faults(crash), inherits=inherits)
        life = _Life(mortal, crash)
        self.world.watch = partial(self._pass, life)
        async with Runtime(
            mortal, self.world.registry, clock=self._clock, ids=self._ids
        ) as runtime:
            work = asyncio.ensure_future(order(runtime))
            await asyncio.wait({work, life.died}, return_when=asyncio.FIRST_COMPLETED)
            result = await _outcome(work, life)
        self.world.watch = self._watch
        if result is None:
            await asyncio.sleep(self._mourning_s)
        return Life(
            result=result, writes=mortal.writes, moments=life.moments, went_on=mortal.went_on
        )

    async def _pass(self, life: "_Life", moment: Moment) -> None:
        await life.survive()
        if self._watch is not None:
            await self._watch(moment)


class _Life:
    """One process, while it lives."""

    def __init__(self, store: FaultyStore, crash: CrashPoint | None) -> None:
        self.store = store
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.moments = 0
        self._dies_at = crash.number if crash is not None and crash.at == "moment" else 0

    async def survive(self) -> None:
        """Pass a moment; never return from the one where the process dies, nor from a later one."""
        if not self.died.done():
            self.moments += 1
            if self.moments == self._dies_at:
                self.store.stop()
                self.died.set_result(None)
        if self.died.done():
            await asyncio.get_running_loop().create_future()


def _faults(crash: CrashPoint | None) -> list[Fault]:
    if crash is None or crash.at == "moment":
        return []
    return [Fault(write_no=crash.number, moment=MOMENTS[crash.at])]


MOMENTS: Mapping[str, Literal["before", "after", "fenced"]] = {
    "before_write": "before",
    "after_write": "after",
    "fenced": "fenced",
}


async def _outcome(work: "asyncio.Future[RunResult]", life: _Life) -> RunResult | None:
    if not work.done():
        work.cancel()
        with suppress(asyncio.CancelledError, StoreError):
            await work
        return None
    try:
        result = work.result()
    except StoreError:
        if life.store.is_stopped or life.store.is_fenced:
            return None
        raise
    # What the dead say in the moment of their death nobody hears.
    return None if life.store.is_stopped else result


def every_crash_point(life: Life) -> Iterator[CrashPoint]:
    """List the crash points of a process that lived to its end."""
    for number in range(1, life.writes + 1):
        point = CrashPoint(at="before_write", number=number)
        yield point
        yield replace(point, at="after_write")
    for number in range(1, life.moments + 1):
        yield CrashPoint(at="moment", number=number)
